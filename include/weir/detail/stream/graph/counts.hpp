// Counts of a node, readable from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <type_traits>

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

/// What a kernel that goes by the time in its elements says of itself.
struct EventTimeSeen {
  enum class Unit : unsigned char { none, number, seconds, clock };  ///< clock: seconds since 1970
  std::uint64_t late = 0;                                            ///< Dropped, since they came too late.
  double watermark = 0;                                              ///< In `unit`; of none: not known.
  Unit unit = Unit::none;
};

/// A time of elements as a number for people.
template <class When>
EventTimeSeen event_time_at(const When& at, std::uint64_t late) {
  using Unit = EventTimeSeen::Unit;
  const auto seconds = [](auto span) { return std::chrono::duration<double>(span).count(); };
  if constexpr (std::is_arithmetic_v<When>) return {late, static_cast<double>(at), Unit::number};
  else if constexpr (requires { seconds(at.time_since_epoch()); })
    return {late, seconds(at.time_since_epoch()),
            std::is_same_v<typename When::clock, std::chrono::system_clock> ? Unit::clock : Unit::seconds};
  else if constexpr (requires { seconds(at); }) return {late, seconds(at), Unit::seconds};
  else return {late};
}

/// The same, where others read it.
class EventTime {
 public:
  void tell(const EventTimeSeen& seen) noexcept {
    late_.store(seen.late, std::memory_order_relaxed);
    pass(seen);
  }
  /// Of a part of the stream: what was late there comes to the rest.
  void add(const EventTimeSeen& seen) noexcept {
    late_.fetch_add(seen.late, std::memory_order_relaxed);
    if (seen.unit != EventTimeSeen::Unit::none) pass(seen);
  }
  [[nodiscard]] EventTimeSeen value() const noexcept {
    return {late_.load(std::memory_order_relaxed), watermark_.load(std::memory_order_relaxed),
            unit_.load(std::memory_order_relaxed)};
  }

 private:
  void pass(const EventTimeSeen& seen) noexcept {
    watermark_.store(seen.watermark, std::memory_order_relaxed);
    unit_.store(seen.unit, std::memory_order_relaxed);
  }
  std::atomic<std::uint64_t> late_{0};
  std::atomic<double> watermark_{0};
  std::atomic<EventTimeSeen::Unit> unit_{EventTimeSeen::Unit::none};
};

/// Of a kernel that goes by it; else nothing.
template <class Kernel>
EventTimeSeen event_time_of(const Kernel& kernel) {
  if constexpr (requires { kernel.event_time(); }) return kernel.event_time();
  else return {};
}

}  // namespace weir::detail::stream
