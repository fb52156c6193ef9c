// FutureTable: the futures of one process and what is known of them.
#pragma once

#include <unordered_map>

#include "comm/bell.hpp"
#include "protocol/messages.hpp"
#include "task/table.hpp"
#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

/// States of futures, by the ids of their tasks: what messages of the scheduler change, and the callbacks
/// that are due because of it. It sends nothing and waits for nothing; a node has one.
///
/// **Threads.** Of its node, under the baton; `callbacks_due` and `take_id` any.
class FutureTable {
 public:
  /// A future of a new task of process `self`, pending.
  ///
  /// **Errors.** Throws `Error{closed}` once closed; the sentence begins with `who`.
  [[nodiscard]] FutureRef make(PeerId self, std::shared_ptr<ClusterLink> link, const char* who);
  /// The number of a further task; any thread.
  [[nodiscard]] TaskId take_id(PeerId self) noexcept {
    return make_task_id(self, next_.fetch_add(1, std::memory_order_relaxed) + 1);
  }
  /// A future that was made elsewhere is here from now on; it fails once closed.
  void adopt(FutureState& state);
  /// Throws `Error{closed}`, which begins with `who`, once `close` has been called.
  void require_open(const char* who) const;
  [[nodiscard]] bool closed() const noexcept { return !closed_.empty(); }
  /// Every future that has no result fails with this reason; none is made any more.
  void close(const std::string& reason);

  /// Null if it is not here.
  [[nodiscard]] FutureState* find(TaskId id);
  /// The last copy has gone. Returns whether it was there.
  bool erase(TaskId id);
  /// False if it had failed or been cancelled before.
  bool cancel(FutureState& state, const std::string& reason);
  /// Pending again; false if it has neither failed nor been cancelled.
  bool retry(FutureState& state);
  void on_done(FutureState& state, std::function<void()> done, bool awaited);

  /// The bell rings each time that the future is settled or its value comes, until `await_no_more`.
  void await(TaskId id, comm::Bell& bell) { awaiting_.emplace(id, &bell); }
  void await_no_more(TaskId id, comm::Bell& bell);

  // What arrives.
  void on(protocol::TaskDone&& message);
  void on(const protocol::TaskFailed& message);
  void on(const protocol::TaskPending& message);
  /// Whether the value was for a future here.
  bool on_value(TaskId id, const task::Value& value);
  /// What the scheduler is asked if a future here waits for a value that `from` does not have.
  [[nodiscard]] std::optional<protocol::LocateTask> on_missing(PeerId from,
                                                               const protocol::ResultMissing& message);
  /// What it is asked for the futures that wait for a value from this peer.
  [[nodiscard]] std::vector<protocol::LocateTask> on_peer_gone(PeerId peer);
  /// The `RunMark` of the run whose result it has, or had last.
  [[nodiscard]] std::uint16_t run_of(TaskId id) const;
  [[nodiscard]] bool is_gone(PeerId peer) const noexcept { return peer < gone_.size() && gone_[peer]; }

  /// Callbacks of futures that are done now; they are no longer due.
  [[nodiscard]] std::vector<Callback> take_due();
  /// Whether there are such.
  [[nodiscard]] bool callbacks_due() const noexcept { return has_due_.load(std::memory_order_relaxed); }
  /// Awaited callbacks that have not returned; `called` says that one has.
  [[nodiscard]] std::size_t callbacks_pending() const noexcept { return callbacks_pending_; }
  void called() { --callbacks_pending_; }

 private:
  void settle(FutureState& state, Status status);
  void ring(TaskId id);
  void fail_closed(FutureState& state);
  [[nodiscard]] bool is_late(const FutureState& state) const;

  task::TaskTable<FutureState*> futures_;
  std::unordered_map<TaskId, std::vector<task::Value>> former_;  // results of before a retry
  std::unordered_map<TaskId, std::uint32_t> retries_;  // asked for, which the scheduler has not confirmed yet
  std::unordered_map<TaskId, std::uint16_t> runs_;     // of results that were not made by the first run
  std::unordered_multimap<TaskId, comm::Bell*> awaiting_;
  std::vector<bool> gone_;  // peers that have died or left
  std::atomic<std::uint64_t> next_{0};
  std::vector<Callback> due_;
  std::atomic<bool> has_due_{false};
  std::size_t callbacks_pending_ = 0;
  std::string closed_;
};

}  // namespace weir::detail::client
