// State: the worker as a pure state machine.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "core/backlog.hpp"
#include "protocol/messages.hpp"
#include "task/table.hpp"
#include "weir/detail/task/recycled.hpp"
#include "worker/places.hpp"

namespace weir::detail::worker {

/// The value of this result goes to that peer, as `ResultData`.
struct SendValue {
  TaskId id;
  std::uint32_t request;
};

using Message =
    std::variant<protocol::RunFinished, protocol::RunFailed, protocol::RunWaits, protocol::RetractReply,
                 protocol::ResultHere, protocol::InputMissing, protocol::GetResult, protocol::DropRequest,
                 protocol::ResultMissing, protocol::InputAt, protocol::MemoryUse, SendValue>;
struct Action {
  PeerId to;
  Message message;
};
using Actions = std::vector<Action>;

/// A task for a thread to run.
struct Execution {
  TaskId id = 0;
  std::uint32_t run = 0;
  bool want_small = false;
  bool out_of_band = false;   ///< It has no slot.
  std::int64_t limit_ns = 0;  ///< The longest it may take; 0: as long as it likes.
  std::uint64_t invoker = 0;
  std::uint64_t function = 0;
  std::uint64_t order = 0;
  Buffer arguments;
  task::Value beside;                             ///< Their large buffers.
  std::vector<task::Value> values;                ///< Of the inputs.
  std::shared_ptr<const Grant> grant;             ///< Null: it asked for no cores or devices.
  std::shared_ptr<const protocol::GangRun> gang;  ///< Null for most.
};

/// What came of it.
struct Outcome {
  TaskId id = 0;
  task::Value value;
  std::uint64_t bytes = 0;
  float duration_s = 0;
  bool was_told = false;  ///< It has been told that nobody wants it, and may have believed it.
  bool has_small = false;
  Buffer small;
  std::shared_ptr<const Failure> failure;
};

/// A peer that asked for a result before it was there.
struct Parked {
  PeerId peer;
  std::uint32_t request;
  bool has_room;  ///< It knew of the value, and how large it is.
};

/// How much memory results may take. Beyond `spill_at` those that have not been used for longest go to disk;
/// beyond `pause_at` no task is started until they have.
struct MemoryLimits {
  std::uint64_t limit = UINT64_MAX;
  std::uint64_t smallest = 64 * 1024;  ///< Smaller results stay where they are.
  std::uint64_t always_heavy =
      1
      << 20;  ///< Results of so many bytes are asked for when there is room, however much memory there is ...
  std::uint64_t most_coming =
      64 << 20;  ///< ... and so many bytes of them at once: more would lie in memory before their turn comes.
  /// Earlier if the process has much memory `beside` its results, so that both stay below the limit.
  [[nodiscard]] std::uint64_t pause_at(std::uint64_t beside = 0) const noexcept {
    const std::uint64_t most = limit / 100 * 95;
    return std::clamp(most - std::min(most, beside), limit / 10 * 4, limit / 10 * 8);
  }
  [[nodiscard]] std::uint64_t resume_at(std::uint64_t beside = 0) const noexcept {
    return pause_at(beside) - limit / 10;
  }
  [[nodiscard]] std::uint64_t spill_at(std::uint64_t beside = 0) const noexcept {
    return pause_at(beside) - limit / 10 * 2;
  }
};

/// A result on its way to disk.
struct Spill {
  TaskId id = 0;
  std::uint64_t number = 0;
  task::Value value;
};

/// What few tasks ask for.
struct Wishes {
  std::vector<Resource> resources;
  std::int64_t limit_ns = 0;
  TaskId actor = 0;    ///< It is called by this task; 0: none.
  task::Value beside;  ///< The large buffers of its arguments.
  std::shared_ptr<const protocol::GangRun> gang;
  std::shared_ptr<const Grant> grant;        ///< While executing.
  std::unique_ptr<protocol::RunTask> again;  ///< Cancelled while it executes, and wanted once more.
  std::unique_ptr<protocol::RunTask> next;   ///< Of a gang: to be run when the cancelled one has ended.
};

struct Record;

/// A result that a task uses; its record stays as long as that of the task is among its waiters.
struct Use {
  TaskId id;
  Record* record;
};

/// What a task needs until it has run: results, of which a worker has many, do not.
struct Assignment {
  std::uint64_t order = 0;
  std::uint64_t invoker = 0;
  std::uint64_t function = 0;
  Buffer arguments;
  std::unique_ptr<Wishes> wishes;  ///< Null for most.
  SmallVector<Use, 4> inputs;
  std::int32_t priority = 0;
  std::uint32_t missing = 0;  ///< Inputs that are not here.

