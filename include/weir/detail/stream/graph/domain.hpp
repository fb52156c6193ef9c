// Domain: the lock of nodes that call each other directly.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "weir/detail/stream/graph/ticket.hpp"

namespace weir::detail::stream {

struct Deferred;

/// The lock of a set of nodes that call each other directly; one emission at a time runs in it.
///
/// Free: one compare-and-swap. Held by this thread: entering again costs a comparison. Held by another: those
/// who wait stand in a queue, spinning briefly, then sleeping. Who comes while the first of them sleeps may
/// go in before one that wants to emit, until it has waited for half a millisecond: handing over to a sleeper
/// for every element would cost a change of threads for each. A thread that would stand still (it has what
/// the holder of this domain waits for) can leave its work to the holder.
class Domain {
 public:
  Domain();
  Domain(const Domain&) = delete;
  Domain& operator=(const Domain&) = delete;
  ~Domain();
  /// True if this call locked it, false if this thread had it already.
  bool enter() noexcept {
    const void* holder = nullptr;
    if (is_strict_.load(std::memory_order_relaxed) == 0 &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed))
      return true;
    if (holder_.load(std::memory_order_relaxed) == &flow) return false;
    wait(false);
    return true;
  }
  /// The same, but false if this thread would wait for itself.
  bool enter_unless_stuck(bool& fresh) noexcept {
    if (try_enter(fresh)) return true;
    return fresh = wait(true);
  }
  /// Enters unless another thread is inside or has waited long; `fresh` as `enter` returns it.
  bool try_enter(bool& fresh) noexcept {
    const void* holder = nullptr;
    fresh =
        is_strict_.load(std::memory_order_relaxed) == 0 &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed);
    return fresh || is_mine();
  }
  void leave() noexcept {
    if (handed_over_.load(std::memory_order_relaxed) > 0) [[unlikely]]
      run_handed_over();
    holder_.store(nullptr, std::memory_order_release);  // those who wait look again by themselves
  }
  [[nodiscard]] bool is_mine() const noexcept { return holder_.load(std::memory_order_relaxed) == &flow; }
  /// Whether a thread is inside at this moment; for who only looks: takes nothing that others want.
  [[nodiscard]] bool is_held() const noexcept { return holder_.load(std::memory_order_relaxed) != nullptr; }
  /// Leaves `work` to the thread that has the domain, if that one waits for this one; else it stays.
  [[nodiscard]] bool hand_over(std::unique_ptr<Deferred>& work);
  /// Something was left to the thread that has the domain.
  [[nodiscard]] bool has_handed_over() const noexcept {
    return handed_over_.load(std::memory_order_acquire) > 0;
  }

 private:
  struct Aside;
  /// False if it gave up: this thread would wait for itself.
  bool wait(bool may_give_up) noexcept;
  void give_up(std::uint32_t place) noexcept;
  bool pass_over() noexcept;
  void run_handed_over() noexcept;

  std::atomic<const void*> holder_{nullptr};
  std::atomic<std::uint32_t> handed_over_{0};
  std::atomic<std::uint32_t> is_strict_{0};  // the first of the queue has waited long
  std::atomic<std::uint32_t> next_{0};       // the queue of those who wait
  std::atomic<std::uint32_t> serving_{0};
  std::atomic<std::uint32_t> given_up_{0};  // places in the queue that nobody waits at
  std::unique_ptr<Aside> aside_;
};

}  // namespace weir::detail::stream
