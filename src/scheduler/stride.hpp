// Stride: how far behind a task its own input is, where layers of tasks are submitted one after the other.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace weir::detail::scheduler {

/// The distance, in numbers of tasks, at which most tasks have an input: the width of a layer where each task
/// has what stood at its place in the layer before among its inputs, as in stencils, sweeps and transforms.
///
/// **Cost.** `note` looks at a few counters for each input.
/// **Source.** Misra and Gries' counters for what is frequent, halved now and then, since programs go on to
/// other things.
class Stride {
 public:
  static constexpr std::size_t most_counted = 8;
  static constexpr std::uint32_t halved_after = 4096;  // tasks

  /// A further task; `note` is called for each of its inputs.
  void begin_task() noexcept {
    if (++tasks_ < halved_after) return;
    tasks_ /= 2;
    for (Counter& counter : counters_) counter.count /= 2;
  }
  void note(std::uint64_t distance) noexcept {
    Counter* least = &counters_[0];
    for (Counter& counter : counters_) {
      if (counter.distance == distance) {
        ++counter.count;
        if (counter.count > counters_[0].count) std::swap(counter, counters_[0]);
        return;
      }
      if (counter.count < least->count) least = &counter;
    }
    if (least->count == 0) *least = {distance, 1};
    else
      for (Counter& counter : counters_) --counter.count;
  }
  /// Whether most tasks have an input so far behind them, and more than at any other distance.
  [[nodiscard]] bool is(std::uint64_t distance) const noexcept {
    return counters_[0].distance == distance && 2 * counters_[0].count > tasks_;
  }

  /// The width of a layer; 0 if there are none.
  [[nodiscard]] std::uint64_t width() const noexcept {
    return is(counters_[0].distance) ? counters_[0].distance : 0;
  }

 private:
  struct Counter {
    std::uint64_t distance = 0;
    std::uint32_t count = 0;
  };
  std::array<Counter, most_counted> counters_{};  // the most frequent one first
  std::uint32_t tasks_ = 0;
};

}  // namespace weir::detail::scheduler