  static void* operator new(std::size_t bytes) { return task::Recycled::take(bytes); }
  static void operator delete(void* block, std::size_t bytes) noexcept { task::Recycled::give(block, bytes); }
};

/// What only a result has that is large enough to be spilled.
struct Bulk {
  std::uint64_t used = 0;    ///< Key in the list of what may be spilled; 0: not in it.
  std::uint64_t number = 0;  ///< Of the `Spill` under way; 0: none.
  task::Value copy;          ///< The same on disk, when it was used while it was written.
};

/// Peers that wait for a result.
struct ParkedPeers {
  SmallVector<Parked, 3> peers;

  static void* operator new(std::size_t bytes) { return task::Recycled::take(bytes); }
  static void operator delete(void* block, std::size_t bytes) noexcept { task::Recycled::give(block, bytes); }
};

/// One task or result as the worker sees it. A program has as many as it has results: two lines of the cache.
struct Record {
  enum class Data : std::uint8_t { absent, fetching, here };
  enum class Run : std::uint8_t { none, waiting, ready, executing };

  Data data = Data::absent;
  Run state = Run::none;
  bool own = false;        ///< The data comes from `run`, which ran here.
  bool keep = false;       ///< A copy is wanted here whoever uses it.
  bool cancelled = false;  ///< Executing, but nobody wants it.
  bool out_of_band = false;
  bool want_small = false;
  bool on_disk = false;         ///< The data is here, but not in memory.
  std::uint8_t scale = 0;       ///< While fetching: so much is coming ...
  bool held : 1 = false;        ///< ... once there is room: it has not been asked for ...
  bool passes : 1 = false;      ///< (A copy that the scheduler is not told of leaves with its last waiter.)
  std::uint16_t asked_run = 0;  ///< ... as the result of this run, a `RunMark` ...
  PeerId asked = 0;             ///< ... of this peer ...
  std::uint32_t request = 0;    ///< ... by this request.
  std::uint32_t run = 0;
  std::uint64_t bytes = 0;
  const TaskId id;
  std::unique_ptr<Assignment> assigned;  ///< While it has a `state`.
  SmallVector<Record*, 3> waiters;       ///< Tasks here that use this result and have not ended.
  std::unique_ptr<ParkedPeers> parked;   ///< Null: there are none.
  task::Value value;
  std::unique_ptr<Bulk> bulk;  ///< Null for most.

  explicit Record(TaskId its_id) noexcept : id(its_id) {}

  [[nodiscard]] const Wishes& wished() const noexcept {
    static const Wishes nothing;
    return assigned && assigned->wishes ? *assigned->wishes : nothing;
  }
  [[nodiscard]] bool is_leaving() const noexcept { return bulk && bulk->number != 0; }
};
static_assert(sizeof(Record) <= 112, "two lines of the cache, with what malloc keeps before them");

/// Everything a worker knows of its tasks and results.
///
/// A task starts when its inputs are here, a thread is free and its resources are; nobody is asked. An input
/// that is still being computed on a peer is requested from it at once, and the peer answers when it has it.
///
/// **Errors.** Never throws because of a peer.
/// **Threads.** Confined to its owner; no locks, no clock, no sending inside.
class State {
 public:
  State(PeerId self, std::uint32_t threads, std::vector<Resource> resources, MemoryLimits memory = {},
        Machine machine = {});

  // --- from the scheduler
  void handle(protocol::RunTask&& message, Actions& out);
  void handle(const protocol::CancelRun& message, Actions& out);
  void handle(const protocol::RetractRun& message, Actions& out);
  void handle(const protocol::FreeResult& message, Actions& out);
  void handle(const protocol::InputAt& message, Actions& out);
  void handle(const protocol::ReplicateResult& message, Actions& out);
  void handle(const protocol::GangBroken& message, Actions& out);

  // --- from peers
  void asked(PeerId from, TaskId id, bool exists, std::uint32_t request, Actions& out);
  void unasked(PeerId from, TaskId id, Actions& out);
  void arrived(PeerId from, TaskId id, std::uint32_t request, task::Value value, std::uint64_t bytes,
               Actions& out);
  void put(TaskId id, task::Value value, std::uint64_t bytes, Actions& out);
  void missing(PeerId from, TaskId id, std::uint32_t request, bool broken, Actions& out);
  void peer_gone(PeerId peer, Actions& out);

