// How many jobs a growing cluster should have: a pure state machine. It submits nothing and knows no clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "weir/options.hpp"

namespace weir::detail::elastic {

/// What one job brings.
struct JobShape {
  int workers = 1;
  int cores = 1;
  std::uint64_t memory_bytes = 0;
  std::vector<Resource> resources{};  ///< Of each worker.
};

/// Jobs needed for at least so many workers, cores or bytes of memory.
///
/// **Errors.** Throws `Error{invalid_argument}` for a negative number, and for memory if the job's memory is
/// not known.
[[nodiscard]] int jobs_for_workers(int workers, const JobShape& shape);
[[nodiscard]] int jobs_for_cores(int cores, const JobShape& shape);
[[nodiscard]] int jobs_for_memory(std::uint64_t memory_bytes, const JobShape& shape);

using ScalingTime = std::chrono::steady_clock::time_point;

/// How far a cluster may follow the work by itself.
struct AdaptLimits {
  int minimum_jobs = 0;
  int maximum_jobs = 0;
  std::chrono::seconds idle_grace =
      std::chrono::minutes(3);  ///< A job is given back after that long without use.
};

/// A job that was submitted and is not over.
struct JobView {
  std::string id;
  bool is_running = false;                ///< One of its workers has joined.
  std::optional<ScalingTime> idle_since;  ///< Since when none of its workers has had anything to do.
};

/// What the machine looks at.
struct ScalingView {
  std::vector<JobView> jobs;  ///< Oldest first.
  int submitting = 0;         ///< Submissions that were started and have not been answered.
  int useful_workers = 0;     ///< Workers that the scheduler could keep busy, those it has among them.
  bool has_results = false;   ///< Workers hold results that would have to be computed again.
};

/// What to do now.
struct ScalingPlan {
  int submit = 0;                      ///< So many jobs.
  std::vector<std::string> cancel;     ///< Jobs in the queue.
  std::vector<std::string> retire;     ///< Running jobs: workers hand their results over and leave.
  std::optional<ScalingTime> look_at;  ///< When to ask again although nothing happened.
};

/// How a job ended.
enum class JobOutcome : unsigned char {
  ended,  ///< By its walltime, because it was retired or cancelled, or taken away (preempted, its node lost).
  failed,  ///< By itself, with an error.
};

/// Decides when jobs are submitted, cancelled and retired.
///
/// A fixed number of jobs is kept while there is work: what ends by its walltime is replaced. Following the
/// work, it grows at once and shrinks only after jobs have been idle, or superfluous in the queue, for the
/// whole grace. Failures make it wait 0, 1, 15, 30 minutes and an hour; after 10 refused submissions or 3
/// failed jobs in a row it pauses until `resume`, a new wish or a worker that joins, and says why. The first
/// submission is a single one: it tells whether the site accepts such jobs at all.
///
/// **Errors.** Only `scale` and `adapt` throw: `Error{invalid_argument}`.
/// **Threads.** Confined to its owner; no locks, no clock.
/// **Cost.** `plan` is linear in the number of jobs.
/// **Source.** Limits after HyperQueue's automatic allocation; `scale` and `adapt` as in dask-jobqueue, but
/// jobs that ended are replaced.
class Scaler {
 public:
  explicit Scaler(const JobShape& shape) : shape_(shape) {}

  /// Keeps so many jobs from now on.
  void scale(int jobs);
  /// Follows the work from now on.
  void adapt(const AdaptLimits& limits);

  /// What to do at `now`; call it after every change, and at `look_at`.
  [[nodiscard]] ScalingPlan plan(ScalingTime now, const ScalingView& view);

  void submitted();
  void submit_failed(ScalingTime now, const std::string& reason);
  void worker_joined();
  /// Failures of jobs that were `submitted` before the last failure was known are of one volley, and count
  /// once.
  void job_over(ScalingTime now, JobOutcome outcome, const std::string& reason,
                std::optional<ScalingTime> submitted = std::nullopt);

  /// The most jobs that are ever wanted, as things stand.
  [[nodiscard]] int most() const { return limits_ ? limits_->maximum_jobs : target_; }
  /// Jobs wanted when `plan` was asked last.
  [[nodiscard]] int wanted() const { return wanted_; }
  /// Why nothing is submitted any more; empty if it is not paused.
  [[nodiscard]] const std::string& pause_reason() const { return pause_reason_; }
  /// Until when nothing is submitted, although jobs are missing, since some have failed; as of the last
  /// `plan`.
  [[nodiscard]] std::optional<ScalingTime> waits_until() const { return waits_until_; }
  /// Forgets the failures: the next submission is made at once.
  void resume();

 private:
  [[nodiscard]] int wanted_for(const ScalingView& view) const;
  void grow(ScalingTime now, int missing, const ScalingView& view, ScalingPlan& plan);
  void shrink(int surplus, const ScalingView& view, ScalingPlan& plan) const;
  void shrink_idle(ScalingTime now, int surplus, const ScalingView& view, ScalingPlan& plan) const;
  void wait_after_failure(ScalingTime now);

  JobShape shape_;
  int target_ = 0;
  int wanted_ = 0;
  int fresh_ = 0;  // jobs of the target that were never submitted: these do not wait for work
  bool was_accepted_ = false;
  std::optional<AdaptLimits> limits_;
  std::optional<ScalingTime> surplus_since_;
  int failed_submits_ = 0;
  int failed_jobs_ = 0;
  std::optional<ScalingTime> not_before_, last_failure_, waits_until_;
  std::string pause_reason_;
};

}  // namespace weir::detail::elastic
