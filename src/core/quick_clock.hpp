// QuickClock: the steady clock for what is timed a million times a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace weir::detail {

/// Nanoseconds of the steady clock, counted on by the processor's counter where that runs at one rate.
///
/// **Threads.** Any. **Cost.** A third of asking the clock; it is asked anew each 0.2 ms, and for the first
/// 5 ms of the process always.
class QuickClock {
 public:
  using Clock = std::chrono::steady_clock;
  static Clock::time_point now() noexcept {
#if defined(__x86_64__)
    thread_local Anchor anchor;
    const std::uint64_t passed = __rdtsc() - anchor.ticks;
    if (passed >= anchor.most_ticks) return anchor.renew();
    return anchor.at(anchor.ns + static_cast<std::int64_t>(static_cast<double>(passed) * anchor.ns_per_tick));
#else
    return Clock::now();
#endif
  }

 private:
#if defined(__x86_64__)
  struct Anchor {
    std::uint64_t ticks = 0, most_ticks = 0;
    std::int64_t ns = 0, last_ns = 0;
    double ns_per_tick = 0;

    // Never backwards.
    Clock::time_point at(std::int64_t now_ns) noexcept {
      last_ns = std::max(last_ns, now_ns);
      return Clock::time_point(std::chrono::nanoseconds(last_ns));
    }
    Clock::time_point renew() noexcept {
      static const bool is_steady = [] {
        unsigned a = 0, b = 0, c = 0, d = 0;
        return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1U << 8);
      }();
      static const std::uint64_t first_ticks = __rdtsc();
      static const std::int64_t first_ns = Clock::now().time_since_epoch().count();
      constexpr std::int64_t enough_ns = 5'000'000, most_ns = 200'000;
      ns = Clock::now().time_since_epoch().count();
      ticks = __rdtsc();
      if (is_steady && ns - first_ns >= enough_ns && ticks > first_ticks) {
        ns_per_tick = static_cast<double>(ns - first_ns) / static_cast<double>(ticks - first_ticks);
        most_ticks = static_cast<std::uint64_t>(most_ns / ns_per_tick);
      }
      return at(ns);
    }
  };
#endif
};

}  // namespace weir::detail
