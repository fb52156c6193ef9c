// Scaling: single decisions, and days of a simulated queue in which nothing may churn or leak.
#include "elastic/adaptive.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "support/throws.hpp"

using namespace weir;
using namespace weir::detail::elastic;
using namespace std::chrono_literals;
using test::sentence_of;

namespace {

const ScalingTime start{1h};

JobView waiting(const std::string& id) { return {.id = id}; }
JobView busy(const std::string& id) { return {.id = id, .is_running = true}; }
JobView idle(const std::string& id, ScalingTime since) {
  return {.id = id, .is_running = true, .idle_since = since};
}
using Ids = std::vector<std::string>;

/// One whose jobs were accepted before.
Scaler accepted(const JobShape& shape = {}) {
  Scaler scaler(shape);
  scaler.submitted();
  return scaler;
}

/// A batch system and its workers: a job waits, serves, ends at its walltime.
class Simulation {
 public:
  explicit Simulation(Scaler& scaler) : scaler_(scaler) {}

  std::chrono::minutes queue_wait = 5min;
  std::chrono::minutes walltime = 120min;
  int useful_workers = 0;
  bool refuses = false;
  bool jobs_crash = false;
  int submitted = 0;
  int refused = 0;
  ScalingTime now = start;

  void run(std::chrono::minutes duration) {
    for (const ScalingTime end = now + duration; now < end; now += 1min) {
      live();
      act();
    }
  }
  [[nodiscard]] int jobs() const { return static_cast<int>(jobs_.size()); }
  [[nodiscard]] int running() const {
    return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(),
                                          [](const auto& job) { return job.second.view.is_running; }));
  }

 private:
  struct Job {
    JobView view;
    ScalingTime submitted;
  };

  void live() {
    int work = useful_workers;
    for (auto it = jobs_.begin(); it != jobs_.end();) {
      Job& job = it->second;
      const bool starts = !job.view.is_running && now - job.submitted >= queue_wait;
      const bool ends = now - job.submitted >= queue_wait + walltime;
      if (starts && jobs_crash) {
        scaler_.job_over(now, JobOutcome::failed, "exit status 1", job.submitted);
        it = jobs_.erase(it);
        continue;
      }
      if (starts) scaler_.worker_joined();
      if (ends) {
        scaler_.job_over(now, JobOutcome::ended, "");
        it = jobs_.erase(it);
        continue;
      }
      job.view.is_running |= starts;
      if (job.view.is_running && work-- > 0) job.view.idle_since.reset();
      else if (job.view.is_running && !job.view.idle_since) job.view.idle_since = now;
      ++it;
    }
  }

  void act() {
    ScalingView view{.useful_workers = useful_workers};
    for (const auto& [number, job] : jobs_) view.jobs.push_back(job.view);
    const ScalingPlan plan = scaler_.plan(now, view);
    for (int i = 0; i < plan.submit; ++i) {
      if (refuses) {
        ++refused;
        scaler_.submit_failed(now, "no such account");
      } else {
        ++submitted;
        jobs_[submitted] = {{.id = std::to_string(submitted)}, now};
        scaler_.submitted();
      }
    }
    for (const Ids* ids : {&plan.cancel, &plan.retire})
      for (const std::string& id : *ids) {
        REQUIRE(jobs_.erase(std::stoi(id)) == 1);
        scaler_.job_over(now, JobOutcome::ended, "");
      }
  }

  Scaler& scaler_;
  std::map<int, Job> jobs_;
};

}  // namespace

TEST_CASE("scaling counts jobs from workers, cores and memory") {
  const JobShape shape{.workers = 2, .cores = 24, .memory_bytes = 100};
  CHECK(jobs_for_workers(0, shape) == 0);
  CHECK(jobs_for_workers(1, shape) == 1);
  CHECK(jobs_for_workers(3, shape) == 2);
  CHECK(jobs_for_cores(48, shape) == 2);
  CHECK(jobs_for_memory(101, shape) == 2);
  CHECK(sentence_of([&] { return jobs_for_workers(-1, shape); }) ==
        "scale: workers must not be negative (got -1)");
  CHECK(sentence_of([] { return jobs_for_memory(1, JobShape{}); }) ==
        "scale: the memory of a job must be known (got 0)");
}

