// Where clusters that grow tell of their jobs: who looks does not know clusters, nor they who looks.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace weir::detail::seeing {

/// A batch job, or a group of processes.
struct JobSeen {
  std::string id;
  std::string state;          ///< "queued", "running", "leaving" ...
  std::uint32_t workers = 0;  ///< That are there.
  double age_s = 0;           ///< Since it was submitted.
};

/// A cluster that grows, as whoever keeps its jobs sees it.
struct JobsSeen {
  std::string system;  ///< The batch system's name, or "processes".
  int wanted = 0;
  std::string problem;  ///< Why jobs do not come.
  std::vector<JobSeen> jobs;
};

/// The clusters of this process.
///
/// **Threads.** Any.
class JobBoard {
 public:
  void put(const void* cluster, JobsSeen jobs) {
    const std::lock_guard lock(mutex_);
    clusters_[cluster] = std::move(jobs);
  }
  void remove(const void* cluster) {
    const std::lock_guard lock(mutex_);
    clusters_.erase(cluster);
  }
  [[nodiscard]] std::vector<JobsSeen> take() const {
    const std::lock_guard lock(mutex_);
    std::vector<JobsSeen> all;
    for (const auto& [cluster, jobs] : clusters_) all.push_back(jobs);
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::map<const void*, JobsSeen> clusters_;
};

/// The one there is.
inline JobBoard& job_board() {
  static auto* board = new JobBoard;  // clusters may outlive static objects
  return *board;
}

}  // namespace weir::detail::seeing
