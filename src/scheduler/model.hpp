// What the scheduler knows: tasks, workers, and the actions it asks for.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <variant>

#include "core/backlog.hpp"
#include "protocol/messages.hpp"
#include "weir/snapshot.hpp"

namespace weir::detail::scheduler {

/// Seconds on whatever clock the caller uses.
using Time = double;

using WorkerIndex = std::uint32_t;
inline constexpr WorkerIndex nowhere = UINT32_MAX;

struct Task;

/// One end of a dependency: the task at the other end, and this edge's position in its list. Packed, so that
/// three of them lie inside a task.
struct [[gnu::packed]] Edge {
  Task* task;
  std::uint32_t position;
  friend bool operator==(const Edge& a, const Edge& b) noexcept {
    return a.task == b.task && a.position == b.position;
  }
};

/// A copy of a result: the worker, and the position in its `holds`.
struct Replica {
  WorkerIndex worker;
  std::uint32_t position;
  friend bool operator==(const Replica&, const Replica&) = default;
};

/// How far a task's result is from being usable by its dependents.
enum class Level : std::uint8_t { unplaced, placed, memory };

/// The rarely needed part of a task.
struct Extras {
  std::shared_ptr<const Options> options;
  std::shared_ptr<const Failure> failure;
  task::Value beside;           ///< The large buffers of its arguments.
  std::vector<PeerId> targets;  ///< Of scattered data: the workers where it has not arrived yet.
  TaskId gang = 0;              ///< Its gang's leader ...
  std::uint32_t rank = 0;       ///< ... and its rank there.
  std::uint32_t need = 0;       ///< Its resources, for counting; 0: none.
};

/// The order of what stands on a task of this order: the same root, one deeper.
[[nodiscard]] constexpr std::uint64_t order_on(std::uint64_t order) noexcept {
  constexpr std::uint64_t deepest = 255;
  return (order | deepest) - std::min(deepest, deepest - (order & deepest) + 1);
}

/// The serialized arguments of a task: the usual few bytes inside it.
class Arguments {
 public:
  Arguments() = default;
  Arguments(const Arguments&) = delete;
  ~Arguments() {
    if (size_ == outside) delete large();
  }
  /// Once.
  void set(Buffer&& bytes) {
    if (bytes.size() <= most_inside) {
      std::memcpy(inside_, bytes.data(), size_ = static_cast<std::uint8_t>(bytes.size()));
    } else {
      const auto* const moved = new Buffer(std::move(bytes));
      std::memcpy(inside_, &moved, sizeof moved);
      size_ = outside;
    }
  }
  [[nodiscard]] Buffer copy() const { return size_ == outside ? *large() : Buffer({inside_, size_}); }

 private:
  static constexpr std::size_t most_inside = 39;
  static constexpr std::uint8_t outside = 255;

  [[nodiscard]] const Buffer* large() const noexcept {
    const Buffer* bytes = nullptr;
    std::memcpy(&bytes, inside_, sizeof bytes);
    return bytes;
  }

  std::byte inside_[most_inside];
  std::uint8_t size_ = 0;
};

/// Four cache lines; what other tasks' events touch is in the first. Few have more than three inputs or
/// dependents: those of a stencil lie inside it, not in memory of their own that nobody has touched since
/// they were submitted.
struct alignas(64) Task {
  explicit Task(TaskId task) : id(task) {}

  TaskId id;
  std::uint64_t order = 0;  ///< Smaller runs first: number of the last root it stands on, then deepest first.
  std::int32_t priority = 0;
  std::uint32_t run = 0;
  std::uint32_t missing = 0;     ///< Inputs that are not in memory.
  std::uint32_t unplaced = 0;    ///< Inputs that are neither in memory nor assigned.
  std::uint32_t needed_by = 0;   ///< Dependents that still have to run.
  WorkerIndex worker = nowhere;  ///< Assigned to, or queued for.
  std::uint32_t position = 0;    ///< In the worker's `processing`.
  std::uint32_t group = 0;       ///< Its function, for time estimates.
  float estimate = 0;            ///< Seconds counted in the worker's load for it.
  WorkerIndex thief = nowhere;   ///< Being retracted for this worker.
  TaskState state = TaskState::released;
  std::uint8_t retries = 0;
  std::uint8_t deaths = 0;     ///< Workers that died while executing it.
  std::uint16_t attempts = 0;  ///< One more than the retries.
  bool wanted : 1 = false;     ///< By its client.
  bool scattered : 1 = false;  ///< Data without a function: cannot be computed again.
  bool made_once : 1 = false;  ///< Nobody has told of its inputs: it cannot be computed again.
  bool orphan : 1 = false;     ///< An input had gone before it was submitted: it can never run.
  bool delivered : 1 = false;  ///< The client has the whole result.
  bool out_of_band : 1 = false;
  bool waits : 1 = false;          ///< Its function has started and waits for other tasks.
  bool returned : 1 = false;       ///< Of a gang others of which have not: it takes nothing any more.
  bool begun : 1 = false;          ///< Its worker did not give it back: it is known to run.
  bool came_back : 1 = false;      ///< A worker that did not begin it gave it back.
  bool in_gang : 1 = false;        ///< It runs when all of its gang do.
  bool is_actor : 1 = false;       ///< Its result stays where it was made ...
  bool is_made_again : 1 = false;  ///< ... and is made elsewhere when that worker has gone.
  bool is_call : 1 = false;        ///< Of the actor that its first input is: it runs there, and once.
  bool follows : 1 = false;        ///< Its last input only has to be done, however it ends.

