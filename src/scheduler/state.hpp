// State: the scheduler as a pure state machine.
#pragma once

#include <array>
#include <map>
#include <string>
#include <unordered_map>

#include "scheduler/layer.hpp"
#include "scheduler/load.hpp"
#include "scheduler/model.hpp"
#include "scheduler/stride.hpp"
#include "snapshot/closer_look.hpp"
#include "task/table.hpp"

namespace weir::detail::scheduler {

struct Settings {
  int allowed_failures = 3;          ///< A task that has killed so many workers becomes an error.
  double saturation = 1.1;           ///< Tasks assigned per thread while their duration is unknown or long.
  double ahead_s = 2e-3;             ///< Seconds of work a worker is given ahead.
  std::uint32_t ahead_tasks = 1024;  ///< And never more tasks per thread than this.
  double bytes_per_s = 2e9;          ///< First guess of the bandwidth between workers.
  double latency_s = 20e-6;          ///< Of one transfer.
  double unknown_s = 0.05;           ///< Duration of a task whose function has never finished, at most ...
  double unknown_least_s = 1e-3;     ///< ... and at least, once other functions have.
  double pause_s = 0.1;              ///< How long a worker that lacks memory is expected to start nothing.
  double gang_grace_s = 5;           ///< For members of a gang that has failed, to leave it.
  double gang_aging_s = 10;  ///< A gang that has waited so long is as urgent as one of a priority more.
  double overstay_s = 0.02;  ///< Nothing finished for so long, and for several times what was expected:
                             ///< what a worker was given ahead is taken back.
};

/// Why a worker may not run a task.
enum class Obstacle : std::uint8_t {
  none,
  gone,
  retiring,
  not_named,  ///< The task is for other workers.
  time,       ///< It leaves before the task would end.
  resources   ///< It does not have what the task needs.
};

/// What is to be done with a task whose inputs are there.
struct Placement {
  enum class What : std::uint8_t {
    assign,  ///< To `worker`.
    hold,    ///< For `worker`, or (`nowhere`) for any.
    nobody   ///< No worker may run it now; `obstacle` says of each why.
  };
  What what = What::nobody;
  WorkerIndex worker = nowhere;
  WorkerIndex has_room = nowhere;  ///< May take more of what is held.
  WorkerIndex cursor = nowhere;    ///< Where the next tasks without inputs go.
  WorkerIndex share = nowhere;     ///< Who takes it, of those held for any, if it can.
};

/// Whether a worker gets the task that is next among those held back.
enum class Refill : std::uint8_t {
  now,
  full,  ///< It has enough, or has no time before others of its tasks are done.
  late   ///< It leaves before the task would end.
};

/// Whom an idle worker takes tasks from, and at most how many.
struct Theft {
  WorkerIndex victim = nowhere;  ///< `nowhere`: nobody has too many.
  std::uint32_t most = 0;
  double wait_s = 0;  ///< Until the victim would start the last of its tasks that can run.
};

/// A line of a task's history.
struct StoryLine {
  Time time;
  TaskId task;
  TaskState from, to;
  WorkerIndex worker;
  const char* cause;
};

/// The scheduler's whole knowledge of tasks, workers and data.
///
/// Every event is one call; what must now be sent is appended to `out`, in order.
///
/// **Errors.** Never throws because of a peer; an impossible event is ignored or answered with an action.
/// **Threads.** Confined to its owner; no locks, no clock, no logging inside.
/// **Cost.** O(tasks whose state changes); nothing scans the whole graph but the loss of a worker (its own
/// tasks), `check` and `snapshot`.
/// **Source.** Task states after dask.distributed; events in, actions out after its worker state machine and
/// HyperQueue's reactor; queues per worker at the scheduler, so that data stays where it is without flooding
/// its holder.
class State {
 public:
  explicit State(Settings settings = {}) : settings_(settings) {}

  // --- from clients
  void handle(Time now, PeerId from, protocol::SubmitTask&& message, Actions& out);
  /// One that the scheduler hears of when that which submitted it, of this order, may have been forgotten; 0:
  /// it is not known.
  void told_late(Time now, protocol::SubmitTask&& message, std::uint64_t order_of_parent, Actions& out);
  /// A task that a worker has begun to run by itself, as its first run, with inputs that are in memory; how
  /// it ends is told as of others. It is `made_once` if it had inputs that are not told of; its result then
  /// stays while others stand on it. It has a slot of the worker unless it runs on top of a task that has.
  void begun(Time now, PeerId worker, protocol::SubmitTask&& message, bool made_once, bool has_slot,
             Actions& out);
  void handle(Time now, PeerId from, const protocol::ReleaseTask& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::CancelFuture& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::RetryFuture& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::LocateTask& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::ScatterHere& message, Actions& out) {
    scatter(now, message.id, {from}, out);
  }
  /// Registers data that a client puts on `workers`; it is in memory once one of them says `ResultHere`.
  void scatter(Time now, TaskId id, const std::vector<PeerId>& workers, Actions& out);

