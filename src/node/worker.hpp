// WorkerNode: runs tasks on its threads, keeps their results, gives them to peers.
#pragma once

#include <array>
#include <condition_variable>
#include <deque>
#include <map>
#include <optional>
#include <thread>

#include "client/link_share.hpp"
#include "client/pocket.hpp"
#include "node/gang_box.hpp"
#include "node/host.hpp"
#include "node/node.hpp"
#include "node/profile.hpp"
#include "node/spill_file.hpp"
#include "seeing/counter.hpp"
#include "seeing/process.hpp"
#include "worker/state.hpp"

namespace weir::detail::node {

class SchedulerNode;

constexpr int deepest_stack = 64;  ///< Tasks on one stack.

/// The exit status of a worker whose program died or fell silent: its job has not failed. (EX_TEMPFAIL)
constexpr int status_left_alone = 75;

struct WorkerSettings {
  std::uint32_t threads = 1;
  std::vector<Resource> resources;
  worker::Machine machine;  ///< Processors and devices that its tasks are given.
  int share = 1;            ///< Cores of a task that asks for none.
  std::string name;
  Patience patience;
  worker::MemoryLimits memory;            ///< For results; what is beyond it goes to ...
  std::string spill_folder = "/tmp";      ///< ... a file here.
  std::string job;                        ///< What it came with, if that is not the scheduler's own job.
  std::optional<Clock::time_point> ends;  ///< Of the job it is in ...
  std::chrono::nanoseconds hand_over{0};  ///< ... and so long before it asks to be retired.
  const std::atomic<int>* end_signal = nullptr;  ///< Not 0 once this process has been asked to end ...
  std::chrono::nanoseconds grace{std::chrono::seconds(25)};      ///< ... and so long it has then.
  std::chrono::nanoseconds stop_grace{std::chrono::seconds(5)};  ///< How long a task goes on beyond its
                                                                 ///< time limit before it is ended.
  SchedulerNode* scheduler =
      nullptr;            ///< In the same process: driven by threads of this one that have nothing to do.
  bool is_guest = false;  ///< Another program's client: it runs no tasks, and its process goes on.
  bool own_process =
      true;  ///< Its tasks' client is this worker's; and if the scheduler dies the process ends.
};

/// What is being thrown, with words before its own.
[[nodiscard]] std::shared_ptr<const Failure> current_failure(ErrorKind kind, const std::string& before = {});

/// Carries out what the worker's state machine decides.
class WorkerNode final : public Node {
 public:
  WorkerNode(comm::Transport& transport, PeerId self, WorkerSettings settings);
  ~WorkerNode() override;

  /// Says hello and starts the threads.
  void start();
  /// Returns when the cluster has closed; whether MPI may be finalized.
  bool wait_until_closed();
  /// Ends the threads; waits for the tasks they run.
  void stop();
  /// The same for an in-process worker, but leaves alone what still runs after `most`: false, and then this
  /// object must be kept for ever.
  bool stop_within(std::chrono::milliseconds most);
  [[nodiscard]] const std::string& refused() const noexcept { return refused_; }
  /// Of a guest: says good-bye, and ends its threads.
  void leave();

  client::Overseer& overseer(const char* who) override;
  /// Runs a task in the calling thread, which is none of this worker's, if it is the next one.
  bool run_if_next(TaskId id);
  /// A result, without a message; none if it is not in memory, or if another thread drives just now.
  [[nodiscard]] task::Value result_now(TaskId id);
  /// A slot for the thread of the program's body, which runs in place what it has submitted; nothing: there
  /// is none with a pocket.
  [[nodiscard]] std::optional<std::size_t> lend_slot();
  [[nodiscard]] client::Pocket& pocket_of(std::size_t slot) { return *running_[slot].pocket; }
  /// Runs a task of the pocket of a lent slot; false if it is not in it any more. Or one that was begun.
  bool run_in_lent(std::size_t slot, client::Pocketed& future, bool is_begun) {
    return run_in_place(nullptr, slot, future, is_begun);
  }
  [[nodiscard]] PeerId peer() const noexcept { return self_; }
  /// What has run in a lent slot is counted; the slot comes back.
  void note_lent(std::size_t slot);
  void take_back(std::size_t slot);
  /// The link of the process, with a count of its own.
  [[nodiscard]] std::shared_ptr<client::ClusterLink> counted_apart();
  /// Whether all slots are taken, some by tasks that have stood still waiting for another thread.
  [[nodiscard]] bool has_stuck();
  /// Lends the slots of such, which the scheduler must know.
  void lend_stuck();
  [[nodiscard]] TaskId on_behalf() const override { return lent_for_; }
  /// Something has been put into a pocket.
  void wake_for_pockets() { wake(); }

