// Domain: the lock of nodes that call each other directly.
#pragma once

#include <atomic>
#include <cstdint>

#include "weir/detail/stream/graph/ticket.hpp"

namespace weir::detail::stream {

/// The lock of a set of nodes that call each other directly; one emission at a time runs in it.
///
/// Free: one compare-and-swap. Held by this thread: entering again costs a comparison. Held by another: first
/// come, first served, spinning briefly, then sleeping.
class Domain {
 public:
  /// True if this call locked it, false if this thread had it already.
  bool enter() noexcept {
    const void* holder = nullptr;
    if (waiters_.load(std::memory_order_relaxed) == 0 &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed))
      return true;
    if (holder_.load(std::memory_order_relaxed) == &flow) return false;
    wait();
    return true;
  }
  /// Enters unless another thread is inside or waits; `fresh` as `enter` returns it.
  bool try_enter(bool& fresh) noexcept {
    const void* holder = nullptr;
    fresh =
        waiters_.load(std::memory_order_relaxed) == 0 &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed);
    return fresh || is_mine();
  }
  void leave() noexcept {
    holder_.store(nullptr, std::memory_order_release);  // those who wait look again by themselves
  }
  /// Whether an emission runs in it at the moment.
  [[nodiscard]] bool is_entered() const noexcept {
    return holder_.load(std::memory_order_relaxed) != nullptr;
  }
  [[nodiscard]] bool is_mine() const noexcept { return holder_.load(std::memory_order_relaxed) == &flow; }

 private:
  void wait() noexcept;

  std::atomic<const void*> holder_{nullptr};
  std::atomic<std::uint32_t> waiters_{0};
  std::atomic<std::uint32_t> next_{0};  // the queue of those who wait
  std::atomic<std::uint32_t> serving_{0};
};

}  // namespace weir::detail::stream
