// Crowd: whether others compute on the cores that threads of this process wait on. Spin: looking for a moment
// before sleeping.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir::detail {

/// A while for which something is assumed, by a clock of nanoseconds; twice as long as the last one if it
/// begins soon after that was over.
///
/// **Threads.** Any.
class Spell {
 public:
  /// `soon`: so many times as long as it was.
  constexpr Spell(std::int64_t least_ns, std::int64_t soon) noexcept : least_ns_(least_ns), soon_(soon) {}
  [[nodiscard]] bool lasts(std::int64_t now_ns) const noexcept {
    return now_ns < until_ns_.load(std::memory_order_relaxed);
  }
  void begin(std::int64_t now_ns) noexcept {
    constexpr std::int64_t most_ns = 256'000'000;
    const std::int64_t before_ns = for_ns_.load(std::memory_order_relaxed);
    const bool is_again = now_ns - until_ns_.load(std::memory_order_relaxed) < soon_ * before_ns;
    const std::int64_t next_ns = is_again ? std::min(2 * before_ns, most_ns) : least_ns_;
    for_ns_.store(next_ns, std::memory_order_relaxed);
    until_ns_.store(now_ns + next_ns, std::memory_order_relaxed);
  }
  void end() noexcept { until_ns_.store(0, std::memory_order_relaxed); }

 private:
  const std::int64_t least_ns_, soon_;
  std::atomic<std::int64_t> until_ns_{0}, for_ns_{0};
};

/// Where a yield gives the core away for long, the machine is crowded: to sleep and be woken is quicker then
/// than to have one's turn again. That is assumed for a moment, and for longer each time that it is so again.
///
/// **Threads.** Any.
class Crowd {
 public:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_there(Clock::time_point now = Clock::now()) const noexcept {
    return spell_.lasts(now.time_since_epoch().count());
  }
  /// Gives the core away. Whether others have used it meanwhile.
  bool yield() noexcept {
    constexpr auto own = std::chrono::microseconds(5);
    const auto before = Clock::now();
    sched_yield();
    const auto after = Clock::now();
    if (after - before > std::chrono::microseconds(300)) spell_.begin(after.time_since_epoch().count());
    return after - before > own;
  }
  /// The caller has gone where nobody else is.
  void forget() noexcept { spell_.end(); }

 private:
  Spell spell_{4'000'000, 4};
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
