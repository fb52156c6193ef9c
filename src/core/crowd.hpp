// Crowd: whether others compute on the cores that threads of this process wait on. Spin: looking for a moment
// before sleeping.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir::detail {

/// Where a yield gives the core away for long, the machine is crowded: to sleep and be woken is quicker then
/// than to have one's turn again. That is assumed for a moment, and for longer each time that it is so again.
///
/// **Threads.** Any.
class Crowd {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_there(Clock::time_point now = Clock::now()) const noexcept {
    return now.time_since_epoch().count() < until_ns_.load(std::memory_order_relaxed);
  }
  /// Gives the core away. Whether others have used it meanwhile.
  bool yield() noexcept {
    constexpr auto own = std::chrono::microseconds(5);
    const auto before = Clock::now();
    sched_yield();
    const auto after = Clock::now();
    if (after - before > std::chrono::microseconds(300)) note(after);
    return after - before > own;
  }
  /// The caller has gone where nobody else is.
  void forget() noexcept { until_ns_.store(0, std::memory_order_relaxed); }

 private:
  void note(Clock::time_point now) noexcept {
    constexpr std::int64_t least = 4'000'000, most = 256'000'000;
    const std::int64_t now_ns = now.time_since_epoch().count();
    const std::int64_t before = for_ns_.load(std::memory_order_relaxed);
    const bool is_again = now_ns - until_ns_.load(std::memory_order_relaxed) < 4 * before;
    const std::int64_t next = is_again ? std::min(2 * before, most) : least;
    for_ns_.store(next, std::memory_order_relaxed);
    until_ns_.store(now_ns + next, std::memory_order_relaxed);
  }

  std::atomic<std::int64_t> until_ns_{0}, for_ns_{0};
};

/// Lets a thread look for something again and again, for a moment: to sleep and be woken takes as long as
/// many looks. It gives the core away now and then, since what it waits for may need it.
class Spin {
 public:
  explicit Spin(std::chrono::nanoseconds most) noexcept : most_(most) {}
  /// Passes a little time. False once it has taken long enough, or others compute.
  [[nodiscard]] bool goes_on() noexcept {
    if (++rounds_ % 8 != 0) {
      __builtin_ia32_pause();
      return true;
    }
    const auto now = Crowd::Clock::now();
    if (rounds_ == 8) begun_ = now;
    if (now - begun_ > most_ || crowd_.is_there(now)) return false;
    crowd_.yield();
    return true;
  }

 private:
  static inline Crowd crowd_;  // of this process

  const std::chrono::nanoseconds most_;
  Crowd::Clock::time_point begun_;
  unsigned rounds_ = 0;
};

}  // namespace weir::detail