 protected:
  [[nodiscard]] PeerId self() const override { return self_; }
  void to_scheduler(protocol::SubmitTask&& message) override { post(0, message); }
  void to_scheduler(const protocol::ReleaseTask& message) override { post(0, message); }
  void to_scheduler(const protocol::CancelFuture& message) override { post(0, message); }
  void to_scheduler(const protocol::RetryFuture& message) override { post(0, message); }
  void to_scheduler(const protocol::LocateTask& message) override { post(0, message); }
  void to_scheduler(const protocol::AwaitsDone& message) override {
    if (settings_.is_guest) return;
    post(0, message);
    flush();
  }
  void to_scheduler(protocol::Ask&& message) override { post(0, message); }
  void to_scheduler(const protocol::Unask& message) override { post(0, message); }
  void ask_for(PeerId holder, TaskId id, std::uint16_t run) override;
  void put(TaskId id, task::Value value, const std::vector<PeerId>& workers) override;
  void submitted() override { flush(); }
  void look_for_stuck() override {
    if (has_stuck()) lend_stuck();
  }
  void tick(Clock::time_point now, bool is_busy) override;
  void receive(PeerId from, comm::Frame&& frame) override;
  void lost(PeerId peer, const std::string& how) override;
  void unknown(PeerId peer) override { post(0, protocol::FindPeer{peer}); }