  SmallVector<Replica, 2> replicas;
  SmallVector<Edge, 3> inputs;
  SmallVector<Edge, 3> dependents;
  std::uint64_t bytes = 0;
  std::unique_ptr<Extras> extras;
  std::uint64_t invoker = 0;
  std::uint64_t uses = 0;  ///< Tasks that were ever submitted with it as an input.
  Arguments arguments;

  [[nodiscard]] PeerId client() const noexcept { return task_client(id); }
  [[nodiscard]] Level level() const noexcept {
    return state == TaskState::memory       ? Level::memory
           : state == TaskState::processing ? Level::placed
                                            : Level::unplaced;
  }
  [[nodiscard]] bool pending() const noexcept {
    return state >= TaskState::waiting && state <= TaskState::processing;
  }
  /// Of one that is assigned: it was ahead of its inputs. One that waits has had them.
  [[nodiscard]] bool is_blocked() const noexcept { return missing > 0 && !waits; }
  Extras& own_extras() {
    if (!extras) extras = std::make_unique<Extras>();
    return *extras;
  }
  [[nodiscard]] const Options* options() const noexcept { return extras ? extras->options.get() : nullptr; }
  /// Threads of its worker that it takes.
  [[nodiscard]] std::uint32_t width() const noexcept {
    return options() && options()->cores > 1 ? static_cast<std::uint32_t>(options()->cores) : 1;
  }
  /// Whether it asks for something beside threads.
  [[nodiscard]] bool claims() const noexcept {
    return options() && options()->resources.size() > (options()->cores > 0 ? 1 : 0);
  }
  [[nodiscard]] bool restricted() const noexcept {
    return options() &&
           (!options()->workers.empty() || !options()->resources.empty() || options()->cores > 0);
  }
};
static_assert(sizeof(Task) == 256);

/// A place in a queue; stale once the task has left it.
struct QueueEntry {
  std::int32_t priority;
  std::uint64_t order;
  TaskId id;
};

[[nodiscard]] inline bool later(const QueueEntry& a, const QueueEntry& b) noexcept {
  return a.priority != b.priority ? a.priority < b.priority : a.order > b.order;
}

/// Tasks that wait at the scheduler, most urgent first. Entries are dropped lazily.
using Queue = Backlog<QueueEntry, later>;

/// What the tasks of a worker want of one of its resources.
struct Demand {
  double amount = 0;  ///< Of all at once; more than the worker has means that they wait for each other.
  double load = 0;    ///< Amounts times estimated seconds.
};

/// What every task that comes and goes touches is in the first two cache lines: of ten thousand workers the
/// processor has none when it needs it.
struct alignas(64) Worker {
  std::vector<Task*> processing;  ///< Assigned, in order of assignment as far as possible; `blocked` last.
  PeerId peer = 0;
  std::uint32_t threads = 1;
  std::uint32_t blocked = 0;                    ///< Of `processing`, assigned ahead of their inputs.
  std::uint32_t waiting = 0;                    ///< Of the others, waiting for tasks they have submitted.
  double load_s = 0;                            ///< Estimated seconds of what is assigned or queued ...
  double blocked_s = 0;                         ///< ... but for what waits; and of those that are blocked.
  std::uint32_t level = 0, level_position = 0;  ///< Place in the load index.
  std::uint32_t queued = 0;                     ///< Valid entries of `queue`.
  bool alive = true;
  bool retiring = false;
  bool was_promised = false;
  bool taken_away = false;     // no fault of what it executes
  bool stealing = false;       ///< A retraction for it is under way.
  bool has_postponed = false;  ///< Tasks that would be assigned ahead wait until it has fewer of these.
  std::uint32_t in_layer = 0;  ///< Of the tasks of the last layers those that were assigned to it.

