// Inbox: what the thread that drives rank 0 leaves for the one that makes pictures.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "protocol/seen.hpp"
#include "seeing/model.hpp"

namespace weir::detail::seeing {

/// Messages of workers and failures, until somebody takes them.
///
/// **Threads.** Any. Whoever puts something in holds a lock for the time of a `push_back`.
class Inbox {
 public:
  using Clock = std::chrono::steady_clock;
  struct Said {
    Clock::time_point when;
    PeerId from;
    protocol::Seen seen;
  };
  struct Failed {
    Clock::time_point when;
    FailureSeen failure;
  };
  struct Contents {
    std::vector<Said> said;
    std::vector<Failed> failed;
    std::uint64_t failed_more = 0;  ///< Failures that are only counted.
  };

  void put(PeerId from, protocol::Seen&& seen) {
    const std::lock_guard lock(mutex_);
    if (contents_.said.size() >= most) seen.blocks.clear();
    contents_.said.push_back({Clock::now(), from, std::move(seen)});
  }
  /// Whether there is room for the words of a failure; otherwise it has been counted.
  [[nodiscard]] bool wants_failure() {
    const std::lock_guard lock(mutex_);
    if (contents_.failed.size() < Model::most_failures) return true;
    ++contents_.failed_more;
    return false;
  }
  /// Whether the history of a task that fails is wanted: finding it takes a while.
  [[nodiscard]] bool wants_story() {
    const std::lock_guard lock(mutex_);
    return contents_.failed.size() < most_stories;
  }
  void put(FailureSeen&& failure) {
    const std::lock_guard lock(mutex_);
    contents_.failed.push_back({Clock::now(), std::move(failure)});
  }
  [[nodiscard]] Contents take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(contents_, {});
  }

  /// Whether somebody looks now, so that workers are to tell more often.
  void watched(bool is_watched) noexcept { is_watched_.store(is_watched, std::memory_order_relaxed); }
  [[nodiscard]] bool is_watched() const noexcept { return is_watched_.load(std::memory_order_relaxed); }

  static constexpr std::size_t most = 50'000, most_stories = 10;
  static constexpr std::size_t most_often = 100;  ///< Of more workers nobody is told of more often.

 private:
  std::mutex mutex_;
  Contents contents_;
  std::atomic<bool> is_watched_{false};
};

}  // namespace weir::detail::seeing