  // --- from its threads
  /// The most urgent task that can start now.
  bool take(Execution& out, bool out_of_band = false);
  /// The same, if it stands on the root of a task of this `order`: for the thread of that task, which waits.
  /// What it waits for comes before what else stands there and is as urgent.
  bool take_of_root(Execution& out, std::uint64_t order, TaskId awaited = 0);
  /// The same if it is this one.
  bool take_if_next(Execution& out, TaskId id);
  /// Whether a task of this order, which asks for nothing, is more urgent than all that could start.
  [[nodiscard]] bool goes_first(std::uint64_t order);
  void done(Outcome&& outcome, Actions& out);
  /// A task that waits for others gives its threads away, with their processors, and takes them back. `grant`
  /// is what it was given, if it had asked for something. The scheduler is told, as of the run that what goes
  /// on here counts as now: another than `run` if that was cancelled and wanted once more.
  void secede(TaskId id, std::uint32_t run, const Grant* grant, Actions& out);
  void rejoin(TaskId id, std::uint32_t run, const Grant* grant, Actions& out);
  /// A thread runs what the scheduler does not know of; the slot is its own until it has left it.
  void occupy() noexcept { ++occupied_; }
  void vacate() noexcept { --occupied_; }

  // --- results that leave memory (spill.cpp)
  /// Whether `next_spill` has something to say.
  [[nodiscard]] bool wants_spill() const noexcept {
    return bytes_ - leaving_ > limits_.spill_at(beside_) && !stuck_ && !by_use_.empty() &&
           disk_problem_.empty();
  }
  /// The result to be written to disk now, if there is one.
  bool next_spill(Spill& out, Actions& actions);
  /// It has been written; `on_disk` reads it back when it is used.
  void spilled(Spill&& spill, task::Value on_disk, Actions& out);
  /// It could not be written: because of the disk, which is then left alone until `try_again`, or because
  /// this value cannot be serialized.
  void spill_failed(Spill&& spill, bool because_of_disk, const std::string& why, Actions& out);
  /// What the process has in memory: beyond the results it is what tasks work with and what malloc keeps.
  void note_resident(std::uint64_t bytes, Actions& out);
  /// What could not be spilled some time ago perhaps can now, and what was not asked for may have room.
  void try_again(bool also_disk, Actions& out);
  [[nodiscard]] protocol::MemoryUse memory() const noexcept { return {bytes_, spilled_bytes_, paused_}; }

  [[nodiscard]] const Record* record(TaskId id) const { return records_.find(id); }
  /// A result that is in memory, for somebody of this process; null if it is not.
  [[nodiscard]] const task::Value* result_in_memory(TaskId id);
  [[nodiscard]] const std::vector<TaskId>& executing() const noexcept { return executing_; }
  /// Why threads that run nothing do not: memory is short, inputs that exist are coming, or neither.
  [[nodiscard]] bool is_paused() const noexcept { return paused_; }
  [[nodiscard]] bool is_fetching() const noexcept { return coming_ > 0 || !held_.empty(); }
  /// Of the results in memory.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool has_ready(bool out_of_band = false) const noexcept {
    return out_of_band ? !out_of_band_.empty() : !ready_.empty() || !constrained_.empty();
  }
  [[nodiscard]] bool has_slot() const noexcept { return has_room(1); }
  [[nodiscard]] std::size_t count() const noexcept { return records_.size(); }
  /// Throws `Error{internal}` if an invariant is broken.
  void check() const;

 private:
  [[nodiscard]] bool has_room(std::uint32_t width) const noexcept {
    return taken_ + occupied_ + width <= threads_ + lent_threads_ + out_of_band_running_;
  }
  struct QueueEntry {
    std::int32_t priority;
    std::uint64_t order;
    TaskId id;
    std::uint32_t run;
  };
  static QueueEntry entry_of(const Record& record) noexcept {
    return {record.assigned->priority, record.assigned->order, record.id, record.run};
  }
  static bool later(const QueueEntry& a, const QueueEntry& b) {
    return a.priority != b.priority ? a.priority < b.priority : a.order > b.order;
  }