 private:
  static constexpr std::size_t small_result_bytes = 1024;  // travel with the message that they exist
  /// A thread and its slot in the black box, both used again.
  struct ThreadSlot {
    std::thread thread;
    bool ended = false;
  };
  /// When a task ran, for the counter.
  using Ran = seeing::Counter::Ran;
  /// The same of one that ran in place.
  struct RanInPlace {
    std::uint64_t function;
    Ran ran;
  };
  /// What a thread runs; read by whoever tells of it, and written by the thread.
  struct Running {
    std::atomic<std::uint64_t> function{0};
    std::atomic<std::int64_t> start_ns{-1};     // -1: nothing
    client::Pocket* pocket = nullptr;           // null: it has none
    std::shared_ptr<client::ClusterLink> link;  // of the thread's tasks, as long as it has the slot ...
    client::LinkShare* share = nullptr;         // ... and of their futures
    std::vector<RanInPlace> in_place;           // of the thread, which has not told the counter yet
    std::uint64_t left_over = 0;                // of its tasks, those that have left others in the pocket ...
    std::uint64_t order_of_left = 0;            // ... and the order of what the last one has left
    // The task that has the thread's slot, unless it waits and has given it away.
    std::atomic<TaskId> owner{0};
    std::atomic<std::uint32_t> run{0};
    std::atomic<int> thread{0};  // the system's number of it
    std::atomic<bool> is_programs{false};
    bool is_quick = false;  // it is expected to end at once; guarded by the baton
    std::string wait;       // for another thread, at the last look
    TaskId stuck = 0;       // the owner that was in the same wait at the look before
  };
  /// A slot that has been lent to a stand-in while its task waits for another thread.
  struct LentSlot {
    std::size_t slot = 0;
    TaskId id = 0;
    std::uint32_t run = 0;
    bool is_programs = false;  // its thread is none of this worker's
    std::shared_ptr<const worker::Grant> grant{};
  };
  /// A task that has a time limit.
  struct Limited {
    TaskId id = 0;
    std::uint32_t run = 0;
    std::chrono::nanoseconds limit{0};
    Clock::time_point deadline{};
    bool out_of_band = false;
    std::optional<GangBox::Attempt> gang{};  // until its other members here were told
    bool is_given_up = false;                // its thread is nobody's until it returns
  };
  // limits.cpp
  void begin_limit(const worker::Execution& task, Clock::time_point start);
  [[nodiscard]] bool end_limit(const worker::Execution& task);
  void enforce_limits(Clock::time_point now);
  void give_up(const Limited& task);
  void note_unwanted(TaskId id, std::uint32_t run);
  void forget_unwanted(TaskId id);
  [[nodiscard]] bool is_unwanted(TaskId id);
  // executors.cpp
  [[nodiscard]] std::size_t free_slot();
  [[nodiscard]] std::optional<std::size_t> better_slot(std::size_t slot) const;
  [[nodiscard]] std::size_t move_to(std::size_t better, std::size_t slot);
  void execute_loop(std::size_t slot);
  void run_tasks(std::size_t slot, std::unique_lock<Baton>& hold);
  /// A stand-in is no longer needed. Whoever leaves for that counts itself out before it gives the baton
  /// back: two would leave for the same.
  [[nodiscard]] bool is_one_too_many() const noexcept { return alive_ - seceded_ > settings_.threads; }
  bool next(worker::Execution& task, std::size_t slot, std::unique_lock<Baton>& hold);
  void call_one();
  void call_thief();
  void sleep_unless_called(std::unique_lock<Baton>& hold);
  void begin_run(std::size_t slot, bool is_quick);
  bool end_quick(std::size_t slot);
  void begin_closing();
  struct OnThread;
  worker::Outcome run(worker::Execution& task, std::size_t slot, Ran& ran, bool is_lent = false);
  static void note_owner(Running& running, TaskId id, std::uint32_t run, bool is_lent);
  /// Whether there is something in pockets, and whether its owners have had their time.
  enum class Theft { nothing, soon, due };
  /// What was found in pockets.
  enum class Found { nothing, some, too_short };
  /// When a thread that has nothing to do looks into pockets.
  struct Looking {
    Clock::time_point since{};       ///< It has known that something is there; none if it is not.
    Clock::time_point not_before{};  ///< What it found last was not worth it.
    Clock::duration pause{};
    Clock::time_point looked{};  ///< Last.
    void note(Found found);
  };
  [[nodiscard]] Theft thieve(Clock::time_point now, Looking& looking, bool will_sleep);
  [[nodiscard]] Found run_of_pockets(std::size_t slot, std::unique_lock<Baton>& hold);
  void run_left(std::size_t slot, std::unique_lock<Baton>& hold);
  [[nodiscard]] bool run_some_left(std::size_t slot);
  void end_in_pocket(OnThread& thread, int depth);
  void tell_left(std::size_t slot);
  bool run_in_place(OnThread* below, std::size_t slot, client::Pocketed& future, bool is_begun);
  std::int64_t run_begun(std::size_t slot, client::Pocketed& future, const client::Pocket::Values& values,
                         bool is_lent);
  void give_back_link(std::size_t slot);
  void note_in_place(std::size_t slot);
  void finish(const worker::Execution& task, std::size_t slot, const Ran& ran, worker::Outcome&& outcome);
  void note_idle(Clock::time_point now);
  void note_link(PeerId from, std::uint64_t bytes);
  void tell_seen(Clock::time_point now);
  bool help(const OnThread& waiting, TaskId awaited, const std::function<void()>& begins);
  void add_thread();
  void close_down();
  // lending.cpp
  [[nodiscard]] bool has_lent(std::size_t slot) const;
  void end_lending(const LentSlot& lent);
  void end_lending(std::size_t slot);
  template <class Is>
  void end_lending_if(const Is& is) {
    std::erase_if(lent_, [&](const LentSlot& lent) { return is(lent) && (end_lending(lent), true); });
    lent_for_ = lent_.empty() ? 0 : lent_.back().id;
  }
  void look_after_lent();
  class Member;
  // gang_mail.cpp
  template <class Message>
  void tell_rank(PeerId peer, Message&& message);
  void to_rank(const protocol::GangRun& gang, std::uint32_t to, const protocol::GangStep& step,
               Buffer&& bytes);
  [[nodiscard]] Buffer from_rank(const protocol::GangRun& gang, std::uint32_t from,
                                 const protocol::GangStep& step);
  // One for each message of `protocol::ToWorker`: without it nothing compiles. What the state machine answers
  // by itself needs none here.
  template <class Message>
  requires requires(worker::State& state, worker::Actions& out, Message&& message) {
    state.handle(std::move(message), out);
  }
  void on(PeerId, Message&& message) { state_.handle(std::move(message), actions_); }
  void on(PeerId, protocol::Answer&& message) { on_answer(std::move(message)); }
  void on(PeerId, protocol::CancelRun&& message);
  void on(PeerId, protocol::GangBroken&& message);
  void on(PeerId, protocol::GangData&& message);
  void on(PeerId, protocol::GangAsk&& message);
  void on(PeerId, protocol::GangStuck&& message);
  void on(PeerId, protocol::TaskDone&& message) { futures_.on(std::move(message)); }
  void on(PeerId, protocol::TaskFailed&& message) { futures_.on(message); }
  void on(PeerId, protocol::TaskPending&& message) { futures_.on(message); }
  void on(PeerId, protocol::RunTask&& message) {
    if (unwanted_count_.load(std::memory_order_relaxed)) forget_unwanted(message.id);
    state_.handle(std::move(message), actions_);
  }
  void on(PeerId, protocol::Welcome&& message);
  void on(PeerId, protocol::Alive&& message) {
    seen_blocks_ = message.seen_blocks;
    seen_every_ = std::chrono::milliseconds(message.seen_ms);
  }
  void on(PeerId, protocol::Refused&& message);
  void on(PeerId, protocol::Shutdown&& message);
  void on(PeerId, protocol::GoodBye&& message);
  void on(PeerId, protocol::PeersGone&& message);
  void on(PeerId, protocol::PeerAddress&& message) { transport_.learn(message.peer, message.contact); }
  void on(PeerId, protocol::EnterNetwork&& message);
  void on(PeerId from, protocol::GetResult&& message) {
    state_.asked(from, message.id, message.exists, message.request, actions_);
  }
  void on(PeerId from, protocol::DropRequest&& message) { state_.unasked(from, message.id, actions_); }
  void on(PeerId from, protocol::ResultData&& message, task::Value&& value);
  void on(PeerId from, protocol::SmallResult&& message) {
    const std::uint64_t bytes = message.packed.size();
    on(from, protocol::ResultData{message.id, bytes, message.request}, unpacked(message));
  }
  void on(PeerId from, protocol::ResultMissing&& message);
  void on(PeerId, protocol::PutResult&& message, task::Value&& value) {
    state_.put(message.id, std::move(value), message.bytes, actions_);
  }
  void perform();
  void send_value(PeerId to, TaskId id, std::uint32_t request);
  void send_awaited();
  void start_out_of_band();
  void wake_spiller();
  void spill_loop();
  void spill(worker::Spill&& spill, std::unique_lock<Baton>& hold);
  void tell_memory();
  void scheduler_gone(const std::string& how);