  // --- from workers
  void handle(Time now, PeerId from, const protocol::GangCalls& message, Actions& out);
  void handle(Time now, PeerId from, protocol::RunFinished&& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::RunFailed& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::RanInPlace& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::RunWaits& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::RetractReply& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::ResultHere& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::InputMissing& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::ResultBroken& message, Actions& out);
  void handle(Time now, PeerId from, const protocol::MemoryUse& message, Actions& out);

  // --- about workers
  /// Time has passed, without an event: idle workers take what others will not start soon.
  void tick(Time now, Actions& out);
  void join(Time now, PeerId peer, const protocol::Hello& hello, Actions& out);
  /// The worker is gone. `executing` are the tasks to blame; `reason` is for people ("died", "left").
  void lose(Time now, PeerId peer, const std::vector<TaskId>& executing, const std::string& reason,
            Actions& out);
  /// A client that is no worker is gone: nobody wants its results.
  void lose_client(Time now, PeerId peer, Actions& out);
  /// These workers were taken away, whether their silence has been noticed or not: what they executed is not
  /// blamed for it.
  void forgive(const std::vector<PeerId>& peers);
  /// Gives it nothing more, moves its results elsewhere; `retired` tells when it may go.
  void retire(Time now, PeerId peer, Actions& out);
  [[nodiscard]] bool retired(PeerId peer) const;
  /// Whether it was given nothing more when it ended, or now.
  [[nodiscard]] bool is_leaving(PeerId peer) const noexcept {
    const WorkerIndex index = index_of(peer);
    return index != nowhere && workers_[index].retiring;
  }
  /// Nobody will ever join again: everything that waits for a worker fails with this reason.
  void give_up(Time now, const std::string& reason, Actions& out);
  /// The same for tasks that no worker of these may run: whether there are any, and why each fails.
  [[nodiscard]] bool has_unplaceable() const noexcept {
    return !unplaceable_.empty() || std::any_of(waiting_gangs_.begin(), waiting_gangs_.end(),
                                                [&](TaskId id) { return gangs_.at(id).hopeless; });
  }
  void give_up_unplaceable(Time now, Actions& out);
  [[nodiscard]] bool has_gangs() const noexcept { return !gangs_.empty(); }
  /// Peers that have not left a gang which has failed `grace_s` ago: stuck where nobody can tell them.
  [[nodiscard]] std::vector<PeerId> stuck(Time now) const;
  /// Of those that cannot be ended: they are not waited for.
  void leave_behind(Time now, PeerId peer, Actions& out);
  /// Forgets every task; all futures are cancelled.
  void restart(Time now, Actions& out);