  std::vector<Task*> holds;  ///< Results here; null where one has gone, never at the end.
  Time progressed = 0;       ///< When it last finished something, or got something to do.
  Time leaves = std::numeric_limits<Time>::infinity();  ///< Nothing that ends later is started there.
  std::uint64_t bytes = 0;
  std::uint64_t finished = 0;
  /// Of those that are neither blocked nor wait: threads beyond one each; and the same of those among them
  /// that claim resources, which they may not have for as long as there are tasks that wait and keep some.
  std::uint32_t wide = 0, claiming = 0, claiming_wide = 0, keeping = 0;
  std::uint32_t reserved = 0;  ///< Threads that are kept for gangs which wait for others.

  protocol::MemoryUse memory;  ///< As it last said.
  std::uint32_t gone = 0;      ///< Nulls in `holds`.
  std::uint32_t actors = 0;    ///< That are here, or are being made here.
  Queue queue;                 ///< Ready tasks held back for it.
  std::uint64_t memory_limit = 0;
  std::vector<Resource> resources;
  std::vector<Demand> demand;  ///< For each of `resources`.
  std::string name;
  std::string host;

  /// Of `processing`.
  void add(Task& task);
  void remove(Task& task) noexcept;
  void block(Task& task) noexcept;
  void unblock(Task& task) noexcept;
  /// It waits for tasks it has submitted, or has returned, or not any more.
  void set_waits(Task& task, bool waits, bool returned) noexcept;
  /// Those that a thread runs or could run.
  [[nodiscard]] std::uint32_t ready() const noexcept {
    return static_cast<std::uint32_t>(processing.size()) - blocked - waiting - (keeping ? claiming : 0);
  }
  /// Threads that these take beyond one each.
  [[nodiscard]] std::uint32_t extra() const noexcept { return wide - (keeping ? claiming_wide : 0); }
  [[nodiscard]] bool running() const noexcept { return alive && !retiring; }
  /// Tasks it starts at the same time.
  [[nodiscard]] std::uint32_t places() const noexcept {
    return std::min(memory.paused ? 1 : threads, threads - std::min(threads, reserved));
  }
  [[nodiscard]] bool ends() const noexcept { return leaves < std::numeric_limits<Time>::infinity(); }
  /// Of a resource, by all its tasks together.
  [[nodiscard]] bool wants_more_than_it_has() const noexcept {
    for (std::size_t i = 0; i < resources.size(); ++i)
      if (resources[i].amount - demand[i].amount < -1e-9) return true;
    return false;
  }
  /// Seconds until a thread is free for one more, by estimate.
  [[nodiscard]] double wait_s() const noexcept { return ready() < threads ? 0 : load_s / threads; }

