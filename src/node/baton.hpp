// Baton: who drives a node.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#include "client/task_scope.hpp"

namespace weir::detail::node {

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
    if (!try_for_a_moment()) {
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
  // It is held for a fraction of a microsecond most of the time; to sleep and be woken takes 25.
  bool try_for_a_moment() {
    for (int i = 0; i < 64; ++i) {
      if (mutex_.try_lock()) return true;
      __builtin_ia32_pause();
    }
    return mutex_.try_lock();
  }

  std::mutex mutex_;
  std::atomic<std::thread::id> owner_{};
  std::atomic<int> wanted_{0};
  int depth_ = 0;
};

using client::TaskScope;

}  // namespace weir::detail::node