  // --- questions
  [[nodiscard]] protocol::RunTask run_message(TaskId id) const;
  /// **Cost.** Workers; results too while no task is pending.
  [[nodiscard]] Snapshot snapshot() const;
  /// The same without `lacking_s` and `results_wanted`. **Cost.** Workers.
  [[nodiscard]] Snapshot picture() const;
  /// Functions with what has been submitted and has finished.
  [[nodiscard]] const std::vector<Group>& groups() const noexcept { return groups_; }
  /// Tasks that run or could, and that workers with these resources may run; of those that ask for nothing
  /// only if it `takes_plain` ones.
  [[nodiscard]] std::uint64_t work_for(const std::vector<Resource>& offer, bool takes_plain) const;
  /// The first tasks, or leaders of gangs, that no worker there is can take; 0 if there is none.
  struct Unplaced {
    TaskId in_vain = 0;  ///< No worker offers its resources, nor one that is promised; or a gang too large.
    TaskId waiting = 0;  ///< For another reason.
  };
  [[nodiscard]] Unplaced unplaced() const;
  /// Workers may join, until it is withdrawn; an earlier one of the same giver is forgotten.
  void promise(Promise promise);
  void withdraw(const void* by);
  /// That it waits for a worker, and why those there are, or all there may ever be, cannot take it.
  [[nodiscard]] std::string waiting_text(TaskId id) const;
  /// The first task, or leader of a gang, that lacks what tasks keep which wait themselves; 0 if there is
  /// none.
  [[nodiscard]] TaskId first_to_lack_kept() const;
  /// What it lacks, who keeps it, and what to do; empty if it lacks nothing of this kind.
  [[nodiscard]] std::string kept_text(TaskId id) const;
  /// Peers that hold the result.
  [[nodiscard]] std::vector<PeerId> who_has(TaskId id) const;
  /// Whether it is scattered data that has not yet arrived at all of its workers that live.
  [[nodiscard]] bool is_on_its_way(TaskId id) const;
  /// Why this task is not running, worker by worker, one line each.
  [[nodiscard]] std::vector<std::string> explain(TaskId id) const;
  [[nodiscard]] std::vector<StoryLine> story(TaskId id) const;
  /// The same as sentences, with seconds before now.
  [[nodiscard]] std::vector<std::string> story_lines_of(TaskId id) const;
  /// Tasks with their neighbours, those that run first, and who holds results of which functions.
  /// **Cost.** O(`most_tasks` with their edges, `most_results`).
  [[nodiscard]] snapshot::SeenTasks closer_look(std::size_t most_tasks, std::size_t most_results) const;
  /// The tasks that a worker has, and what it holds, likewise; nothing if it has gone.
  [[nodiscard]] snapshot::SeenTasks look_at_worker(PeerId peer, std::size_t most_tasks,
                                                   std::size_t most_results) const;
  /// One task; without a name if it is not known.
  [[nodiscard]] snapshot::TaskLook look_at_task(TaskId id) const;
  /// These tasks and, up to `most` in all, those they need, directly or not.
  [[nodiscard]] snapshot::SeenTasks ancestry(const std::vector<TaskId>& ids, std::size_t most) const;
  [[nodiscard]] const Task* task(TaskId id) const { return tasks_.find(id); }
  [[nodiscard]] std::size_t task_count() const noexcept { return tasks_.size(); }
  [[nodiscard]] std::size_t worker_count() const noexcept { return alive_; }
  /// Tasks that are wanted and not finished.
  [[nodiscard]] std::uint64_t pending() const noexcept {
    std::uint64_t all = 0;
    for (const TaskState state :
         {TaskState::waiting, TaskState::queued, TaskState::no_worker, TaskState::processing})
      all += counts_[static_cast<std::size_t>(state)];
    return all;
  }
  /// The worker to put new data on: fewest bytes first.
  [[nodiscard]] PeerId place_data() const;
  [[nodiscard]] std::vector<PeerId> peers() const;
  /// Tasks assigned to the worker that could run.
  [[nodiscard]] std::uint32_t backlog(PeerId peer) const noexcept {
    return index_of(peer) == nowhere ? 0 : workers_[index_of(peer)].ready();
  }
  /// For how many seconds the worker with the least to do has tasks, by estimate; of what waits for inputs,
  /// too. 0 without workers.
  [[nodiscard]] double least_load_s() const noexcept;
  [[nodiscard]] std::string name_of(PeerId peer) const;
  [[nodiscard]] std::string task_name(const Task& task) const;
  /// Throws `Error{internal}` if an invariant is broken. Tests call it after every event.
  void check() const;

 private:
  // from_clients.cpp
  void count_root(const Task& task);
  void submit(protocol::SubmitTask&& message, WorkerIndex runs_on, bool has_slot,
              std::uint64_t order_of_parent = 0);

