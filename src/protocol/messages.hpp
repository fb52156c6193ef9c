// Every message between client, scheduler and workers: one struct each. Sent as the index in `Messages` and
// the struct's members.
#pragma once

#include <algorithm>
#include <bit>
#include <limits>
#include <memory>
#include <tuple>

#include "weir/detail/task/value.hpp"
#include "weir/options.hpp"

namespace weir::detail::protocol {

/// A size in a byte, rounded up to a power of two; 0 is unknown, or nothing.
class Scale {
 public:
  static std::uint8_t of(std::uint64_t bytes) noexcept {
    return bytes < 2 ? 0 : static_cast<std::uint8_t>(std::bit_width(bytes - 1));
  }
  static std::uint64_t bytes(std::uint8_t scale) noexcept {
    return scale == 0 ? 0 : std::uint64_t{1} << std::min<unsigned>(scale, 63);
  }
};

/// A place where an input of a task is, or will be when its task there has finished.
struct Input {
  TaskId task;
  PeerId holder;
  bool exists;         ///< It is there; otherwise it will be.
  std::uint8_t scale;  ///< Its `Scale`, if it exists.
  friend bool operator==(const Input&, const Input&) = default;
};

// --- client -> scheduler

/// Run this when its inputs are there.
struct SubmitTask {
  TaskId id = 0;
  std::uint64_t invoker =
      0;  ///< Portable address of the function that reads the arguments and calls the user's.
  std::uint64_t function = 0;  ///< Portable address of the user's function, for names and time estimates.
  Buffer arguments;
  task::Attached beside;  ///< `task::Beside`, if they have large buffers.
  SmallVector<TaskId, 2> inputs;
  std::shared_ptr<const Options> options;  ///< Null: the defaults.
  TaskId parent = 0;                       ///< The task that submitted it, if one did (0 otherwise).
  bool out_of_band = false;                ///< Runs at once beside the worker's tasks (`Client::run`).
};
/// The client does not want the result any more.
struct ReleaseTask {
  TaskId id;
};
struct CancelFuture {
  TaskId id;
  std::string reason;
};
struct RetryFuture {
  TaskId id;
};
/// The client has put a value into its own worker's store under this id.
struct ScatterHere {
  TaskId id;
};
/// The client asks where a result is, since it could not be fetched from `unreachable`.
struct LocateTask {
  TaskId id;
  PeerId unreachable;
};

// --- scheduler -> client

/// A result exists.
struct TaskDone {
  TaskId id;
  PeerId holder;
  std::uint64_t bytes;
  bool has_small;  ///< `small` is the whole result, serialized.
  Buffer small;
};
struct TaskFailed {
  TaskId id;
  std::shared_ptr<const Failure> failure;
};
/// The result was lost and is being computed again.
struct TaskPending {
  TaskId id;
};

// --- scheduler -> worker

struct RunTask {
  TaskId id = 0;
  std::uint32_t run = 0;    ///< Grows with each assignment; messages about older runs are stale.
  std::uint64_t order = 0;  ///< Smaller first.
  std::int32_t priority = 0;
  bool out_of_band = false;
  bool want_small = false;  ///< A client wants the result: send it along when it is small.
  std::uint64_t invoker = 0;
  std::uint64_t function = 0;
  Buffer arguments;
  task::Attached beside;  ///< `task::Beside`, if they have large buffers.
  SmallVector<Input, 2> inputs;
  std::vector<Resource> resources;
};
/// Forget this run: drop it if it has not started, drop its result otherwise.
struct CancelRun {
  TaskId id;
  std::uint32_t run;
};
/// Give this run back if it has not started.
struct RetractRun {
  TaskId id;
  std::uint32_t run;
};
/// Nobody wants this result any more.
struct FreeResult {
  TaskId id;
};
/// An input of tasks assigned here has moved.
struct InputAt {
  TaskId id;
  PeerId holder;
  bool exists;         ///< It is there; otherwise it will be.
  std::uint8_t scale;  ///< Its `Scale`, if it exists. A holder that says so itself wants to be asked once
                       ///< there is room.
};
/// Copy this result here from `holder`.
struct ReplicateResult {
  TaskId id;
  PeerId holder;
  std::uint8_t scale;  ///< Its `Scale`.
};
/// Where a peer is reached, in the transport's words.
struct PeerAddress {
  PeerId peer;
  std::string contact;
};
/// Further jobs may join; what the transport must know of that.
struct EnterNetwork {
  std::string invitation;
};
struct PeerGone {
  PeerId peer;
};
struct Welcome {
  PeerId you;
  double heartbeat_s;
  double patience_s;    ///< Silence of the scheduler after which it is taken for dead.
  std::uint64_t pid;    ///< The scheduler's process ...
  std::string host_id;  ///< ... on this host.
};
/// The scheduler lives: the answer to a heartbeat.
struct Alive {};
/// A stranger is sent away, with a sentence.
struct Refused {
  std::string reason;
};
/// The cluster closes (or this worker is retired): leave.
struct Shutdown {
  bool abort;  ///< At once, without waiting for what is executing.
};
/// All have said that they leave: go, through MPI_Finalize or, if a rank has died, through _exit.
struct GoodBye {
  bool by_exit;
};

// --- worker -> scheduler

struct Hello {
  std::string build_id;
  std::string name;
  std::string host;
  std::uint64_t pid;
  std::string host_id;  ///< Same for all processes that see each other's process ids.
  std::string
      black_box;  ///< Where the ids of executing tasks can be read, even after its death, on the same host.
  std::uint32_t threads;
  std::vector<Resource> resources;
  std::string job;      ///< The batch job, or group of processes, it came with; empty in the scheduler's own.
  std::string contact;  ///< Where peers of other jobs reach it.
  std::uint64_t memory_limit = 0;                             ///< For results.
  double serves_s = std::numeric_limits<double>::infinity();  ///< Then it leaves, since its job ends: what
                                                              ///< takes longer is not for it.
};
struct RunFinished {
  TaskId id = 0;
  std::uint32_t run = 0;
  std::uint64_t bytes = 0;
  float duration_s = 0;
  bool has_small = false;
  Buffer small;
};
struct RunFailed {
  TaskId id;
  std::uint32_t run;
  std::shared_ptr<const Failure> failure;
};
/// The task's function waits for tasks it has submitted: until it goes on, its thread is another task's.
struct RunWaits {
  TaskId id;
  std::uint32_t run;
  bool waiting;
};
struct RetractReply {
  TaskId id;
  std::uint32_t run;
  bool given_back;
};
/// A copy of a result has arrived here (fetched, replicated or scattered).
struct ResultHere {
  TaskId id;
  std::uint64_t bytes;
};
/// An input could not be fetched from `holder`.
struct InputMissing {
  TaskId id;
  PeerId holder;
};
/// A finished result turned out not to be serializable.
struct ResultBroken {
  TaskId id;
  std::shared_ptr<const Failure> failure;
};
struct Heartbeat {
  std::vector<TaskId> executing;
};
/// What the worker's results take.
struct MemoryUse {
  std::uint64_t managed_bytes = 0;  ///< In memory.
  std::uint64_t spilled_bytes = 0;  ///< On disk.
  bool paused = false;              ///< It starts nothing until memory is free.
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};
struct Leaving {};
/// This worker's job ends soon: hand its results over and let it go, before so many seconds have passed.
struct RetireMe {
  double seconds;
};
/// Where is this peer? The answer is `PeerAddress`, or `PeerGone`.
struct FindPeer {
  PeerId peer;
};
/// A worker of the scheduler's own job is reached by others now.
struct ContactHere {
  std::string contact;
};

// --- any -> any

/// Send me this result when you have it. From the scheduler's side also what `Future::result` sends.
struct GetResult {
  TaskId id;
  bool exists;  ///< The sender knows that it was there: if it is not, it will not come. Otherwise the sender
                ///< may be ahead of the order to compute it.
  std::uint32_t request;  ///< Its number, which the answer repeats: an answer to a request that was dropped
                          ///< is told from the one to a later request.
};
/// The sender does not wait for this result any more.
struct DropRequest {
  TaskId id;
};
/// The result; its value is the message's attachment.
struct ResultData {
  TaskId id;
  std::uint64_t bytes;
  std::uint32_t request;
};
struct ResultMissing {
  TaskId id;
  std::shared_ptr<const Failure> failure;  ///< Why, if the result exists but cannot travel.
  std::uint32_t request;
};
/// Keep this value under this id (scatter); the value is the attachment.
struct PutResult {
  TaskId id;
  std::uint64_t bytes;
};

/// Every message; a new one goes at the end.
using Messages =
    std::tuple<SubmitTask, ReleaseTask, CancelFuture, RetryFuture, LocateTask, TaskDone, TaskFailed,
               TaskPending, RunTask, CancelRun, RetractRun, FreeResult, InputAt, ReplicateResult, PeerGone,
               Welcome, Alive, Refused, Shutdown, GoodBye, Hello, RunFinished, RunFailed, RetractReply,
               ResultHere, InputMissing, ResultBroken, Heartbeat, Leaving, GetResult, ResultData,
               ResultMissing, PutResult, ScatterHere, DropRequest, RunWaits, RetireMe, FindPeer, ContactHere,
               PeerAddress, EnterNetwork, MemoryUse>;

}  // namespace weir::detail::protocol