 private:
  void put(Task& task, std::size_t position) noexcept;
  void count(const Task& task, std::uint32_t sign) noexcept;
};

// Of one that is not blocked; `sign` is 1, or -1 as such a number.
inline void Worker::count(const Task& task, std::uint32_t sign) noexcept {
  const std::uint32_t more = sign * (task.width() - 1), claim = task.claims() ? 1 : 0;
  if (task.waits) {
    waiting += sign;
    keeping += task.returned ? 0 : sign * claim;
  } else {
    wide += more;
    claiming += sign * claim;
    claiming_wide += claim * more;
  }
}

inline void Worker::set_waits(Task& task, bool waits, bool returned) noexcept {
  const bool was_blocked = task.is_blocked();
  if (!was_blocked) count(task, -1u);
  if (task.waits != waits) load_s += waits ? -task.estimate : task.estimate;
  task.waits = waits;
  task.returned = returned;
  if (!was_blocked) count(task, 1);
  if (was_blocked && !task.is_blocked()) unblock(task);
  else if (!was_blocked && task.is_blocked()) block(task);
}

inline void Worker::put(Task& task, std::size_t position) noexcept {
  processing[position] = &task;
  task.position = static_cast<std::uint32_t>(position);
}

inline void Worker::add(Task& task) {
  processing.push_back(&task);
  put(task, processing.size() - 1);
  ++blocked;
  blocked_s += task.estimate;
  if (!task.is_blocked()) unblock(task);
}

inline void Worker::remove(Task& task) noexcept {
  if (!task.is_blocked()) block(task);
  put(*processing.back(), task.position);
  processing.pop_back();
  blocked_s = --blocked ? blocked_s - task.estimate : 0;
}

// The first of those that are blocked changes places with it.
inline void Worker::unblock(Task& task) noexcept {
  const std::size_t first = processing.size() - blocked--;
  blocked_s = blocked ? blocked_s - task.estimate : 0;
  put(*processing[first], task.position);
  put(task, first);
  count(task, 1);
}

inline void Worker::block(Task& task) noexcept {
  const std::size_t last = processing.size() - ++blocked;
  blocked_s += task.estimate;
  put(*processing[last], task.position);
  put(task, last);
  count(task, -1u);
}

/// The name under which tasks ask for threads.
inline constexpr const char* cores_name = "cores";

/// An amount of a resource for people.
[[nodiscard]] std::string amount_text(double amount);

/// Workers that may join: what each of them has, and how many there may ever be.
struct Promise {
  const void* by = nullptr;  ///< Whoever gives it, and takes it back.
  std::vector<Resource> offer{};
  std::uint32_t threads = 1;
  std::optional<std::uint64_t> workers{};  ///< Nothing: nobody knows.
};

/// Whether what is there is enough.
[[nodiscard]] bool offers(const std::vector<Resource>& there, const std::vector<Resource>& wanted);

/// Tasks of one function: how long they take.
struct Group {
  std::uint64_t function = 0;
  std::uint64_t submitted = 0;
  std::uint64_t finished = 0;
  bool is_known = false;             ///< Some have ended, of which ...
  bool was_long = false;             ///< The last one took much longer than these.
  double duration_s = 0, bytes = 0;  ///< ... these are of a task and its result, the last ones most.
};

/// Where a gang is in its life.
enum class GangPhase : std::uint8_t {
  gathering,  ///< Not all of its tasks are here, or not all of their inputs; or it is done.
  waiting,    ///< For places for all of them.
  running,
  breaking  ///< An attempt has failed, and not all have left it.
};

/// Threads of a worker.
struct Places {
  WorkerIndex worker = nowhere;
  std::uint32_t threads = 0;
};

/// Tasks that run at the same time, and end together.
struct Gang {
  std::vector<TaskId> members;  ///< By rank, the leader first; 0: not yet submitted.
  std::size_t here = 0;         ///< How many of them have been submitted.
  std::size_t asked_first = 0;  ///< The rank that `all_ranks` begins with.
  std::uint32_t per_node = 0;
  bool separate = false;
  GangPhase phase = GangPhase::gathering;
  std::uint32_t run = 0;
  Time since = 0;                                            ///< When it began to wait, or to break.
  bool hopeless = false;                                     ///< All workers together have no room for it ...
  bool lacks_kept = false;                                   ///< ... but for what waiting tasks keep.
  std::vector<Places> reserved;                              ///< While it waits, if it is first.
  std::vector<std::unique_ptr<protocol::RunFinished>> done;  ///< Of this attempt, by rank ...
  std::size_t returned = 0;                                  ///< How many these are ...
  std::vector<protocol::GangCalls> calls;                    ///< ... and what they have called.
  std::shared_ptr<const Failure> cause;                      ///< Of its breaking, unless by a death.
  std::string death;                                         ///< Of whom it broke.
  std::string broken_by;                                     ///< What ended the attempt before.
  bool provisional = false;  ///< `cause` is what a survivor saw: the scheduler may know better soon.
  bool counted = false;      ///< A death of this attempt has been blamed on it.

  [[nodiscard]] bool is_whole() const noexcept { return here == members.size(); }
};

/// Run this task there; `State::run_message` tells the rest.
struct Assign {
  TaskId task;
  std::uint32_t run;
  friend bool operator==(const Assign&, const Assign&) = default;
};

using Message = std::variant<Assign, protocol::CancelRun, protocol::RetractRun, protocol::FreeResult,
                             protocol::InputAt, protocol::ReplicateResult, protocol::TaskDone,
                             protocol::TaskFailed, protocol::TaskPending, protocol::GangBroken>;

/// What the caller must now do: send this.
struct Action {
  template <class M>
  Action(PeerId to, M&& message) : to(to), message(std::forward<M>(message)) {}
  PeerId to;
  bool can_wait = false;  ///< For the next one to this peer, or until there is nothing else to do.
  Message message;
};
using Actions = std::vector<Action>;

}  // namespace weir::detail::scheduler