  // transitions.cpp, results.cpp
  void move(Task& task, TaskState to, const char* cause);
  void want(Task& task, const char* cause);
  void settle(Task& task);
  void postpone(const Task& task, WorkerIndex index);
  void call_back(WorkerIndex index);
  void place(Task& task);
  void no_worker_for(Task& task);
  void assign(Task& task, WorkerIndex index);
  void put_on(Task& task, WorkerIndex index);
  void unassign(Task& task);
  void enqueue(Task& task, WorkerIndex index);
  void dequeue(Task& task);
  void finish(Task& task, WorkerIndex index, std::uint64_t bytes);
  void fail(Task& task, std::shared_ptr<const Failure> failure);
  [[nodiscard]] std::shared_ptr<Failure> failure_of(const Task& task, ErrorKind kind,
                                                    const std::string& message) const;
  [[nodiscard]] std::shared_ptr<const Failure> needed_by(const Failure& failure, const Task& task) const;
  void stop_pending(Task& task, TaskState to, const char* cause);
  void unfollow(Task& task);
  void free_followers(Task& before);
  void lost_result(Task& task, const std::string& reason);
  void hold_dependents(const Task& task);
  void count_need(const Task& task, TaskState from, TaskState to);
  [[nodiscard]] bool expect(Task& task);
  [[nodiscard]] bool stood_on(const Task& task) const;
  void demand(const Task& task, Worker& worker, double sign);
  void demand(const Resource& wanted, const Task& task, Worker& worker, double sign);
  void set_waits(Task& task, bool waits);
  void set_returned(Task& task, bool returned);
  void release_inputs(Task& task);
  void release_if_unused(Task& task);
  void forget(Task& task);
  [[nodiscard]] bool passes(const Task& input) const noexcept;
  void add_replica(Task& task, WorkerIndex index);
  void drop_replica(Task& task, std::uint32_t position);
  void close_gaps(WorkerIndex index);
  void free_replicas(Task& task);
  void cancel(Task& task, const std::string& reason);
  void tell_client(const Task& task, Message message);
  [[nodiscard]] protocol::TaskDone done_message(const Task& task) const;
  [[nodiscard]] static bool is_about_this_run(const Task& task, PeerId from, PeerId holder,
                                              std::uint16_t run) noexcept;

  // placement.cpp
  [[nodiscard]] Placement placement(const Task& task) const;
  [[nodiscard]] Placement place_root(const Task& task) const;
  [[nodiscard]] WorkerIndex share_of(const Task& task) const;
  [[nodiscard]] std::string sentence(Obstacle why, const Task& task, const Worker& worker) const;
  [[nodiscard]] Obstacle obstacle(const Task& task, const Worker& worker) const;
  [[nodiscard]] bool has_room(const Task& task, const Worker& worker) const;
  [[nodiscard]] bool fans_out(const Task& task, const Worker& home) const;
  [[nodiscard]] Placement place_ahead(const Task& task) const;
  [[nodiscard]] Placement ahead_at(WorkerIndex index) const;
  [[nodiscard]] std::uint32_t most_ahead(const Worker& worker) const noexcept {
    return settings_.ahead_tasks * worker.threads;
  }
  [[nodiscard]] double transfer_s(const Task& input) const;
  [[nodiscard]] bool is_occupied(const Worker& worker) const;
  [[nodiscard]] WorkerIndex home_for(const Task& actor) const;
  [[nodiscard]] WorkerIndex choose(const Task& task) const;
  [[nodiscard]] WorkerIndex choose_restricted(const Task& task) const;
  [[nodiscard]] double cost(const Task& task, WorkerIndex index) const;
  [[nodiscard]] bool allowed(const Task& task, const Worker& worker) const {
    return obstacle(task, worker) == Obstacle::none;
  }
  [[nodiscard]] bool named(const Options& options, const Worker& worker) const;
  [[nodiscard]] bool only_gone_are_named(const Task& task) const;
  [[nodiscard]] bool offers(const Worker& worker, const Options& options) const;
  [[nodiscard]] double time_of(const Task& task) const;
  [[nodiscard]] bool in_time(const Task& task, const Worker& worker, double wait_s) const {
    return !worker.ends() || task.out_of_band || now_ + wait_s + time_of(task) <= worker.leaves;
  }
  [[nodiscard]] std::uint32_t unreserved(const Task& task, const Worker& worker) const;
  [[nodiscard]] std::uint32_t limit(const Task& task, const Worker& worker) const;
  [[nodiscard]] float estimate(const Task& task) const;
  [[nodiscard]] double unknown_s() const noexcept;
  [[nodiscard]] bool overstays(const Worker& worker) const noexcept;
  [[nodiscard]] double wait_of(const Worker& worker) const noexcept;
  [[nodiscard]] double resource_wait(const Task& task, const Worker& worker) const;

  // from_workers.cpp
  double count_duration(Group& group, double seconds, bool is_first);
  static void fetch_neighbours(const Task& task) noexcept;
  void count_finished(Group& group, const protocol::RunFinished& message);
  void count_failed(Group& group, double seconds);

  // balance.cpp
  [[nodiscard]] Task* next_queued(Queue& queue, WorkerIndex owner);
  [[nodiscard]] Task* next_of_all(WorkerIndex index);
  void fill(WorkerIndex index);
  void rehome(Task& task);
  void retract(Task& task, WorkerIndex thief);
  void steal(WorkerIndex thief);
  void steal_for_resources(WorkerIndex thief);

