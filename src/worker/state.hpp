// State: the worker as a pure state machine.
#pragma once

#include <variant>
#include <vector>

#include "protocol/messages.hpp"
#include "task/table.hpp"

namespace weir::worker {

/// The value of this result goes to that peer, as `ResultData`.
struct SendValue {
  TaskId id;
};

using Message = std::variant<protocol::RunFinished, protocol::RunFailed, protocol::RetractReply, protocol::ResultHere, protocol::InputMissing, protocol::GetResult,
                             protocol::DropRequest, protocol::ResultMissing, SendValue>;
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
  std::uint64_t invoker = 0;
  std::uint64_t function = 0;
  std::uint64_t order = 0;
  Buffer arguments;
  SmallVector<TaskId, 2> inputs;
  std::vector<task::Value> values;  ///< Of the inputs.
};

/// What came of it.
struct Outcome {
  TaskId id = 0;
  task::Value value;
  std::uint64_t bytes = 0;
  float duration_s = 0;
  bool has_small = false;
  Buffer small;
  std::shared_ptr<const Failure> failure;
};

/// One task or result as the worker sees it.
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
  std::int32_t priority = 0;
  std::uint32_t run = 0;
  std::uint32_t missing = 0;
  PeerId asked = 0;  ///< While fetching.
  std::uint64_t order = 0;
  std::uint64_t bytes = 0;
  std::uint64_t invoker = 0;
  std::uint64_t function = 0;
  Buffer arguments;
  SmallVector<TaskId, 2> inputs;
  SmallVector<TaskId, 2> waiters;  ///< Tasks here that use this result and have not started.
  SmallVector<PeerId, 2> parked;   ///< Peers that asked for the result before it was there.
  std::vector<Resource> resources;
  task::Value value;
};

/// Everything a worker knows of its tasks and results.
///
/// A task starts when its inputs are here, a thread is free and its resources are; nobody is asked. An input that is still being computed on a
/// peer is requested from it at once, and the peer answers when it has it.
///
/// **Errors.** Never throws because of a peer.
/// **Threads.** Confined to its owner; no locks, no clock, no sending inside.
class State {
 public:
  State(PeerId self, std::uint32_t threads, std::vector<Resource> resources) : self_(self), threads_(threads), free_(std::move(resources)) {}

  // --- from the scheduler
  void handle(protocol::RunTask&& message, Actions& out);
  void handle(const protocol::CancelRun& message, Actions& out);
  void handle(const protocol::RetractRun& message, Actions& out);
  void handle(const protocol::FreeResult& message, Actions& out);
  void handle(const protocol::InputAt& message, Actions& out);
  void handle(const protocol::ReplicateResult& message, Actions& out);

  // --- from peers
  void asked(PeerId from, TaskId id, bool exists, Actions& out);
  void unasked(PeerId from, TaskId id, Actions& out);
  void arrived(PeerId from, TaskId id, task::Value value, std::uint64_t bytes, Actions& out);
  void put(TaskId id, task::Value value, std::uint64_t bytes, Actions& out);
  void missing(PeerId from, TaskId id, bool broken, Actions& out);
  void peer_gone(PeerId peer, Actions& out);

  // --- from its threads
  /// The most urgent task that can start now.
  bool take(Execution& out, bool out_of_band = false);
  void done(Outcome&& outcome, Actions& out);
  /// A task that waits for others gives its slot away, and takes it back.
  void secede() noexcept { ++seceded_; }
  void rejoin() noexcept { --seceded_; }

  [[nodiscard]] const Record* record(TaskId id) const { return records_.find(id); }
  [[nodiscard]] const std::vector<TaskId>& executing() const noexcept { return executing_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool has_ready(bool out_of_band = false) const noexcept { return out_of_band ? !out_of_band_.empty() : !ready_.empty() || !constrained_.empty(); }
  [[nodiscard]] bool has_slot() const noexcept { return executing_.size() < threads_ + seceded_ + out_of_band_running_; }
  [[nodiscard]] std::size_t count() const noexcept { return records_.size(); }
  void set_self(PeerId self) noexcept { self_ = self; }
  /// Throws `Error{internal}` if an invariant is broken.
  void check() const;

 private:
  struct Ticket {
    std::int32_t priority;
    std::uint64_t order;
    TaskId id;
    std::uint32_t run;
  };
  static bool later(const Ticket& a, const Ticket& b) { return a.priority != b.priority ? a.priority < b.priority : a.order > b.order; }

  void make_ready(TaskId id, Record& record);
  void fetch(TaskId id, Record& record, PeerId holder, bool exists, Actions& out);
  void abandon_fetch(TaskId id, Record& record, Actions& out);
  void seek(TaskId id, const Record& record, Actions& out);
  [[nodiscard]] bool awaited(const Record& record) const;
  void store(TaskId id, Record& record, task::Value value, std::uint64_t bytes, Actions& out);
  void drop_data(Record& record);
  void drop_run(TaskId id, Record& record, Actions& out);
  void refuse_parked(TaskId id, Record& record, Actions& out);
  void release_inputs(TaskId id, Record& record, Actions& out);
  void erase_if_unused(TaskId id, Record& record, Actions& out);
  [[nodiscard]] bool fits(const Record& record) const;
  [[nodiscard]] Record* valid(const Ticket& ticket);
  void occupy(const Record& record, double sign);

  PeerId self_;
  std::uint32_t threads_;
  std::vector<Resource> free_;
  task::TaskTable<Record> records_;
  std::vector<Ticket> ready_;        // a heap
  std::vector<Ticket> constrained_;  // need resources: scanned, so that a large one does not block small ones
  std::vector<Ticket> out_of_band_;
  std::vector<TaskId> executing_;
  std::uint32_t seceded_ = 0;
  std::uint32_t out_of_band_running_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace weir::worker
