// Departures: when everybody is told of those who have gone.
#pragma once

#include <utility>
#include <vector>

#include "scheduler/model.hpp"

namespace weir::detail::scheduler {

/// Peers that have gone and of whom the others have not been told: at once where deaths are rare or peers
/// few, else together, so that to tell of a thousand deaths among ten thousand takes rank 0 a fiftieth of its
/// time.
///
/// **Threads.** Confined to its owner; no clock.
class Departures {
 public:
  void add(PeerId peer) { peers_.push_back(peer); }
  /// Those of whom so many `listeners` are to be told now; nobody if they were told of others just before.
  [[nodiscard]] std::vector<PeerId> due(Time now, std::size_t listeners) {
    if (peers_.empty() || now < next_) return {};
    next_ = now + (listeners > few ? static_cast<double>(listeners) * pause_s : 0);
    return std::exchange(peers_, {});
  }
  /// When the rest are due, if there are any.
  [[nodiscard]] std::optional<Time> next() const noexcept {
    return peers_.empty() ? std::nullopt : std::optional(next_);
  }

 private:
  static constexpr std::size_t few = 256;
  static constexpr Time pause_s = 5e-6;  // for each listener; to tell one takes 0.1 us

  std::vector<PeerId> peers_;
  Time next_ = -std::numeric_limits<Time>::infinity();
};

}  // namespace weir::detail::scheduler