  // questions.cpp
  [[nodiscard]] static double wanted_of(const Task& task, const std::string& resource) noexcept;
  [[nodiscard]] static std::vector<Demand> kept_by_waiting(const Worker& worker);
  [[nodiscard]] std::string lack_of_kept(const Task& task) const;
  [[nodiscard]] std::string lack_of_kept(const Task& task, const Worker& worker) const;
  [[nodiscard]] std::vector<const Task*> neighbourhood(std::size_t most) const;
  [[nodiscard]] std::vector<snapshot::SeenTask> with_inputs(const std::vector<const Task*>& tasks) const;

  // stealing.cpp
  [[nodiscard]] Refill refill(const Task& task, const Worker& worker, bool first) const;
  [[nodiscard]] bool is_full(const Worker& worker) const noexcept;
  [[nodiscard]] bool may_return(const Task& task) const;  // from its worker, if that has not begun it
  [[nodiscard]] bool may_be_taken(const Task& task) const;
  [[nodiscard]] bool lacks_a_thread(const Task& task) const;
  [[nodiscard]] std::uint32_t surplus_of(const Worker& worker) const;
  [[nodiscard]] Theft theft(WorkerIndex thief) const;
  [[nodiscard]] bool worth(const Task& task, WorkerIndex thief, const Theft& theft) const;
  [[nodiscard]] std::vector<Task*> loot(WorkerIndex thief, const Theft& theft) const;
  [[nodiscard]] std::vector<Task*> resource_loot(WorkerIndex thief) const;

  // gangs.cpp
  void join_gang(Task& task, const protocol::GangPlace& place);
  [[nodiscard]] Gang& gang_of(const Task& task) { return gangs_.at(task.extras->gang); }
  [[nodiscard]] Task& member(const Gang& gang, std::size_t rank) { return *tasks_.find(gang.members[rank]); }
  [[nodiscard]] const Task& member_of(const Gang& gang, std::size_t rank) const {
    return *tasks_.find(gang.members[rank]);
  }
  template <class Holds>
  [[nodiscard]] bool all_ranks(Gang& gang, Holds&& holds) const;
  [[nodiscard]] bool is_ready(Gang& gang) const;
  void member_ready(Task& task);
  void member_finished(Task& task, WorkerIndex index, protocol::RunFinished&& message);
  void member_failed(Task& task, const protocol::RunFailed& message);
  void member_out(Task& task);
  void member_lost(Task& task, PeerId peer, bool is_blamed, const std::string& who);
  void want_gang(Gang& gang, SmallVector<Task*, 8>& todo);
  void break_gang(Gang& gang, const Task& first, const std::string& reason);
  void gang_left(Gang& gang);
  void release_gang(Task& task);
  bool place_gangs();
  void launch(Gang& gang, const std::vector<WorkerIndex>& places);
  void reserve(Gang& gang, const std::vector<WorkerIndex>& places);
  void unreserve(Gang& gang);
  [[nodiscard]] double rest_of(const Worker& worker) const;
  [[nodiscard]] Time free_at(const Places& kept) const;
  [[nodiscard]] Time gangs_begin() const;
  void leave_queue(Gang& gang);
  [[nodiscard]] std::int64_t urgency(const Gang& gang) const;
  enum class Room : std::uint8_t {
    now,
    later,  // once all have ended that do not wait for other tasks
    ever
  };
  [[nodiscard]] std::uint32_t fitting(const Gang& gang, std::uint32_t threads,
                                      const std::vector<Resource>& there,
                                      const std::vector<Demand>& demand) const;
  [[nodiscard]] std::uint32_t capacity(const Gang& gang, const Worker& worker, Room room) const;
  [[nodiscard]] std::vector<WorkerIndex> places_for(const Gang& gang, Room room) const;
  [[nodiscard]] std::string room_text(const Gang& gang) const;
  void add_held(const Worker& worker, std::size_t most, snapshot::SeenTasks& seen) const;
  [[nodiscard]] bool in_vain(const Options* options) const;
  [[nodiscard]] std::optional<std::uint64_t> largest_possible(const Gang& gang) const;
  [[nodiscard]] bool is_beyond(const Gang& gang) const;
  void explain_promised(const Options* options, std::vector<std::string>& lines) const;
  [[nodiscard]] double grace_of(const Gang& gang) const;
  void explain_gang(const Task& task, std::vector<std::string>& lines) const;
  void check_gangs() const;

