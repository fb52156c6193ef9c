// Counts of a node, readable from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace weir::detail::stream {

/// A count that one thread at a time adds to and any thread reads.
class Count {
 public:
  std::uint64_t add(std::uint64_t n = 1) noexcept {
    const std::uint64_t after = value_.load(std::memory_order_relaxed) + n;
    value_.store(after, std::memory_order_relaxed);
    return after;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A count that several threads add to.
class SharedCount {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What a node's own function costs: the time of some of its calls.
class Cost {
 public:
  using Clock = std::chrono::steady_clock;
  void add(std::uint64_t calls, Clock::duration time) noexcept {
    calls_.add(calls);
    ns_.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(time).count()));
  }
  /// For one element; negative while unknown.
  [[nodiscard]] double seconds_each() const noexcept {
    return calls_.value() == 0
               ? -1
               : 1e-9 * static_cast<double>(ns_.value()) / static_cast<double>(calls_.value());
  }

 private:
  SharedCount calls_, ns_;
};

}  // namespace weir::detail::stream
