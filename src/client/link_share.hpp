// LinkShare: keeps a link for as long as futures of one thread's tasks are there.
#pragma once

#include <atomic>
#include <thread>

#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::client {

/// Counts these futures: a `std::shared_ptr` in each would cost two barriers a task, more than a tenth of one
/// that does nothing. The thread that made it takes many at once and gives out and takes back among them.
///
/// **Threads.** `take` and `leave`: the one that made it; `give_back`: any.
class LinkShare {
 public:
  /// Lives until its thread has left and all have come back.
  explicit LinkShare(std::shared_ptr<ClusterLink> link) : link_(std::move(link)) {}
  LinkShare(const LinkShare&) = delete;
  LinkShare& take() {
    if (own_ == 0) {
      count_.fetch_add(many, std::memory_order_relaxed);
      own_ = many;
    }
    --own_;
    return *this;
  }
  void give_back() noexcept {
    if (owner_.load(std::memory_order_relaxed) != std::this_thread::get_id()) return drop(1);
    if (++own_ < 2 * many) return;
    own_ -= many;
    drop(many);
  }
  void leave() noexcept {
    owner_.store({}, std::memory_order_relaxed);
    drop(std::exchange(own_, 0) + 1);
  }
  [[nodiscard]] ClusterLink& link() const noexcept { return *link_; }

 private:
  static constexpr std::uint64_t many = 4096;
  ~LinkShare() = default;
  void drop(std::uint64_t count) noexcept {
    if (count_.fetch_sub(count, std::memory_order_acq_rel) == count) delete this;
  }

  const std::shared_ptr<ClusterLink> link_;
  std::atomic<std::thread::id> owner_{std::this_thread::get_id()};
  std::uint64_t own_ = 0;                // of the owner
  std::atomic<std::uint64_t> count_{1};  // with those, and one for the owner
};

}  // namespace weir::detail::client
