// SchedulerNode: rank 0, where the scheduler and the user's program live.
#pragma once

#include <unordered_set>

#include "client/graph_teller.hpp"
#include "client/link_share.hpp"
#include "client/pocket.hpp"
#include "client/values_here.hpp"
#include "coordination/state.hpp"
#include "node/host.hpp"
#include "node/keeper.hpp"
#include "node/node.hpp"
#include "node/silence.hpp"
#include "scheduler/departures.hpp"
#include "scheduler/state.hpp"
#include "seeing/inbox.hpp"
#include "worker/state.hpp"

namespace weir::detail::node {

struct SchedulerSettings {
  scheduler::Settings scheduling;
  Patience patience;
  PeerId own_peers =
      UINT32_MAX;  ///< Peers below are of this process's own job; further ones join and leave while it runs.
  std::size_t expected_workers =
      0;  ///< Ranks that will say hello; without them and without others there is nobody to wait for.
  std::chrono::milliseconds heartbeat{250};
  std::chrono::milliseconds patience_for_dead{10000};    ///< Silence after which a worker is taken for dead;
                                                         ///< the end of its process or connection is seen at
                                                         ///< once. Workers wait `workers_wait` times as long.
  std::chrono::milliseconds patience_for_stopped{1500};  ///< For one of this host that stays
                                                         ///< stopped, if WEIR_PATIENCE is not set.
  bool own_in_process = false;  ///< The own peers are threads of this process, which never die alone.
  std::chrono::milliseconds patience_for_busy{
      60000};  ///< The same for a process on this host that is there and has not been stopped.
  std::chrono::seconds join_deadline{30};  ///< For the expected workers to say hello.
  /// After which it is told that a task waits for another worker than those there are; where there is none,
  /// `join_deadline`.
  std::chrono::seconds patience_for_place{5};
  std::shared_ptr<seeing::Inbox> inbox;  ///< For what workers tell of their work; null: nobody wants it.
};

class WorkerNode;

/// Carries out what the scheduler decides, and is the client of the user's program.
class SchedulerNode final : public Node,
                            public client::Overseer,
                            public client::GraphTeller,
                            public client::ValuesHere {
 public:
  SchedulerNode(comm::Transport& transport, SchedulerSettings settings);
  ~SchedulerNode() override;

  void start();
  /// Waits for what was fired and forgotten, then tells the workers to leave. Returns whether all of them
  /// said good-bye, so that MPI may be finalized.
  bool leave(bool abort);
  /// Lets further processes join over `network` (empty: loopback, an interface, an address, "any"); the same
  /// door if there is one.
  comm::Door open_door(const std::string& network);
  /// The same for other programs that submit tasks: no workers are to come by it.
  comm::Door open_door_for_guests(const std::string& network);
  /// Nobody joins any more: what waits for a worker fails when the last one has gone.
  void close_door();
  /// Retires the workers of a job without waiting: they get nothing more, hand over their results and are let
  /// go, after `patience` in any case. Who joins from it later is let go at once: nothing is with it when the
  /// job is cancelled.
  void dismiss(const std::string& job, std::chrono::nanoseconds patience);
  /// All that have ever joined from the job of this name, also those that have left.
  [[nodiscard]] std::vector<PeerId> workers_of(const std::string& job);
  /// These workers were taken away, through no fault of what they executed.
  void forgive(const std::vector<PeerId>& workers);
  /// Whether these workers have left, or are leaving, in order: by themselves, or since they were asked to.
  [[nodiscard]] bool leave_in_order(const std::vector<PeerId>& workers);
  /// Workers may join, until it is withdrawn; an earlier one of the same giver is forgotten. Tasks that need
  /// others, and gangs that all together have no room for, are told of.
  void promise(scheduler::Promise promise);
  void withdraw(const void* by);
  /// Tasks that run or could, and that workers with these resources may run.
  [[nodiscard]] std::uint64_t work_for(const std::vector<Resource>& offer, bool takes_plain);
  /// Ends the helper thread.
  void stop() { stop_helper(); }
  /// Whether a worker of another host has been lost, perhaps with its whole node.
  [[nodiscard]] bool lost_other_host() const noexcept { return lost_other_host_; }

  // pockets.cpp
  client::FutureRef submit(client::Request&& request) override;
  bool wait(client::FutureState& state, client::Deadline deadline) override;
  void fetch(client::FutureState& state, client::Deadline deadline) override;
  void cancel(client::FutureState& state, const std::string& reason) override;
  [[nodiscard]] task::Value value_here(client::FutureState& state) override;
  [[nodiscard]] bool is_elsewhere(const client::FutureState& state) const override;
  void on_done(client::FutureState& state, std::function<void()> done, bool awaited) override;
  void see_through(const client::FutureRef& future) override;
  void release(client::FutureState* state) noexcept override;
  /// For a thread of a worker in this process.
  [[nodiscard]] client::Pocket& make_pocket();
  [[nodiscard]] bool has_pocketed() const noexcept;
  [[nodiscard]] std::size_t count_pocketed() const noexcept;
  /// The scheduler is told of what tasks of this depth and deeper ones have left in a pocket.
  void tell_from(client::Pocket& pocket, int depth);
  /// What a thread of this worker that has nothing to do runs of what waits in pockets, up to `most`, and the
  /// pocket; null: nothing.
  [[nodiscard]] client::Pocket* take_of_pockets(PeerId worker, std::size_t most, client::Hand& hand);
  /// The same of what tasks of the thread whose pocket this is have left over there; whether there was some.
  [[nodiscard]] bool take_left(client::Pocket& pocket, PeerId worker, std::size_t most, client::Hand& hand);
  /// Whether some that nobody holds wait or run outside of the scheduler's knowledge.
  [[nodiscard]] bool has_kept() const noexcept;
  /// The scheduler is told of a task, and of what it stands on.
  void tell(client::Pocketed& task);
  /// A thread will sleep until something is put into a pocket; it looks once more before it does.
  void note_sleeper() noexcept { has_sleeper_.store(true, std::memory_order_seq_cst); }
  /// The calling thread runs the program's body: what it submits may stay in a pocket too.
  void begin_body();
  void end_body();
  /// What came of a task that was run in place.
  void ended(client::Pocketed& task, task::Value&& value, std::uint64_t bytes, float duration_s,
             std::shared_ptr<const Failure>&& failure);

  // keeping.cpp
  std::vector<client::FutureRef> submit_gang(std::vector<client::Request>&& ranks,
                                             const client::GangShape& shape) override;
  [[nodiscard]] bool keeps_results() const noexcept override {
    return has_keeper_.load(std::memory_order_relaxed);
  }
  client::FutureRef submit_kept(client::Request&& request, client::KeptCall&& call) override;
  void seen(client::FutureState& state) override;
  void hand_out(client::FutureState& state) override;
  [[nodiscard]] journal::Key key_of(client::FutureState& state) override;
  [[nodiscard]] KeptFile keep_file(const journal::Key& key, const std::string& function, std::int64_t version,
                                   std::uint64_t bytes) override;
  void keep_results(const std::string& folder) override;

  client::Overseer& overseer(const char* who) override {
    require_open(who);
    return *this;
  }
  [[nodiscard]] Snapshot snapshot() override;
  /// The cluster as it is now, and how far each function's tasks are; waits for nobody. What is in pockets is
  /// told of if it is not much, else only counted.
  struct Picture {
    Snapshot snapshot;
    std::vector<seeing::Progress> progress;
  };
  [[nodiscard]] Picture picture();
  /// Single tasks and results, of which a bounded number is looked at; waits for nobody.
  [[nodiscard]] snapshot::SeenTasks closer_look();
  /// The same of one worker; and one task.
  [[nodiscard]] snapshot::SeenTasks look_at_worker(PeerId worker);
  [[nodiscard]] snapshot::TaskLook look_at_task(TaskId id);
  [[nodiscard]] std::vector<PeerId> who_has(TaskId id) override;
  [[nodiscard]] std::vector<std::string> explain(TaskId id) override;
  [[nodiscard]] snapshot::SeenTasks ancestry(const std::vector<TaskId>& ids, std::size_t most) override;
  [[nodiscard]] std::string task_name(TaskId id) override;
  void retire(PeerId worker, client::Deadline deadline) override;
  void restart() override;

  /// A worker in this process: who waits for a task may run it there.
  void add_here(std::weak_ptr<WorkerNode> worker) {
    here_.push_back(std::move(worker));
    set_gives_from(client::worth_giving_bytes);
  }

 protected:
  bool run_here(TaskId id) override;
  void before_waiting(const std::function<bool()>& ready) override;
  void look_for_stuck() override;
  std::chrono::nanoseconds nap() override;
  [[nodiscard]] TaskId on_behalf() const override;
  void after_waiting() noexcept override {
    if (is_body()) --body_waits_;
  }
  [[nodiscard]] PeerId self() const override { return 0; }
  void to_scheduler(protocol::SubmitTask&& message) override { on(0, std::move(message)); }
  void to_scheduler(const protocol::ReleaseTask& message) override { decide(0, message); }
  void to_scheduler(const protocol::CancelFuture& message) override { decide(0, message); }
  void to_scheduler(const protocol::RetryFuture& message) override { decide(0, message); }
  void to_scheduler(const protocol::LocateTask& message) override { decide(0, message); }
  void to_scheduler(const protocol::AwaitsDone&) override {}  // it asks itself
  void to_scheduler(protocol::Ask&& message) override { on(0, std::move(message)); }
  void to_scheduler(const protocol::Unask& message) override { on(0, protocol::Unask(message)); }
  void ask_for(PeerId holder, TaskId id, std::uint16_t run) override {
    post(holder, protocol::GetResult{id, true, protocol::ClientRequest::of(run)});
  }
  [[nodiscard]] task::Value result_here(PeerId holder, TaskId id) override;
  void put(TaskId id, task::Value value, const std::vector<PeerId>& workers) override;
  void submitted() override;
  void tick(Clock::time_point now, bool is_busy) override;
  void receive(PeerId from, comm::Frame&& frame) override;
  void lost(PeerId peer, const std::string& how) override { broken_links_.emplace_back(peer, how); }

 private:
  struct Peer {
    bool joined = false;
    bool dead = false;
    bool leaving = false;
    bool is_guest = false;
    bool awaits_done = false;        // it has callbacks that the end of the program waits for
    std::uint32_t threads_here = 0;  // of a worker that is another process of this host
    Silence silence;
    ProcessWatch watch;
    std::unique_ptr<BlackBox> black_box;
    std::vector<TaskId> executing;  // as of its last heartbeat
    std::string job, contact;
    std::vector<PeerId> looking;  // peers that want to know its contact
    std::optional<Clock::time_point> retire_by;
    bool waits_for_successor = false;  // rather than be let go with results that nobody has taken
  };

  template <class Message>
  void decide(PeerId from, Message&& message) {
    state_.handle(now_s_, from, std::forward<Message>(message), actions_);
    perform();
  }
  // One for each message of `protocol::ToScheduler`: without it nothing compiles. What the state machine
  // answers by itself needs none here.
  template <class Message>
  requires requires(scheduler::State& state, scheduler::Actions& out, Message&& message) {
    state.handle(0.0, PeerId{}, std::move(message), out);
  }
  void on(PeerId from, Message&& message) { decide(from, std::move(message)); }
  void on(PeerId from, protocol::SubmitTask&& message);
  void on(PeerId from, protocol::Ask&& message);
  void on(PeerId from, protocol::Unask&& message);
  void on(PeerId from, protocol::Hello&& message);
  void on(PeerId from, protocol::Heartbeat&& message);
  void on(PeerId from, protocol::Seen&& message) {
    if (settings_.inbox) settings_.inbox->put(from, std::move(message));
  }
  void on(PeerId from, protocol::AwaitsDone&& message) {
    peer(from).awaits_done = message.any;
    wake();
  }
  void on(PeerId from, protocol::Leaving&&) {
    peer(from).leaving = true;
    if (peer(from).is_guest && !peer(from).dead) lose_guest(from, "has left");
  }
  void on(PeerId from, protocol::RetireMe&& message);
  void on(PeerId from, protocol::FindPeer&& message) { tell_contact(from, message.peer); }
  void on(PeerId from, protocol::ContactHere&& message);
  void on(PeerId, protocol::ResultData&& message, task::Value&& value) {
    keep_value(message.id, value);
    futures_.on_value(message.id, value);
  }
  void on(PeerId from, protocol::SmallResult&& message) {
    const std::uint64_t bytes = message.packed.size();
    on(from, protocol::ResultData{message.id, bytes, message.request}, unpacked(message));
  }
  void on(PeerId from, protocol::ResultMissing&& message) {
    if (keeper_ && keeper_->awaits(message.id)) keeper_->give_up();
    on_missing(from, message);
  }
  void on(PeerId from, protocol::RunFailed&& message);
  // pockets.cpp
  void run_or_tell(client::Pocketed& task, client::Deadline deadline);
  void call_sleeper();
  void tell_of(std::vector<client::Pocket::Left>&& left);
  void tell_all_pockets();
  void tell_taken(client::Pocket& pocket, client::Hand& hand);
  void add_pocketed(Picture& picture);
  [[nodiscard]] bool is_body() const noexcept;
  void note_body();
  void finish_pocketed(client::Pocketed& task);
  // keeping.cpp
  [[nodiscard]] journal::Key content_of(client::FutureState& state);
  [[nodiscard]] client::FutureRef find_kept(const client::Kept& kept);
  using Inputs = decltype(client::Request::inputs);
  [[nodiscard]] client::FutureRef submit_beside_journal(client::Request&& request);
  void hold_inputs(TaskId task, const Inputs& inputs);
  void check_is_there(const Inputs& inputs);
  void give_up_keeping(const client::FutureState& state) noexcept;
  void keep(TaskId id);
  void keep_next();
  void keep_value(TaskId id, const task::Value& value);
  void keep_without(PeerId peer);
  void keep_nothing(TaskId id);
  void finish_keeping();
  void end_keeping();

  void answer(coordination::Replies&& replies);
  void tell_failure(PeerId from, const protocol::RunFailed& message);
  void perform();
  /// A task that cannot begin.
  struct Unplaced {
    TaskId id = 0;
    Clock::time_point since{};
    bool is_told = false;
  };
  template <class Text>
  bool tell(Unplaced& known, TaskId id, Clock::time_point now, Clock::duration patience, Text text);
  void tell_of_unplaced(Clock::time_point now);
  void end_stuck();
  void lose(PeerId peer, const std::string& how);
  void lose_guest(PeerId peer, const std::string& how);
  void tell_gone(PeerId peer);
  void tell_departures();
  void enter_network();
  void tell_contact(PeerId asker, PeerId of);
  void begin_retiring(PeerId worker, Clock::time_point by);
  void go_on_retiring(Clock::time_point now);
  void let_go(PeerId worker);
  [[nodiscard]] bool is_silent(const Peer& peer, Clock::time_point now) const;
  [[nodiscard]] std::string names_of(const std::vector<TaskId>& tasks) const;
  [[nodiscard]] std::uint64_t finished_results() const;
  void give_up_if_hopeless();
  [[nodiscard]] bool is_complete() const;
  [[nodiscard]] bool hopeless() const;
  Peer& peer(PeerId id);
  template <class F>
  void each_alive(F&& f);

  SchedulerSettings settings_;
  scheduler::State state_;
  coordination::State coordination_;
  std::unique_ptr<Keeper> keeper_;
  std::atomic<bool> has_keeper_{false};  // for threads without the baton
  std::vector<std::weak_ptr<WorkerNode>> here_;
  std::mutex pockets_mutex_;
  std::vector<std::unique_ptr<client::Pocket>> pockets_;
  std::atomic<client::Pocket*> pocket_{nullptr};  // the last of them
  std::atomic<bool> may_pocket_{false};           // all workers are here, and the cluster is open
  std::atomic<bool> has_gangs_{false};            // what they wait for must be known: no pockets
  std::atomic<bool> is_ending_{false};            // the body waits for what was fired and forgotten
  std::atomic<bool> has_sleeper_{false};          // a thread looks for work in pockets when it is woken
  std::atomic<std::thread::id> body_{};      // the thread of the program's body, if that has a pocket ...
  std::shared_ptr<WorkerNode> body_worker_;  // ... that of a slot ...
  std::size_t body_slot_ = 0;                // ... here
  client::Pocket* body_pocket_ = nullptr;
  client::LinkShare* body_share_ = nullptr;  // of the futures of what it submits there
  int body_waits_ = 0;  // what it submits then comes from a callback, and it does not wait for that
  scheduler::Actions actions_;
  std::vector<Peer> peers_;
  double now_s_ = 0;
  bool was_asked_ = false;            // by a task, or given one by it, since the last nap ...
  Clock::time_point no_nap_until_{};  // ... and so there is none
  std::uint32_t submissions_ = 0;
  std::size_t joined_ = 0, joined_own_ = 0, lost_ = 0, lost_own_ = 0, retiring_ = 0;
  std::unordered_set<std::string> dismissed_;  // jobs whose workers are not wanted any more
  std::vector<std::pair<PeerId, std::string>> broken_links_;
  scheduler::Departures departures_;
  Unplaced in_vain_, waiting_, lacking_;  // the first of each kind
  int waiting_told_ = 0;
  int doors_ = 0;             // those who hold the one door open for workers
  bool has_entered_ = false;  // workers of the own job are reached from outside
  bool gave_up_ = false;
  bool leaving_ = false;
  bool lost_other_host_ = false;
  Clock::time_point started_ = Clock::now(), checked_ = Clock::now();
};

}  // namespace weir::detail::node
