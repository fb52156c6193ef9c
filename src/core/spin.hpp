// Spin: looking for a moment before sleeping.
#pragma once

#include <sched.h>

#include <chrono>

namespace weir::detail {

/// Lets a thread look for something again and again, for a moment: to sleep and be woken takes as long as
/// many looks. It gives the core away now and then, since what it waits for may need it; where it does not
/// get it back soon, others compute, and it is better to sleep.
class Spin {
 public:
  explicit Spin(std::chrono::nanoseconds most) : most_(most) {}
  /// Passes a little time. False once it has taken long enough.
  [[nodiscard]] bool goes_on() noexcept {
    if (++rounds_ % 8 != 0) {
      __builtin_ia32_pause();
      return true;
    }
    const auto before = Clock::now();
    if (rounds_ == 8) begun_ = before;
    if (before - begun_ > most_) return false;
    sched_yield();
    return Clock::now() - before < crowded;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::microseconds crowded{300};

  const std::chrono::nanoseconds most_;
  Clock::time_point begun_;
  unsigned rounds_ = 0;
};

}  // namespace weir::detail