TEST_CASE("scale submits what is missing at once, without work") {
  Scaler scaler = accepted();
  scaler.scale(3);
  CHECK(scaler.plan(start, {.jobs = {waiting("1")}}).submit == 2);
  CHECK(scaler.plan(start, {.jobs = {waiting("1")}, .submitting = 2}).submit == 0);
}

TEST_CASE("scale down cancels the queue first, then idle jobs, then the newest") {
  Scaler scaler{JobShape{}};
  scaler.scale(1);
  const ScalingView view{
      .jobs = {busy("1"), busy("2"), idle("3", start - 1min), idle("4", start - 2min), waiting("5")},
      .useful_workers = 2};
  const ScalingPlan plan = scaler.plan(start, view);
  CHECK(plan.cancel == Ids{"5"});
  CHECK(plan.retire == Ids{"4", "3", "2"});
}

TEST_CASE("scale(2) and scale(0) at once leave nothing behind") {
  Scaler scaler = accepted();
  scaler.scale(2);
  CHECK(scaler.plan(start, {}).submit == 2);
  scaler.scale(0);
  CHECK(scaler.plan(start, {.submitting = 2}).submit == 0);
  scaler.submitted();
  scaler.submitted();
  const ScalingPlan plan = scaler.plan(start, {.jobs = {waiting("1"), waiting("2")}});
  CHECK(plan.submit == 0);
  CHECK(plan.cancel == Ids{"2", "1"});
  CHECK(scaler.plan(start + 1h, {}).submit == 0);
}

TEST_CASE("jobs that end by walltime are replaced while there is work, and only then") {
  Scaler scaler{JobShape{}};
  Simulation queue(scaler);
  scaler.scale(4);
  queue.useful_workers = 10;
  queue.run(24h);
  CHECK(queue.jobs() == 4);
  CHECK(queue.submitted >= 4 * 24 / 3);
  queue.useful_workers = 0;
  const int before = queue.submitted;
  queue.run(24h);
  CHECK(queue.jobs() == 0);
  CHECK(queue.submitted == before);
  queue.useful_workers = 1;
  queue.run(1h);
  CHECK(queue.jobs() == 4);
}

TEST_CASE(
    "results that nobody else has keep one job: as an successor of the last that ends, or as the last that "
    "stays") {
  Scaler scaler = accepted();
  scaler.scale(3);
  for (int i = 0; i < 3; ++i) scaler.submitted();
  CHECK(scaler.plan(start, {.has_results = true}).submit == 1);
  CHECK(scaler.plan(start, {.submitting = 1, .has_results = true}).submit == 0);
  CHECK(scaler.plan(start, {.jobs = {waiting("4")}, .has_results = true}).submit == 0);
  scaler.adapt({.minimum_jobs = 0, .maximum_jobs = 3, .idle_grace = 1min});
  const ScalingView view{.jobs = {idle("4", start), idle("5", start)}, .has_results = true};
  (void)scaler.plan(start, view);
  CHECK(scaler.plan(start + 2min, view).retire == Ids{"4"});
}

TEST_CASE("adapt grows at once to what is useful, within its limits") {
  Scaler scaler = accepted(JobShape{.workers = 2});
  scaler.adapt({.minimum_jobs = 1, .maximum_jobs = 10});
  CHECK(scaler.plan(start, {}).submit == 1);
  CHECK(scaler.plan(start, {.useful_workers = 7}).submit == 4);
  CHECK(scaler.plan(start, {.useful_workers = 1000}).submit == 10);
  CHECK(
      scaler.plan(start, {.jobs = {busy("1"), waiting("2")}, .submitting = 1, .useful_workers = 7}).submit ==
      1);
}

TEST_CASE("adapt gives an idle job back after the grace, and asks to be called then") {
  Scaler scaler{JobShape{}};
  scaler.adapt({.minimum_jobs = 1, .maximum_jobs = 10, .idle_grace = 3min});
  const ScalingView view{.jobs = {idle("1", start), idle("2", start - 1min), busy("3")}, .useful_workers = 1};
  const ScalingPlan soon = scaler.plan(start, view);
  CHECK(soon.retire.empty());
  CHECK(soon.look_at == start + 2min);
  CHECK(scaler.plan(start + 2min, view).retire == Ids{"2"});
  CHECK(scaler.plan(start + 3min, view).retire == Ids{"2", "1"});
}

