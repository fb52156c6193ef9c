// Silence: how long a peer has said nothing to somebody who was awake to hear it.
#pragma once

#include <algorithm>
#include <chrono>

namespace weir::detail::node {

/// Counts only time in which its owner looked: who gets no turn on a crowded host blames nobody for it.
class Silence {
 public:
  using Clock = std::chrono::steady_clock;

  void heard(Clock::time_point now) noexcept {
    since_ = now;
    stopped_ = {};
  }
  /// Looks again, `pause` after the last time and not more than `most` if the owner had its turns.
  /// `is_stopped()` says whether the peer is held by a signal; asked after a silence of `most`.
  template <class F>
  void look(Clock::time_point now, Clock::duration pause, Clock::duration most, F&& is_stopped) {
    if (pause > most) since_ = std::min(now, since_ + (pause - most));
    if (now - since_ < most) return;
    stopped_ = is_stopped() ? stopped_ + std::min(pause, most) : Clock::duration{};
  }
  [[nodiscard]] Clock::duration length(Clock::time_point now) const noexcept { return now - since_; }
  /// For how long it has been seen stopped, without a break. One that only starves is not.
  [[nodiscard]] Clock::duration stopped() const noexcept { return stopped_; }

 private:
  Clock::time_point since_{};
  Clock::duration stopped_{};
};

}  // namespace weir::detail::node