  // workers.cpp
  void retry_unplaceable();
  [[nodiscard]] bool all_paused() noexcept;
  void wake_if_all_paused();
  void want_nothing(PeerId client);
  void fail_unplaceable(Task& task, ErrorKind kind, const std::string& reason);
  void hand_over(const Worker& worker);
  void hand_over_again();
  [[nodiscard]] bool results_wanted() const;
  [[nodiscard]] double lacking_s() const;
  [[nodiscard]] std::vector<WorkerIndex> successors() const;

  void end_event();
  void touch(WorkerIndex index) { touched_.push_back(index); }
  template <class M>
  void send(PeerId to, M&& message) {
    out_->emplace_back(to, std::forward<M>(message));
  }
  template <class M>
  void send_later(PeerId to, M&& message) {
    send(to, std::forward<M>(message));
    out_->back().can_wait = true;
  }
  void begin(Time now, Actions& out, const char* cause) {
    now_ = now;
    out_ = &out;
    cause_ = cause;
  }
  [[nodiscard]] WorkerIndex index_of(PeerId peer) const noexcept {
    return peer < by_peer_.size() ? by_peer_[peer] : nowhere;
  }
  [[nodiscard]] std::uint32_t group_of(std::uint64_t function);
  [[nodiscard]] std::uint64_t function_of(const Task& task) const noexcept {
    return task.scattered ? 0 : groups_[task.group].function;
  }

  Settings settings_;
  task::TaskTable<Task> tasks_;
  std::vector<Worker> workers_;
  std::vector<WorkerIndex> by_peer_;
  LoadIndex load_;
  Queue queue_;                                   // ready tasks that any worker may take
  std::uint32_t queued_ = 0;                      // valid entries of queue_
  std::vector<Queue> shares_;                     // those of queue_ that a worker takes first, by worker
  std::vector<Queue> postponed_;                  // waiting tasks for which one has no room ahead, by worker
  std::vector<TaskId> unplaceable_;               // no_worker
  std::map<PeerId, std::vector<TaskId>> blamed_;  // for the deaths of these workers
  std::vector<Group> groups_;
  double known_s_ = 0;              // a task of each function that is known, added up ...
  std::uint32_t known_groups_ = 0;  // ... and how many functions these are
  std::unordered_map<std::uint64_t, std::uint32_t> group_index_;
  std::uint64_t last_function_ = ~std::uint64_t{0};
  std::uint32_t last_group_ = 0;
  std::uint64_t roots_ = 0;
  std::uint32_t roots_group_ = 0, root_position_ = 0;  // of the last one: its place in a row of its function
  std::map<TaskId, Gang> gangs_;                       // by leader
  std::vector<TaskId> waiting_gangs_;                  // leaders
  mutable Time gangs_begin_ = 0;  // when the one that has places reserved may begin, at the latest ...
  mutable Time gangs_seen_ = -1;  // ... as of this moment
  std::shared_ptr<const Options> with_cores_[2];  // options that ask for cores, and the same as a resource
  struct Need {
    std::vector<Resource> resources;
    std::uint64_t ready = 0;  // tasks that run or could
  };
  std::vector<Need> needs_{{}};           // the first is that of tasks which ask for nothing, and not counted
  std::size_t alive_ = 0, retiring_ = 0;  // workers; the latter are among the former
  std::size_t demanding_ = 0;             // tasks on workers that want resources
  std::uint64_t lost_ = 0;
  std::array<std::uint64_t, 8> counts_{};  // tasks by state
  WorkerIndex cursor_ = nowhere;
  Stride stride_;
  Layer layers_;

  // of the event being handled
  Time now_ = 0;
  Actions* out_ = nullptr;
  const char* cause_ = "";
  std::vector<TaskId> loose_;  // tasks to be settled before the event ends
  std::vector<Promise> promised_;
  std::vector<TaskId> unused_;        // tasks that perhaps nobody wants any more
  std::vector<WorkerIndex> touched_;  // workers that may have room now
  std::vector<WorkerIndex> freed_;    // workers that may have a resource free now

  static constexpr std::size_t story_lines = 1 << 14;
  static constexpr std::uint32_t most_gone = 64;
  static constexpr std::size_t few_workers = 64;
  std::vector<StoryLine> story_;
  std::size_t story_next_ = 0;
};

}  // namespace weir::detail::scheduler