TEST_CASE("adapt keeps its minimum however idle") {
  Scaler scaler{JobShape{}};
  scaler.adapt({.minimum_jobs = 2, .maximum_jobs = 10});
  CHECK(scaler.plan(start + 1h, {.jobs = {idle("1", start), idle("2", start)}}).retire.empty());
}

TEST_CASE("adapt to a lower maximum takes jobs away at once") {
  Scaler scaler{JobShape{}};
  scaler.adapt({.maximum_jobs = 1});
  CHECK(scaler.plan(start, {.jobs = {busy("1"), busy("2"), waiting("3")}, .useful_workers = 9}).submit == 0);
  const ScalingPlan plan =
      scaler.plan(start, {.jobs = {busy("1"), busy("2"), waiting("3")}, .useful_workers = 1});
  CHECK(plan.cancel == Ids{"3"});
  CHECK(plan.retire == Ids{"2"});
}

TEST_CASE("adapt does not churn when the work comes and goes within the grace") {
  Scaler scaler{JobShape{}};
  scaler.adapt({.maximum_jobs = 8, .idle_grace = 5min});
  Simulation queue(scaler);
  queue.walltime = 48h;
  for (int i = 0; i < 200; ++i) {
    queue.useful_workers = i % 2 ? 8 : 2;
    queue.run(3min);
  }
  CHECK(queue.submitted == 8);
}

TEST_CASE("adapt follows any work and ends with nothing") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    Scaler scaler{JobShape{}};
    scaler.adapt({.maximum_jobs = 20});
    Simulation queue(scaler);
    for (int i = 0; i < 50; ++i) {
      queue.useful_workers = static_cast<int>(random() % 40);
      queue.queue_wait = std::chrono::minutes(random() % 30);
      queue.run(std::chrono::minutes(random() % 60));
      CHECK(queue.jobs() <= 20);
    }
    queue.useful_workers = 0;
    queue.run(1h);
    CHECK(queue.jobs() == 0);
  }
}

TEST_CASE("refused submissions wait 0, 1, 15, 30 and 60 minutes and then pause with the site's words") {
  Scaler scaler = accepted();
  scaler.scale(5);
  ScalingTime now = start;
  CHECK(scaler.plan(now, {}).submit == 5);
  for (const auto wait : {0min, 1min, 15min, 30min, 60min, 60min, 60min, 60min, 60min}) {
    scaler.submit_failed(now, "no such account");
    if (wait > 0min) {
      CHECK(scaler.plan(now + wait - 1s, {}).submit == 0);
      CHECK(scaler.plan(now + wait - 1s, {}).look_at == now + wait);
    }
    now += wait;
    CHECK(scaler.plan(now, {}).submit == 1);
    CHECK(scaler.pause_reason().empty());
  }
  scaler.submit_failed(now, "no such account");
  CHECK(scaler.pause_reason() ==
        "10 submissions in a row were refused, the last one with: no such account; no more are submitted "
        "until resume(), scale() or adapt() is called");
  CHECK(scaler.plan(now + 24h, {}).submit == 0);
  scaler.resume();
  CHECK(scaler.plan(now + 24h, {}).submit == 5);
}

TEST_CASE("the first submission is a single one") {
  Scaler scaler{JobShape{}};
  scaler.scale(5);
  CHECK(scaler.plan(start, {}).submit == 1);
  CHECK(scaler.plan(start, {.submitting = 1}).submit == 0);
  scaler.submitted();
  CHECK(scaler.plan(start, {.jobs = {waiting("1")}}).submit == 4);
}

TEST_CASE("a volley of refused submissions counts as two") {
  Scaler scaler = accepted();
  for (int i = 0; i < 50; ++i) scaler.submit_failed(start, "full");
  CHECK(scaler.pause_reason().empty());
  scaler.scale(1);
  CHECK(scaler.plan(start, {}).look_at == start + 1min);
}

TEST_CASE("three failed jobs in a row pause the cluster; a worker that joins starts the count again") {
  Scaler scaler{JobShape{}};
  scaler.scale(1);
  scaler.job_over(start, JobOutcome::failed, "exit status 1");
  scaler.job_over(start, JobOutcome::failed, "exit status 1");
  scaler.worker_joined();
  scaler.job_over(start, JobOutcome::failed, "exit status 1");
  scaler.job_over(start, JobOutcome::ended, "");
  scaler.job_over(start, JobOutcome::failed, "exit status 1");
  CHECK(scaler.pause_reason().empty());
  scaler.job_over(start, JobOutcome::failed, "exit status 2");
  CHECK(scaler.pause_reason() ==
        "3 jobs in a row failed, the last one with: exit status 2; no more are submitted until resume(), "
        "scale() or adapt() is called or a worker joins");
}

