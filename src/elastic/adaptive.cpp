// The decisions of a growing cluster.
#include "elastic/adaptive.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "weir/error.hpp"

namespace weir::detail::elastic {
namespace {

using std::chrono::minutes;

constexpr std::array waits{minutes(0), minutes(1), minutes(15), minutes(30), minutes(60)};
constexpr int most_failed_submits = 10;
constexpr int most_failed_jobs = 3;
constexpr const char* way_out = "; no more are submitted until resume(), scale() or adapt() is called";
constexpr const char* or_joins = " or a worker joins";

int parts(const char* what, std::uint64_t all, std::uint64_t of_one) {
  if (of_one == 0)
    throw Error(ErrorKind::invalid_argument,
                std::string("scale: the ") + what + " of a job must be known (got 0)");
  const std::uint64_t jobs = all / of_one + (all % of_one != 0);
  if (jobs > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
    throw Error(ErrorKind::invalid_argument,
                std::string("scale: too much ") + what + " (got " + std::to_string(all) + ")");
  return static_cast<int>(jobs);
}

std::uint64_t not_negative(const char* what, int number) {
  if (number < 0)
    throw Error(ErrorKind::invalid_argument,
                std::string("scale: ") + what + " must not be negative (got " + std::to_string(number) + ")");
  return static_cast<std::uint64_t>(number);
}

int live_jobs(const ScalingView& view) { return static_cast<int>(view.jobs.size()) + view.submitting; }

void earlier(std::optional<ScalingTime>& time, ScalingTime other) {
  time = time ? std::min(*time, other) : other;
}

/// Cancels up to `surplus` jobs of the queue, the newest first.
int cancel_waiting(int surplus, const ScalingView& view, ScalingPlan& plan) {
  for (auto job = view.jobs.rbegin(); job != view.jobs.rend() && surplus > 0; ++job) {
    if (job->is_running) continue;
    plan.cancel.push_back(job->id);
    --surplus;
  }
  return surplus;
}

}  // namespace

int jobs_for_workers(int workers, const JobShape& shape) {
  return parts("workers", not_negative("workers", workers), not_negative("workers", shape.workers));
}
int jobs_for_cores(int cores, const JobShape& shape) {
  return parts("cores", not_negative("cores", cores), not_negative("cores", shape.cores));
}
int jobs_for_memory(std::uint64_t memory_bytes, const JobShape& shape) {
  return parts("memory", memory_bytes, shape.memory_bytes);
}

void Scaler::scale(int jobs) {
  target_ = static_cast<int>(not_negative("jobs", jobs));
  fresh_ = target_;
  limits_.reset();
  if (!pause_reason_.empty()) resume();
}

void Scaler::adapt(const AdaptLimits& limits) {
  const auto refuse = [](const std::string& rule, auto got) {
    throw Error(ErrorKind::invalid_argument, "adapt: " + rule + " (got " + std::to_string(got) + ")");
  };
  if (limits.minimum_jobs < 0) refuse("minimum must not be negative", limits.minimum_jobs);
  if (limits.maximum_jobs < std::max(1, limits.minimum_jobs))
    refuse("maximum must be at least 1 and at least minimum", limits.maximum_jobs);
  if (limits.idle_grace < std::chrono::seconds(0))
    refuse("idle_grace must not be negative", limits.idle_grace.count());
  limits_ = limits;
  surplus_since_.reset();
  if (!pause_reason_.empty()) resume();
}

int Scaler::wanted_for(const ScalingView& view) const {
  if (!limits_) return target_;
  const int useful = jobs_for_workers(std::max(view.has_results ? 1 : 0, view.useful_workers), shape_);
  return std::clamp(useful, limits_->minimum_jobs, limits_->maximum_jobs);
}

ScalingPlan Scaler::plan(ScalingTime now, const ScalingView& view) {
  ScalingPlan plan;
  const int live = live_jobs(view);
  wanted_ = wanted_for(view);
  waits_until_.reset();
  const int missing = wanted_ - live;
  if (missing >= 0) surplus_since_.reset();
  if (missing > 0) grow(now, missing, view, plan);
  if (missing >= 0) return plan;
  if (!surplus_since_) surplus_since_ = now;
  if (!limits_ || live > limits_->maximum_jobs)
    shrink(limits_ ? live - limits_->maximum_jobs : -missing, view, plan);
  else shrink_idle(now, -missing, view, plan);
  return plan;
}

void Scaler::grow(ScalingTime now, int missing, const ScalingView& view, ScalingPlan& plan) {
  if (!pause_reason_.empty()) return;
  if (!limits_ && view.useful_workers <= 0) {
    const bool needs_successor =
        view.has_results && view.jobs.empty();  // for the results of a job that is ending
    missing = std::min(missing, std::max(needs_successor ? 1 : 0, fresh_) - view.submitting);
  }
  if (missing <= 0) return;
  if (not_before_ && now < *not_before_) {
    plan.look_at = waits_until_ = not_before_;
    return;
  }
  // At first and after a failure one job has to be accepted before the others follow.
  const bool is_probing = !was_accepted_ || failed_submits_ + failed_jobs_ > 0;
  plan.submit = is_probing ? (view.submitting > 0 ? 0 : 1) : missing;
}

void Scaler::shrink(int surplus, const ScalingView& view, ScalingPlan& plan) const {
  surplus = cancel_waiting(surplus, view, plan);
  std::vector<const JobView*> running;
  for (const JobView& job : view.jobs)
    if (job.is_running) running.push_back(&job);
  // Idle jobs go first, the longest idle among them at the head; then the newest.
  std::stable_sort(running.begin(), running.end(), [](const JobView* a, const JobView* b) {
    return a->idle_since.value_or(ScalingTime::max()) < b->idle_since.value_or(ScalingTime::max());
  });
  const auto busy =
      std::find_if(running.begin(), running.end(), [](const JobView* job) { return !job->idle_since; });
  std::reverse(busy, running.end());
  for (std::size_t i = 0; i < running.size() && surplus > 0; ++i, --surplus)
    plan.retire.push_back(running[i]->id);
}

void Scaler::shrink_idle(ScalingTime now, int surplus, const ScalingView& view, ScalingPlan& plan) const {
  const auto grace = limits_->idle_grace;
  if (now - *surplus_since_ >= grace) surplus = cancel_waiting(surplus, view, plan);
  else plan.look_at = *surplus_since_ + grace;
  std::vector<const JobView*> idle;
  for (const JobView& job : view.jobs)
    if (job.is_running && job.idle_since) idle.push_back(&job);
  std::stable_sort(idle.begin(), idle.end(),
                   [](const JobView* a, const JobView* b) { return *a->idle_since < *b->idle_since; });
  for (std::size_t i = 0; i < idle.size() && surplus > 0; ++i, --surplus) {
    if (now - *idle[i]->idle_since >= grace) plan.retire.push_back(idle[i]->id);
    else earlier(plan.look_at, *idle[i]->idle_since + grace);
  }
}

void Scaler::submitted() {
  was_accepted_ = true;
  failed_submits_ = 0;
  fresh_ = std::max(0, fresh_ - 1);
  if (failed_jobs_ == 0) not_before_.reset();
}

void Scaler::worker_joined() {
  failed_jobs_ = 0;
  if (failed_submits_ < most_failed_submits) pause_reason_.clear();
  if (failed_submits_ == 0) not_before_.reset();
}

void Scaler::submit_failed(ScalingTime now, const std::string& reason) {
  if (not_before_ && now < *not_before_) return;  // of the same volley as the one before
  ++failed_submits_;
  wait_after_failure(now);
  if (failed_submits_ >= most_failed_submits)
    pause_reason_ = std::to_string(failed_submits_) +
                    " submissions in a row were refused, the last one with: " + reason + way_out;
}

void Scaler::job_over(ScalingTime now, JobOutcome outcome, const std::string& reason,
                      std::optional<ScalingTime> submitted) {
  if (outcome == JobOutcome::ended) return;
  if (last_failure_ && submitted && *submitted < *last_failure_) return;
  last_failure_ = now;
  ++failed_jobs_;
  wait_after_failure(now);
  if (failed_jobs_ >= most_failed_jobs)
    pause_reason_ = std::to_string(failed_jobs_) + " jobs in a row failed, the last one with: " + reason +
                    way_out + or_joins;
}

void Scaler::wait_after_failure(ScalingTime now) {
  const auto step = static_cast<std::size_t>(std::max(failed_submits_, failed_jobs_) - 1);
  not_before_ = now + waits[std::min(step, waits.size() - 1)];
}

void Scaler::resume() {
  failed_submits_ = 0;
  failed_jobs_ = 0;
  not_before_.reset();
  pause_reason_.clear();
}

}  // namespace weir::detail::elastic
