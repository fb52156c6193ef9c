// FutureTable: futures and their states, on top of whatever reaches the scheduler.
#pragma once

#include <thread>

#include "protocol/messages.hpp"
#include "task/table.hpp"
#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

/// One thread at a time drives a node: polls, decides, sends. Re-entrant, since a callback of the driver may
/// use its client.
class Baton {
 public:
  void lock() {
    const auto self = std::this_thread::get_id();
    if (owner_.load(std::memory_order_relaxed) == self) {
      ++depth_;
      return;
    }
    if (!mutex_.try_lock()) {
      wanted_.fetch_add(1, std::memory_order_relaxed);
      mutex_.lock();
      wanted_.fetch_sub(1, std::memory_order_relaxed);
    }
    owner_.store(self, std::memory_order_relaxed);
  }
  bool try_lock() {
    const auto self = std::this_thread::get_id();
    if (owner_.load(std::memory_order_relaxed) == self) {
      ++depth_;
      return true;
    }
    if (!mutex_.try_lock()) return false;
    owner_.store(self, std::memory_order_relaxed);
    return true;
  }
  void unlock() {
    if (depth_ > 0) {
      --depth_;
      return;
    }
    owner_.store({}, std::memory_order_relaxed);
    mutex_.unlock();
  }
  /// Somebody waits for it: whoever polls in a loop lets them pass.
  [[nodiscard]] bool wanted() const noexcept { return wanted_.load(std::memory_order_relaxed) > 0; }
  [[nodiscard]] bool outermost() const noexcept { return depth_ == 0; }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_{};
  std::atomic<int> wanted_{0};
  int depth_ = 0;
};

/// The task that this thread runs, if it runs one: its client submits in its name, and its slot is given away
/// while it waits.
struct TaskScope {
  TaskId id = 0;
  int depth = 0;  ///< Tasks below it on this thread's stack.
  std::function<void()> secede, rejoin;
  std::function<bool()> help;  ///< Runs another task meanwhile; whether there was one.
  static TaskScope*& current() noexcept {
    thread_local TaskScope* scope = nullptr;
    return scope;
  }
};

/// Client machinery shared by the scheduler's process and the workers.
///
/// **Threads.** Public functions: any. Protected ones: under the baton.
class FutureTable : public ClusterLink, public std::enable_shared_from_this<FutureTable> {
 public:
  FutureRef submit(Request&& request) override;
  FutureRef scatter(task::Value value, const std::vector<PeerId>& workers) override;
  bool wait(FutureState& state, Deadline deadline) override;
  bool wait_until(const std::function<bool()>& ready, Deadline deadline) override;
  void fetch(FutureState& state, Deadline deadline) override;
  void prefetch(const std::vector<FutureState*>& states) override;
  void cancel(FutureState& state, const std::string& reason) override;
  void retry(FutureState& state) override;
  void on_done(FutureState& state, std::function<void()> done, bool awaited) override;
  void release(FutureState* state) noexcept override;

 protected:
  // What a node provides, under the baton.
  [[nodiscard]] virtual PeerId self() const = 0;
  virtual void to_scheduler(protocol::SubmitTask&& message) = 0;
  virtual void to_scheduler(const protocol::ReleaseTask& message) = 0;
  virtual void to_scheduler(const protocol::CancelFuture& message) = 0;
  virtual void to_scheduler(const protocol::RetryFuture& message) = 0;
  virtual void to_scheduler(const protocol::LocateTask& message) = 0;
  virtual void ask_for(PeerId holder, TaskId id) = 0;
  virtual void put(TaskId id, task::Value value, const std::vector<PeerId>& workers) = 0;
  /// After a submission: sends what should not wait.
  virtual void submitted() = 0;
  /// Sleeps a little; `idle` is how long nothing has happened. Not under the baton.
  virtual void doze(std::chrono::nanoseconds idle) = 0;

  // What arrives for this client, under the baton.
  void on(protocol::TaskDone&& message);
  void on(const protocol::TaskFailed& message);
  void on(const protocol::TaskPending& message);
  /// Whether the value was for this client.
  bool on_value(TaskId id, const task::Value& value);
  void on_missing(PeerId from, const protocol::ResultMissing& message);
  void on_peer_gone(PeerId peer);
  /// Throws `Error{closed}`, which begins with `who`, once `close` has been called.
  void require_open(const char* who);
  /// Every future fails with this reason; nothing is accepted any more.
  void close(const std::string& reason);
  [[nodiscard]] std::size_t callbacks_pending() const noexcept { return callbacks_pending_; }
  /// Whether callbacks wait for somebody who gives the baton back; any thread may ask.
  [[nodiscard]] bool callbacks_due() const noexcept { return has_due_.load(std::memory_order_relaxed); }

  /// Takes the baton; when it is given back, the callbacks of futures that are done now are called.
  class Hold {
   public:
    explicit Hold(FutureTable& base) : base_(base) { base_.baton_.lock(); }
    Hold(FutureTable& base, std::adopt_lock_t) : base_(base) {}
    Hold(const Hold&) = delete;
    ~Hold() { base_.give_back(); }

   private:
    FutureTable& base_;
  };

  Baton baton_;
  std::atomic<int> sleepers_{0};

 private:
  friend class Hold;
  void give_back();
  [[nodiscard]] FutureRef fresh();
  void settle(FutureState& state, Status status);
  [[nodiscard]] FutureState* find(TaskId id);
  [[nodiscard]] bool is_gone(PeerId peer) const noexcept { return peer < gone_.size() && gone_[peer]; }

  task::TaskTable<FutureState*> futures_;
  std::vector<bool> gone_;  // peers that have died or left
  std::uint64_t next_ = 0;
  std::vector<Callback> due_;
  std::atomic<bool> has_due_{false};
  std::size_t callbacks_pending_ = 0;
  std::string closed_;
};

}  // namespace weir::detail::client
