// The client's machinery behind Future and Client: states of futures, and the link to the scheduler.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "weir/detail/journal/key.hpp"
#include "weir/detail/protocol/actor_part.hpp"
#include "weir/detail/task/value.hpp"
#include "weir/options.hpp"
#include "weir/snapshot.hpp"

namespace weir {

/// What a future knows of its task.
enum class Status : std::uint8_t {
  pending,   ///< Not finished yet.
  finished,  ///< The result exists.
  error,     ///< It failed; `result()` throws why.
  cancelled  ///< It was cancelled; `result()` throws that.
};
[[nodiscard]] std::string_view to_string(Status status) noexcept;

namespace detail::protocol {
struct SubmitTask;
}
namespace detail::journal {
struct Function;
}

namespace detail::client {

/// Arguments below are written and read in less time than it takes to keep them apart.
constexpr std::size_t worth_giving_bytes = 1024;

class ClusterLink;
class LinkShare;

/// What is called when a future is done.
struct Callback {
  std::function<void()> call;
  bool awaited = true;  ///< The cluster is not closed before.
};

/// What the journal has to do with a future.
struct Kept {
  journal::Key key;
  const journal::Function* function = nullptr;  ///< Null: only its key is known.
  const task::TypeOps* result = nullptr;
  std::atomic<bool> only_here{false};  ///< Found in the journal; the scheduler does not know it yet.
  std::atomic<bool> to_keep{false};    ///< Not known to be on the disk yet.
  std::atomic<bool> settled{false};    ///< Handed to the journal, or given up.
};

/// A task whose result is to be kept.
struct KeptCall {
  std::int64_t version = 0;
  const task::TypeOps* result = nullptr;
  journal::Hasher arguments{};
};

/// The shared state of all copies of one future; the last copy releases the task.
struct FutureState {
  FutureState() = default;
  FutureState(const FutureState&) = delete;
  virtual ~FutureState() = default;
  static void* operator new(std::size_t bytes) { return task::Recycled::take(bytes); }
  static void operator delete(void* block, std::size_t bytes) noexcept { task::Recycled::give(block, bytes); }