TEST_CASE("jobs that fail together count once, and what was taken away does not count") {
  Scaler scaler = accepted();
  scaler.scale(5);
  const auto submitted = start - 5min;
  for (int i = 0; i < 5; ++i) scaler.job_over(start, JobOutcome::failed, "exit status 1", submitted);
  for (int i = 0; i < 5; ++i) scaler.job_over(start, JobOutcome::ended, "PREEMPTED", submitted);
  CHECK(scaler.pause_reason().empty());
  scaler.job_over(start + 1min, JobOutcome::failed, "exit status 1", start);
  CHECK(scaler.pause_reason().empty());
  scaler.job_over(start + 3min, JobOutcome::failed, "exit status 1", start + 2min);
  CHECK(scaler.pause_reason().starts_with("3 jobs in a row failed"));
}

TEST_CASE("a worker that joins ends a pause") {
  Scaler scaler = accepted();
  scaler.scale(2);
  for (int i = 0; i < 3; ++i) scaler.job_over(start, JobOutcome::failed, "exit status 1");
  CHECK_FALSE(scaler.pause_reason().empty());
  scaler.worker_joined();
  CHECK(scaler.pause_reason().empty());
  CHECK(scaler.plan(start, {}).submit == 2);
}

TEST_CASE("a pause ends when somebody wants workers anew, the waiting after a single failure does not") {
  Scaler scaler = accepted();
  scaler.scale(1);
  for (int i = 0; i < 3; ++i) scaler.job_over(start, JobOutcome::failed, "exit status 1");
  CHECK(!scaler.pause_reason().empty());
  scaler.scale(2);
  CHECK(scaler.pause_reason().empty());
  CHECK(scaler.plan(start, {}).submit == 2);
  for (int i = 0; i < 3; ++i) scaler.job_over(start, JobOutcome::failed, "exit status 1");
  scaler.adapt({.maximum_jobs = 1});
  CHECK(scaler.pause_reason().empty());
  CHECK(scaler.plan(start, {.useful_workers = 1}).submit == 1);
  for (int i = 0; i < 2; ++i) scaler.job_over(start, JobOutcome::failed, "exit status 1");
  scaler.scale(1);
  CHECK(scaler.plan(start, {.useful_workers = 1}).look_at == start + 1min);
  scaler.resume();
  CHECK(scaler.plan(start, {.useful_workers = 1}).submit == 1);
}

TEST_CASE("a batch system that refuses everything for a week is asked ten times") {
  Scaler scaler{JobShape{}};
  scaler.adapt({.maximum_jobs = 100});
  Simulation queue(scaler);
  queue.useful_workers = 100;
  queue.refuses = true;
  queue.run(24h * 7);
  CHECK(queue.refused == 10);
  CHECK(!scaler.pause_reason().empty());
}

TEST_CASE("jobs that crash when they start are not resubmitted for ever") {
  Scaler scaler{JobShape{}};
  scaler.scale(2);
  Simulation queue(scaler);
  queue.useful_workers = 5;
  queue.jobs_crash = true;
  queue.run(24h * 7);
  CHECK(queue.submitted == 6);  // two at a time, which fail together
  CHECK(scaler.pause_reason() ==
        "3 jobs in a row failed, the last one with: exit status 1; no more are submitted until resume(), "
        "scale() or adapt() is called or a worker joins");
}

TEST_CASE("wrong limits are refused") {
  Scaler scaler{JobShape{}};
  const auto adapt = [&](AdaptLimits limits) {
    return sentence_of([&] {
      scaler.adapt(limits);
      return 0;
    });
  };
  CHECK(adapt({.minimum_jobs = -1, .maximum_jobs = 3}) == "adapt: minimum must not be negative (got -1)");
  CHECK(adapt({.minimum_jobs = 4, .maximum_jobs = 3}) ==
        "adapt: maximum must be at least 1 and at least minimum (got 3)");
  CHECK(adapt({.maximum_jobs = 0}) == "adapt: maximum must be at least 1 and at least minimum (got 0)");
  CHECK(sentence_of([&] {
          scaler.scale(-1);
          return 0;
        }) == "scale: jobs must not be negative (got -1)");
}