  PeerId self_;
  WorkerSettings settings_;
  worker::State state_;
  worker::Actions actions_;
  std::vector<PeerId> awaited_by_;  // have small results in their boxes
  GangBox gangs_;
  BlackBox black_box_;
  std::deque<ThreadSlot> slots_;
  std::size_t idle_ = 0, alive_ = 0, seceded_ = 0;
  bool driving_ = false;
  std::size_t quick_ = 0;    // threads whose task is expected to end at once, which then see what has come
  bool are_quick_ = false;   // the last task that began was expected to
  bool is_watched_ = false;  // an idle thread looks now and then whether they still are ...
  std::uint64_t ended_ = 0;  // ... by whether any has ended meanwhile
  std::condition_variable_any work_;
  std::uint64_t resident_at_start_ = 0;
  std::shared_ptr<SpillFile> spill_file_;
  std::thread spiller_;
  std::condition_variable_any spill_work_;
  protocol::MemoryUse memory_told_;
  seeing::Counter counter_;
  std::array<Running, BlackBox::slots> running_;
  std::vector<LentSlot> lent_;
  std::atomic<TaskId> lent_for_{0};  // the last of them
  Clock::time_point stuck_looked_{};
  std::mutex limits_mutex_;  // of what follows, which threads change without the baton
  std::vector<Limited> limited_;
  std::vector<TaskId> unwanted_;  // of those that are executed
  std::atomic<std::size_t> limited_count_{0}, unwanted_count_{0};
  std::optional<std::uint32_t> seen_blocks_;  // of a `Seen`; nothing: rank 0 has not said; 0: none is wanted
  Clock::time_point seen_{}, idle_noted_ = Clock::now();
  std::chrono::nanoseconds seen_every_ = std::chrono::seconds(1);
  seeing::OwnProcess told_;                            // in the last `Seen`
  std::uint64_t log_told_ = 0;                         // lines
  std::uint64_t received_bytes_ = 0, sent_bytes_ = 0;  // since the last `Seen`
  Profile profile_;
  std::map<PeerId, protocol::SeenLink> links_;  // the same, by sender
  Clock::time_point disk_tried_{};
  std::atomic<bool> closing_{false};
  bool good_bye_ = false, by_exit_ = false, welcomed_ = false, asked_to_go_ = false, ending_ = false;
  std::string refused_;
  Clock::time_point last_heartbeat_{}, scheduler_seen_ = Clock::now(), checked_ = Clock::now();
  std::chrono::nanoseconds heartbeat_{std::chrono::milliseconds(250)},
      scheduler_patience_{std::chrono::seconds(30)};
  ProcessWatch scheduler_watch_;
};

}  // namespace weir::detail::node