  std::atomic<std::uint32_t> references{1};
  std::atomic<Status> status{Status::pending};
  std::atomic<bool> has_value{false};  ///< `value` or `small` is the result.
  std::atomic<bool> is_untold{false};  ///< The scheduler does not know its task: it is a `Pocketed`.
  bool has_small = false;
  bool fetching = false;
  PeerId holder = 0;
  TaskId id = 0;
  std::uint64_t function = 0;              ///< Of the task, for its name ...
  std::shared_ptr<const Options> options;  ///< ... which may be here.
  std::shared_ptr<ClusterLink> core;
  LinkShare* share = nullptr;  ///< What keeps the core instead; null: `core` itself does.
  Buffer small;                ///< The whole result, serialized, when it is small.
  task::Value value;
  std::shared_ptr<const Failure> failure;
  std::vector<Callback> callbacks;
  std::unique_ptr<Kept> kept;  ///< Null for most.
};

/// Counts references; the last one releases.
class FutureRef {
 public:
  FutureRef() = default;
  explicit FutureRef(FutureState* adopted) noexcept : state_(adopted) {}
  FutureRef(const FutureRef& other) noexcept : state_(other.state_) {
    if (state_) state_->references.fetch_add(1, std::memory_order_relaxed);
  }
  FutureRef(FutureRef&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  FutureRef& operator=(FutureRef other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~FutureRef() {
    if (state_ && (is_alone() || state_->references.fetch_sub(1, std::memory_order_acq_rel) == 1))
      last_gone(state_);
  }
  FutureState* operator->() const noexcept { return state_; }
  [[nodiscard]] FutureState* get() const noexcept { return state_; }
  explicit operator bool() const noexcept { return state_ != nullptr; }

 private:
  // Of one that is done nobody makes references but from another reference.
  [[nodiscard]] bool is_alone() const noexcept {
    return state_->status.load(std::memory_order_acquire) != Status::pending &&
           state_->references.load(std::memory_order_acquire) == 1;
  }
  static void last_gone(FutureState* state) noexcept;
  FutureState* state_ = nullptr;
};

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// A task about to be submitted.
struct Request {
  // Not inline: every function that is submitted somewhere would be compiled with them.
  Request();
  Request(std::uint64_t invoker, std::uint64_t function, std::shared_ptr<const Options> options,
          bool out_of_band);
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  ~Request();

  std::uint64_t invoker = 0;
  std::uint64_t function = 0;
  Buffer arguments;
  std::vector<Block> beside;      ///< Their large buffers.
  std::vector<task::Value> live;  ///< Those of them that are not written.
  /// What is beside the arguments; empty if nothing is.
  [[nodiscard]] task::Value take_beside() {
    return beside.empty() && live.empty() ? task::Value() : take_all_beside();
  }
  SmallVector<TaskId, 4> inputs;
  std::vector<FutureRef> untold;  ///< Those of them that only a thread of this process knows.
  std::shared_ptr<const Options> options;
  bool out_of_band = false;
  protocol::ActorPart part = protocol::ActorPart::none;
  bool follows = false;  ///< The last of the inputs only has to be done, however it ends.

 private:
  task::Value take_all_beside();
};

/// How the tasks of a gang are placed.
struct GangShape {
  int per_node = 0;
  bool separate = false;
};

/// What can only be asked where the scheduler lives.
class Overseer {
 public:
  virtual ~Overseer() = default;
  [[nodiscard]] virtual Snapshot snapshot() = 0;
  [[nodiscard]] virtual std::vector<PeerId> who_has(TaskId id) = 0;
  [[nodiscard]] virtual std::vector<std::string> explain(TaskId id) = 0;
  virtual void retire(PeerId worker, Deadline deadline) = 0;
  virtual void restart() = 0;
};

/// Submits, waits and fetches. One per process that has a client.
///
/// **Threads.** Any.
class ClusterLink {
 public:
  virtual ~ClusterLink() = default;
  /// Nothing can be asked of its tasks any more.
  [[nodiscard]] bool has_ended() const noexcept { return has_ended_.load(std::memory_order_relaxed); }

  /// Arguments of at least so many bytes need not be written: smaller ones go along with others.
  [[nodiscard]] std::size_t gives_from() const noexcept { return gives_from_; }

  [[nodiscard]] virtual FutureRef submit(Request&& request) = 0;
  /// One for each rank; they run at the same time, or not at all.
  [[nodiscard]] virtual std::vector<FutureRef> submit_gang(std::vector<Request>&& ranks,
                                                           const GangShape& shape) = 0;
  /// Puts `value` on `workers` (empty: one that the scheduler chooses).
  [[nodiscard]] virtual FutureRef scatter(task::Value value, const std::vector<PeerId>& workers) = 0;
  /// Waits until the future is not pending; whether it is. Drives the cluster meanwhile.
  virtual bool wait(FutureState& state, Deadline deadline) = 0;
  /// Waits for any change: until `ready()` or the deadline; whether it is ready.
  virtual bool wait_until(const std::function<bool()>& ready, Deadline deadline) = 0;
  /// Polls once if nobody else does; whether anything happened.
  virtual bool drive() = 0;
  /// Brings the value here; throws `TaskError` if there is none, `Error{timeout}` at the deadline.
  virtual void fetch(FutureState& state, Deadline deadline) = 0;
  /// Starts bringing the values of finished futures here.
  virtual void prefetch(const std::vector<FutureState*>& states) = 0;
  virtual void cancel(FutureState& state, const std::string& reason) = 0;
  virtual void retry(FutureState& state) = 0;
  /// Calls `done` once when the future is not pending any more, at once if it is not; the cluster is not
  /// closed before, unless it need not be `awaited`.
  virtual void on_done(FutureState& state, std::function<void()> done, bool awaited) = 0;
  /// Its task runs to its end though nobody else may hold the future; the cluster is not closed before.
  virtual void see_through(const FutureRef& future);
  virtual void release(FutureState* state) noexcept = 0;

  /// Whether there is a journal here; without one, `submit_kept` is not called.
  [[nodiscard]] virtual bool keeps_results() const noexcept { return false; }
  [[nodiscard]] virtual FutureRef submit_kept(Request&& request, KeptCall&&) {
    return submit(std::move(request));
  }
  /// Of a future that is kept: returns when what the program has just seen will outlive it.
  virtual void seen(FutureState&) {}
  /// Of a future that is kept, or whose task only a thread of this process knows: the scheduler knows it
  /// afterwards.
  virtual void hand_out(FutureState&) {}
  /// What a future is known by: of what it was made if it is kept, else by its bytes, which are brought here.
  [[nodiscard]] virtual journal::Key key_of(FutureState& state);
  /// A result that is a file in the journal.
  struct KeptFile {
    std::string path;       ///< Whole once it is there.
    bool is_there = false;  ///< And then counted as reused.
  };
  /// Notes it and counts it. **Errors.** Throws `Error{cancelled}` if nothing is to be computed.
  [[nodiscard]] virtual KeptFile keep_file(const journal::Key& key, const std::string& function,
                                           std::int64_t version, std::uint64_t bytes);
  /// Throws `Error{unsupported}` where there is no place for a journal.
  virtual void keep_results(const std::string& folder);

  /// Calls `work` once, when the program's body has returned and the cluster still works: for what has been
  /// begun and must be finished.
  void at_end(std::function<void()> work);
  void finish_begun();

  /// Who knows the whole cluster.
  ///
  /// **Errors.** Throws `Error{unsupported}` where only tasks run and `Error{closed}` once the cluster has
  /// ended; both sentences begin with `who`.
  virtual Overseer& overseer(const char* who) = 0;

  /// The core of the process: of the program's body, or of the task that runs in this thread. Null outside
  /// `weir::run`.
  static std::shared_ptr<ClusterLink> current() noexcept;
  static void set_current(std::shared_ptr<ClusterLink> core) noexcept;

 protected:
  /// Tasks run in this process: before anybody submits.
  void set_gives_from(std::size_t bytes) noexcept { gives_from_ = bytes; }
  void end() noexcept { has_ended_.store(true, std::memory_order_relaxed); }

 private:
  std::atomic<bool> has_ended_{false};
  std::size_t gives_from_ = block_bytes;
  std::mutex at_end_mutex_;
  std::vector<std::function<void()>> at_end_;
};

/// Throws what `state` failed with.
[[noreturn]] void throw_failure(const FutureState& state);
/// Throws `Error{invalid_argument}`: a future without a task was used.
[[noreturn]] void throw_empty(const char* what);
/// Throws `Error{closed}`: a task of a cluster that has ended is to be an input.
[[noreturn]] void throw_ended();
[[noreturn]] void throw_timeout(const char* what, std::chrono::nanoseconds waited, const FutureState& state);

}  // namespace detail::client
}  // namespace weir