  void make_ready(Record& record);
  void fetch(TaskId id, Record& record, const protocol::Input& input, Actions& out);
  void end_fetch(Record& record);
  void abandon_fetch(TaskId id, Record& record, Actions& out);
  void seek(TaskId id, const Record& record, Actions& out);
  void take_in(PeerId from, TaskId id, std::uint32_t request, task::Value value, std::uint64_t bytes,
               Actions& out);
  [[nodiscard]] static bool awaited(const Record& record);
  void store(TaskId id, Record& record, task::Value value, std::uint64_t bytes, Actions& out);
  void stay(TaskId id, Record& record, Actions& out);
  void drop_data(Record& record, Actions& out);
  void drop_run(TaskId id, Record& record, Actions& out);
  bool unpark(Record& record, PeerId peer, bool is_client);
  /// Nobody waits for it any more; returns those who did.
  [[nodiscard]] std::unique_ptr<ParkedPeers> take_parked(Record& record);
  void refuse_parked(TaskId id, Record& record, Actions& out);
  std::unique_ptr<Assignment> end_run(Record& record, Actions& out);
  void erase_if_unused(TaskId id, Record& record, Actions& out);
  [[nodiscard]] static bool is_next(const Record& record, std::uint32_t run) noexcept {
    const protocol::RunTask* const next = record.wished().next.get();
    return next && next->run == run;
  }
  [[nodiscard]] bool fits(const Record& record) const;
  [[nodiscard]] bool lacks_only_threads(const Record& record) const;
  [[nodiscard]] bool is_called(TaskId actor) const;
  [[nodiscard]] Record* valid(const QueueEntry& entry);
  /// The most urgent of `ready_` is valid then: its record, null if there is none.
  Record* drop_stale();
  void tell_waits(TaskId id, std::uint32_t run, bool waits, Actions& out) const;
  [[nodiscard]] bool may_start_before_next(const Record& record) const;
  [[nodiscard]] bool choose_constrained(bool has_ready, bool only_ranks, Record*& chosen);
  void start(Record& record, Execution& out);
  void occupy(Record& record);
  void vacate(const Record& record);

  // spill.cpp
  [[nodiscard]] bool is_heavy(std::uint64_t bytes) const noexcept {
    return bytes >= std::max(limits_.smallest, std::min(limits_.limit / 16'384, limits_.always_heavy));
  }
  [[nodiscard]] bool has_room_for(std::uint64_t bytes) const noexcept;
  /// What all results may take, with one of this size, when nothing can leave. Small ones may be a little
  /// beyond the limit: a sum of what fills it to the byte lets that go.
  [[nodiscard]] std::uint64_t most_bytes_with(std::uint64_t bytes) const noexcept {
    return limits_.limit + (bytes <= limits_.limit / 1024 ? limits_.limit / 16 : 0);
  }
  static bool asked_later(const QueueEntry& a, const QueueEntry& b) {
    return later(a, b) || (!later(b, a) && a.run > b.run);
  }
  void hold(TaskId id, const Record& record);
  void ask_held(Actions& out);
  void use(TaskId id, Record& record);
  void leave_list(Record& record);
  void put_on_disk(Record& record, task::Value on_disk);
  void forget_memory(Record& record);
  void note_pressure(Actions& out);
  [[nodiscard]] bool held_back() const noexcept;
  [[nodiscard]] std::shared_ptr<const Failure> no_room(std::uint64_t bytes) const;

  PeerId self_;
  std::uint32_t threads_;
  MemoryLimits limits_;
  std::vector<Resource> free_;
  Places places_;
  task::TaskTable<Record, 1, 64> records_;
  std::size_t fetching_ = 0, parked_ = 0;  // of these, and peers that wait for them
  Backlog<QueueEntry, later> ready_;
  std::vector<QueueEntry>
      constrained_;  // need resources, or others of a gang need them: scanned, so that none blocks another
  std::vector<QueueEntry> out_of_band_;
  std::vector<TaskId> executing_;
  std::vector<TaskId> called_;      // actors, by the calls among these
  std::uint32_t taken_ = 0;         // threads of these
  std::vector<TaskId> seceded_;     // tasks that wait
  std::uint32_t lent_threads_ = 0;  // threads of these
  std::uint32_t occupied_ = 0;
  std::uint32_t out_of_band_running_ = 0;
  std::uint64_t bytes_ = 0;          // in memory
  std::uint64_t spilled_bytes_ = 0;  // on disk
  std::uint64_t leaving_ = 0;        // being written
  std::uint64_t beside_ = 0;         // what the process has in memory beside its results
  std::uint64_t coming_ = 0;         // heavy results that have been asked for and are there
  std::vector<QueueEntry>
      held_;  // a heap of requests (`run`) for heavy results for which there is no room; stale once dropped
  std::uint64_t uses_ = 0;
  std::map<std::uint64_t, TaskId>
      by_use_;  // results in memory that are large enough to be spilled, the one unused for longest first
  bool paused_ = false;
  bool stuck_ = false;        // everything that could be spilled is in use
  std::string disk_problem_;  // why the disk takes nothing
  std::uint32_t requests_ = 0;
};

}  // namespace weir::detail::worker
