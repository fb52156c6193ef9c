// What clients and workers say to the scheduler: one struct each.
#pragma once

#include <limits>

#include "protocol/parts.hpp"
#include "protocol/seen.hpp"
#include "weir/detail/protocol/ask.hpp"

namespace weir::detail::protocol {

// --- clients

/// Run this when its inputs are there.
struct SubmitTask {
  static constexpr bool has_beside = true;
  TaskId id = 0;
  std::uint64_t invoker =
      0;  ///< Portable address of the function that reads the arguments and calls the user's.
  std::uint64_t function = 0;  ///< Portable address of the user's function, for names and time estimates.
  Buffer arguments;
  task::Attached beside;  ///< `task::Beside`, if they have large buffers.
  SmallVector<TaskId, 4> inputs;
  std::shared_ptr<const Options> options;  ///< Null: the defaults.
  TaskId parent = 0;                       ///< The task that submitted it, if one did (0 otherwise).
  bool out_of_band = false;                ///< Runs at once beside the worker's tasks (`Client::run`).
  std::shared_ptr<const GangPlace> gang;   ///< Null for most.
  ActorPart part = ActorPart::none;
  bool follows = false;  ///< The last of the inputs only has to be done, however it ends.
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
/// The client asks where a result is, since it could not be fetched from `unreachable`. That is nothing new
/// if its task has begun another run since, unless the peer says so of itself.
struct LocateTask {
  TaskId id;
  PeerId unreachable;
  std::uint16_t run = 0;  ///< The `RunMark` of what was asked for.
};

// --- workers

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
  bool is_guest = false;  ///< Another program that submits tasks, and runs none.
};
struct RunFinished {
  TaskId id = 0;
  std::uint32_t run = 0;
  std::uint64_t bytes = 0;
  float duration_s = 0;
  bool has_small = false;
  Buffer small;
};
/// Tasks of a function that the scheduler was not told of, since the one that had submitted them ran them
/// itself.
struct RanInPlace {
  std::uint64_t function = 0;
  std::int64_t count = 0;  ///< Below 0: so many are told of now, and count as others do.
  double duration_s = 0;   ///< Of all.
};
/// Ahead of `RunFinished`: what a rank of a gang has called.
struct GangCalls {
  TaskId id;
  std::uint32_t run;
  std::vector<GangTraffic> traffic;
  std::string last;  ///< Its last collective call, in words.
};
struct RunFailed {
  TaskId id;
  std::uint32_t run;
  std::shared_ptr<const Failure> failure;
  float duration_s = 0;  ///< 0: its function has not been called.
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
  bool came_back;
};
/// A copy of a result has arrived here (fetched, replicated or scattered).
struct ResultHere {
  TaskId id;
  std::uint64_t bytes;
};
/// An input could not be fetched from `holder`. That is nothing new if its task has begun another run since
/// that peer was asked; what a peer says of itself is always true.
struct InputMissing {
  TaskId id;
  PeerId holder;
  std::uint16_t run = 0;  ///< The `RunMark` of what was asked for.
};
/// A finished result turned out not to be serializable.
struct ResultBroken {
  TaskId id;
  std::shared_ptr<const Failure> failure;
};
struct Heartbeat {
  static constexpr bool is_sign_of_life = true;
  std::vector<TaskId> executing;
};
/// What the worker's results take.
struct MemoryUse {
  static constexpr bool is_sign_of_life = true;
  std::uint64_t managed_bytes = 0;  ///< In memory.
  std::uint64_t spilled_bytes = 0;  ///< On disk.
  bool paused = false;              ///< It starts nothing until memory is free.
  friend bool operator==(const MemoryUse&, const MemoryUse&) = default;
};
/// Whether this worker has callbacks of futures that the end of the program waits for.
struct AwaitsDone {
  bool any;
};
struct Leaving {};
/// This worker's job ends soon: hand its results over and let it go, before so many seconds have passed.
struct RetireMe {
  double seconds;
};
/// Where is this peer? The answer is `PeerAddress`, or `PeersGone`.
struct FindPeer {
  PeerId peer;
};
/// A worker of the scheduler's own job is reached by others now.
struct ContactHere {
  std::string contact;
};

/// Everything that rank 0 must answer: `on(PeerId, Message&&)`.
using ToScheduler =
    std::tuple<SubmitTask, ReleaseTask, CancelFuture, RetryFuture, LocateTask, ScatterHere, Hello, GangCalls,
               RunFinished, RunFailed, RanInPlace, RunWaits, RetractReply, ResultHere, InputMissing,
               ResultBroken, Heartbeat, MemoryUse, Seen, AwaitsDone, Leaving, RetireMe, FindPeer, ContactHere,
               ResultData, SmallResult, ResultMissing, Ask, Unask>;

}  // namespace weir::detail::protocol
