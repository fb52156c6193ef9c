// What the scheduler and peers say to a worker and its client: one struct each.
#pragma once

#include "protocol/parts.hpp"
#include "weir/detail/protocol/ask.hpp"

namespace weir::detail::protocol {

// --- to its client

/// A result exists.
struct TaskDone {
  TaskId id;
  PeerId holder;
  std::uint16_t run;  ///< The `RunMark` of what made it.
  std::uint64_t bytes;
  bool has_small;  ///< `small` is the whole result, serialized.
  Buffer small;
};
struct TaskFailed {
  TaskId id;
  std::shared_ptr<const Failure> failure;
};
/// The result was lost and is being computed again; or, `retried`, the client's RetryFuture has arrived: what
/// came before this message is about the time before it.
struct TaskPending {
  TaskId id = 0;
  bool retried = false;
};

// --- from the scheduler

/// What few tasks have, so that the others send one byte for it.
struct RunExtras {
  std::vector<Resource> resources;
  std::int64_t limit_ns = 0;            ///< The longest it may take; 0: as long as it likes.
  std::shared_ptr<const GangRun> gang;  ///< Null for most.
  bool is_call = false;  ///< Of the actor that its first input is: no other one runs meanwhile.

  void write_bytes(Writer& writer) const {
    const bool is_there = !resources.empty() || limit_ns != 0 || gang || is_call;
    write(writer, is_there);
    if (is_there)
      write(writer, resources), write(writer, limit_ns), write(writer, gang), write(writer, is_call);
  }
  void read_bytes(Reader& reader) {
    bool is_there = false;
    read(reader, is_there);
    if (is_there) read(reader, resources), read(reader, limit_ns), read(reader, gang), read(reader, is_call);
  }
};
struct RunTask {
  static constexpr bool has_beside = true;
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
  SmallVector<Input, 4> inputs;
  RunExtras extras;
};
/// This attempt of a gang has failed: its members leave.
struct GangBroken {
  TaskId id;  ///< The member.
  std::uint32_t run;
  TaskId leader;
  std::uint32_t attempt;  ///< `GangRun::run`.
  std::string reason;
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
  bool exists;            ///< It is there; otherwise it will be.
  std::uint8_t scale;     ///< Its `Scale`, if it exists. A holder that says so itself wants to be asked once
                          ///< there is room.
  std::uint16_t run = 0;  ///< The `RunMark` of what made it, or will; 0: the one that was asked for.
};
/// Copy this result here from `holder`.
struct ReplicateResult {
  TaskId id;
  PeerId holder;
  std::uint8_t scale;     ///< Its `Scale`.
  std::uint16_t run = 0;  ///< The `RunMark` of what made it.
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
struct PeersGone {
  std::vector<PeerId> peers;
};
struct Welcome {
  PeerId you;
  double heartbeat_s;
  double patience_s;    ///< Silence of the scheduler after which it is taken for dead.
  std::uint64_t pid;    ///< The scheduler's process ...
  std::string host_id;  ///< ... on this host.
};
/// The scheduler lives: the answer to a heartbeat.
struct Alive {
  static constexpr bool is_sign_of_life = true;
  std::uint32_t seen_blocks = 0;  ///< So many blocks may the worker tell of each time; 0: it says no `Seen`.
  std::uint32_t seen_ms = 1000;   ///< How often it says `Seen`.
};
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

// --- from peers; of those that hold results, rank 0 is one

/// Send me this result when you have it. From the scheduler's side also what `Future::result` sends.
struct GetResult {
  TaskId id;
  bool exists;  ///< The sender knows that it was there: if it is not, it will not come. Otherwise the sender
                ///< may be ahead of the order to compute it.
  std::uint32_t request;  ///< Its number, which the answer repeats: an answer to a request that was dropped
                          ///< is told from the one to a later request. A client's is a `ClientRequest`.
};
/// What one rank of a gang says to another.
struct GangData {
  TaskId leader;
  std::uint32_t run;
  std::uint32_t from;  ///< Ranks.
  std::uint32_t to;
  GangStep step;
  Buffer bytes;
};
/// Rank `to` is asked whether the last of those who wait, each for the next, waits in vain.
struct GangAsk {
  TaskId leader;
  std::uint32_t run;
  std::uint32_t to;
  std::vector<GangWait> waits;  ///< The first has asked.
};
/// It does, and why.
struct GangStuck {
  TaskId leader;
  std::uint32_t run;
  std::uint32_t to;
  std::string reason;
};
/// The sender does not wait for this result any more.
struct DropRequest {
  TaskId id;
};
/// Keep this value under this id (scatter); the value is the attachment.
struct PutResult {
  static constexpr bool has_value = true;
  TaskId id;
  std::uint64_t bytes;
};

/// Everything that a worker must answer: `on(PeerId, Message&&)`.
using ToWorker = std::tuple<TaskDone, TaskFailed, TaskPending, RunTask, CancelRun, RetractRun, FreeResult,
                            InputAt, ReplicateResult, PeerAddress, EnterNetwork, PeersGone, Welcome, Alive,
                            Refused, Shutdown, GoodBye, GetResult, DropRequest, PutResult, ResultData,
                            SmallResult, ResultMissing, GangBroken, GangData, GangAsk, GangStuck, Answer>;

}  // namespace weir::detail::protocol
