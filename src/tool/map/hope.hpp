// Whether jobs that work may still come. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace weir::detail::tool::mapping {

/// Gives up when there has been nobody to work for a while, nothing waits in the batch system's queue, and
/// the cluster says what is wrong.
class Hope {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds patience{30};

  /// True once there is none.
  [[nodiscard]] bool is_lost(Time now, bool has_jobs, bool has_workers, const std::string& problem) {
    if (has_jobs || has_workers || problem.empty()) since_.reset();
    else if (!since_) since_ = now;
    return since_ && now - *since_ >= patience;
  }

 private:
  std::optional<Time> since_;
};

}  // namespace weir::detail::tool::mapping
