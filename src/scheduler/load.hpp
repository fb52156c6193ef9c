// LoadIndex: the least and the most loaded worker without looking at all of them.
#pragma once

#include "scheduler/model.hpp"

namespace weir::detail::scheduler {

/// Workers in buckets by load, kept as loads change by one.
///
/// **Cost.** Every operation is O(1) but for stepping over empty buckets.
class LoadIndex {
 public:
  static constexpr std::uint32_t levels = 4096;
  static constexpr std::uint32_t paused =
      levels;  ///< Behind all others: those that lack memory, first who may take a task.

  LoadIndex() : buckets_(levels + 2) {}

  /// Tasks per half thread, so that workers of different sizes compare; an idle worker is at 0, one with
  /// every thread busy at 2 or more.
  [[nodiscard]] static std::uint32_t level_of(const Worker& worker) noexcept {
    if (worker.memory.paused) return worker.ready() || worker.places() == 0 ? paused + 1 : paused;
    const std::uint32_t level =
        2 * (worker.ready() + worker.extra() + worker.reserved + worker.queued) / worker.threads;
    return level < levels ? level : levels - 1;
  }
  void add(std::vector<Worker>& workers, WorkerIndex index) {
    Worker& worker = workers[index];
    worker.level = level_of(worker);
    auto& bucket = buckets_[worker.level];
    worker.level_position = static_cast<std::uint32_t>(bucket.size());
    bucket.push_back(index);
    if (worker.level < lowest_) lowest_ = worker.level;
    if (worker.level > highest_ && worker.level < paused) highest_ = worker.level;
  }
  void remove(std::vector<Worker>& workers, WorkerIndex index) {
    Worker& worker = workers[index];
    auto& bucket = buckets_[worker.level];
    bucket[worker.level_position] = bucket.back();
    workers[bucket.back()].level_position = worker.level_position;
    bucket.pop_back();
  }
  void update(std::vector<Worker>& workers, WorkerIndex index) {
    Worker& worker = workers[index];
    if (!worker.running() || level_of(worker) == worker.level) return;
    remove(workers, index);
    add(workers, index);
  }
  [[nodiscard]] WorkerIndex least() const noexcept {
    while (lowest_ <= paused && buckets_[lowest_].empty()) ++lowest_;
    return buckets_[lowest_].empty() ? nowhere : buckets_[lowest_].back();
  }
  [[nodiscard]] WorkerIndex most() const noexcept {
    while (highest_ > 0 && buckets_[highest_].empty()) --highest_;
    return buckets_[highest_].empty() ? nowhere : buckets_[highest_].back();
  }

 private:
  std::vector<std::vector<WorkerIndex>> buckets_;
  mutable std::uint32_t lowest_ = paused + 1, highest_ = 0;  // where the search begins
};

}  // namespace weir::detail::scheduler
