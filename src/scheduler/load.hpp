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
      levels;  ///< Behind all others: those that lack memory, idle ones first.

  LoadIndex() : buckets_(levels + 2) {}

  /// Tasks per half thread, so that workers of different sizes compare; an idle worker is at 0, one with
  /// every thread busy at 2 or more.
  [[nodiscard]] static std::uint32_t level_of(const Worker& worker) noexcept {
    if (worker.memory.paused) return worker.ready() ? paused + 1 : paused;
    const std::uint32_t level =
        2 * (worker.ready() + worker.extra + worker.reserved + worker.queued) / worker.threads;
    return level < levels ? level : levels - 1;
  }
  /// Tasks that it could do without.
  [[nodiscard]] static std::uint32_t surplus_of(const Worker& worker) noexcept {
    const std::uint32_t tasks = worker.ready() + worker.queued;
    return tasks > worker.threads ? tasks - worker.threads : 0;
  }
  /// Whether there is a worker that has some.
  [[nodiscard]] bool has_surplus() const noexcept { return with_surplus_ > 0; }

  void add(std::vector<Worker>& workers, WorkerIndex index) {
    note_surplus(workers[index], surplus_of(workers[index]) > 0);
    put_in(workers, index);
  }
  void remove(std::vector<Worker>& workers, WorkerIndex index) {
    note_surplus(workers[index], false);
    take_out(workers, index);
  }
  void update(std::vector<Worker>& workers, WorkerIndex index) {
    Worker& worker = workers[index];
    if (!worker.running()) return;
    note_surplus(worker, surplus_of(worker) > 0);
    if (level_of(worker) == worker.level) return;
    take_out(workers, index);
    put_in(workers, index);
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
  void note_surplus(Worker& worker, bool has) noexcept {
    if (worker.has_surplus == has) return;
    worker.has_surplus = has;
    has ? ++with_surplus_ : --with_surplus_;
  }
  void put_in(std::vector<Worker>& workers, WorkerIndex index) {
    Worker& worker = workers[index];
    worker.level = level_of(worker);
    auto& bucket = buckets_[worker.level];
    worker.level_position = static_cast<std::uint32_t>(bucket.size());
    bucket.push_back(index);
    if (worker.level < lowest_) lowest_ = worker.level;
    if (worker.level > highest_ && worker.level < paused) highest_ = worker.level;
  }
  void take_out(std::vector<Worker>& workers, WorkerIndex index) {
    Worker& worker = workers[index];
    auto& bucket = buckets_[worker.level];
    bucket[worker.level_position] = bucket.back();
    workers[bucket.back()].level_position = worker.level_position;
    bucket.pop_back();
  }

  std::vector<std::vector<WorkerIndex>> buckets_;
  std::uint32_t with_surplus_ = 0;
  mutable std::uint32_t lowest_ = paused + 1, highest_ = 0;  // where the search begins
};

}  // namespace weir::detail::scheduler
