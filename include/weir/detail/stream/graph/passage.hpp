// Passage: how many have come in on one side, and how many have gone out on the other.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "weir/detail/stream/graph/lane.hpp"

namespace weir::detail::stream {

/// Counts what is between those who bring it and those who take it. Each side writes a line of the cache of
/// its own.
///
/// **Threads.** Any; what says so is for one thread of its side at a time.
class Passage {
 public:
  // --- who brings
  /// One more, from one thread at a time, which says later that there is something.
  void came() noexcept { came_.store(came_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  /// One more, from any thread.
  void came_from_any() noexcept { came_.fetch_add(1); }
  /// How many are inside, or more if these are fewer than `room`: the other side's line is read only when it
  /// matters.
  [[nodiscard]] std::size_t at_most_inside(std::size_t room) noexcept {
    const std::uint64_t came = came_.load(std::memory_order_relaxed);
    return came - gone_if(came < room ? 0 : came - room + 1);
  }
  /// How many have gone, or fewer if these are `enough`.
  [[nodiscard]] std::uint64_t gone_if(std::uint64_t enough) noexcept {
    if (const std::uint64_t seen = seen_gone_.load(std::memory_order_relaxed); seen >= enough) return seen;
    const std::uint64_t gone = gone_.load();
    seen_gone_.store(gone, std::memory_order_relaxed);
    return gone;
  }

  // --- who takes
  /// One has gone; one thread at a time. How many have.
  std::uint64_t went() noexcept {
    const std::uint64_t gone = gone_.load(std::memory_order_relaxed) + 1;
    gone_.store(gone);
    return gone;
  }
  /// The same of any thread.
  std::uint64_t went_from_any() noexcept { return gone_.fetch_add(1) + 1; }

  // --- who looks
  [[nodiscard]] std::uint64_t gone() const noexcept { return gone_.load(); }
  /// Whether none is inside after so many have gone.
  [[nodiscard]] bool is_empty_after(std::uint64_t gone) const noexcept { return gone == came_.load(); }
  /// Too many rather than too few.
  [[nodiscard]] std::size_t most_inside() const noexcept {
    const std::uint64_t gone = gone_.load();  // first
    return came_.load() - gone;
  }
  /// Never more than there were at a time.
  [[nodiscard]] std::size_t least_inside() const noexcept {
    const std::uint64_t came = came_.load();  // first
    const std::uint64_t gone = gone_.load();
    return came > gone ? came - gone : 0;
  }

 private:
  alignas(line_bytes) std::atomic<std::uint64_t> came_{0}, seen_gone_{0};
  alignas(line_bytes) std::atomic<std::uint64_t> gone_{0};
};

}  // namespace weir::detail::stream
