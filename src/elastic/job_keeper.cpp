// Jobs as they are wanted.
#include "elastic/job_keeper.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/log.hpp"
#include "node/host.hpp"
#include "node/worker.hpp"
#include "weir/duration.hpp"

namespace weir::detail::elastic {

namespace {

constexpr std::chrono::seconds hand_over(30);         // for a retired worker to give its results away
constexpr std::chrono::seconds leave_time(5);         // for its process to end after that
constexpr std::chrono::seconds short_lived_after(1);  // idle beside tasks that it has no time for
constexpr std::chrono::milliseconds step_time(100);
constexpr std::chrono::seconds queued_step_time(2), begins_within(2);  // a job that is not in a queue

// Clusters of this program whose workers have no resources: theirs is the work that asks for none.
std::atomic<int> plain_clusters{0};

int threads_of(const JobShape& shape) { return std::max(1, shape.cores / std::max(1, shape.workers)); }

std::vector<Resource> offer_of(const JobShape& shape) {
  std::vector<Resource> offer = shape.resources;
  offer.push_back({"cores", static_cast<double>(threads_of(shape))});
  return offer;
}

std::string program_name() {
  const auto arguments = own_arguments();
  return arguments.front().substr(arguments.front().rfind('/') + 1);
}

/// Workers that outlive a program keep the name of their job.
std::string next_prefix(const std::string& kept_session) {
  static std::atomic<int> number{0};
  return (kept_session.empty() ? "cluster" + std::to_string(++number)
                               : std::filesystem::path(kept_session).stem().string()) +
         ".";
}

}  // namespace

JobKeeper::JobKeeper(std::shared_ptr<node::SchedulerNode> scheduler, std::unique_ptr<Launcher> launcher,
                     std::string connection_file)
    : scheduler_(std::move(scheduler)),
      launcher_(std::move(launcher)),
      shape_(launcher_->shape()),
      offer_(offer_of(shape_)),
      connection_file_(std::move(connection_file)),
      prefix_(next_prefix(launcher_->session_file())),
      file_(connection_file_),
      scaler_(shape_) {
  plain_clusters += shape_.resources.empty();
  promise({});
  for (KeptJob& job : launcher_->take_over()) {
    const long number = std::atol(job.label.c_str() + job.label.rfind('.') + 1);
    number_ = std::max(number_, static_cast<int>(std::clamp(number, 0l, 1'000'000'000l)));
    jobs_.push_back({.id = std::move(job.id),
                     .label = std::move(job.label),
                     .submitted = std::chrono::steady_clock::now()});
  }
  thread_ = std::thread([this] { loop(); });
}

void JobKeeper::promise(std::optional<std::uint64_t> workers) {
  scheduler_->promise({.by = this,
                       .offer = offer_,
                       .threads = static_cast<std::uint32_t>(threads_of(shape_)),
                       .workers = workers});
}

void JobKeeper::want(const std::function<void(Scaler&)>& change) {
  std::uint64_t most = 0;
  {
    const std::lock_guard hold(mutex_);
    change(scaler_);
    most = static_cast<std::uint64_t>(scaler_.most());
    dirty_ = true;
    changed_.notify_all();
  }
  promise(most * static_cast<std::uint64_t>(shape_.workers));
}

int JobKeeper::jobs() const {
  std::lock_guard hold(mutex_);
  return static_cast<int>(jobs_.size());
}

std::string JobKeeper::problem() const {
  std::lock_guard hold(mutex_);
  return worst_problem();
}

const std::string& JobKeeper::worst_problem() const {
  for (const std::string* text : {&scaler_.pause_reason(), &time_problem_, &refusal_})
    if (!text->empty()) return *text;
  return failure_;
}

void JobKeeper::close(bool retire) {
  {
    std::lock_guard hold(mutex_);
    closing_ = true;
    retire_ = retire;
    changed_.notify_all();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  seeing::job_board().remove(this);
  plain_clusters -= shape_.resources.empty();
  scheduler_->withdraw(this);
}

void JobKeeper::loop() {
  prctl(PR_SET_NAME, "weir cluster");
  std::unique_lock hold(mutex_);
  while (!closing_) {
    dirty_ = false;
    hold.unlock();
    try {
      step(std::chrono::steady_clock::now());
    } catch (const std::exception& error) {
      log::error("cluster: {}", error.what());
    }
    hold.lock();
    const std::chrono::milliseconds pause =
        are_queued(std::chrono::steady_clock::now()) ? queued_step_time : step_time;
    changed_.wait_for(hold, pause, [&] { return closing_ || dirty_; });
  }
  hold.unlock();
  end_all(retire_);
}

/// Whether nothing is to be expected but that one of them begins, perhaps in hours. Its worker is given tasks
/// all the same.
bool JobKeeper::are_queued(ScalingTime now) const {
  return is_remote() && !jobs_.empty() && std::all_of(jobs_.begin(), jobs_.end(), [&](const Job& job) {
           return job.workers.empty() && !job.joined && !job.retiring && now - job.submitted > begins_within;
         });
}

void JobKeeper::freeze() {
  std::lock_guard hold(mutex_);
  frozen_ = true;
}

void JobKeeper::step(ScalingTime now) {
  const Snapshot snapshot = scheduler_->snapshot();
  ScalingPlan plan;
  {
    std::lock_guard hold(mutex_);
    look(now, snapshot);
    drop_ended(now);
    if (frozen_) return;
    replace_short_lived(now, snapshot.lacking_s);
    tell_pause();
    avoid_hosts();
    plan = scaler_.plan(now, view(snapshot));
    tell_wait(now);
  }
  carry_out(now, plan);
  tell(now, snapshot);
}

/// For `weir status`.
void JobKeeper::tell(ScalingTime now, const Snapshot& snapshot) {
  if (now - told_ < std::chrono::seconds(1)) return;
  told_ = now;
  ClusterRecord record{.system = std::string(launcher_->system()),
                       .program = program_name(),
                       .host = node::host_name(),
                       .pid = getpid()};
  const auto count = [&](TaskState state) { return snapshot.tasks[static_cast<std::size_t>(state)]; };
  record.pending = count(TaskState::waiting) + count(TaskState::queued) + count(TaskState::no_worker) +
                   count(TaskState::processing);
  for (const WorkerInfo& worker : snapshot.workers)
    if (worker.job.starts_with(prefix_)) finished_[worker.peer] = worker.finished;
  for (const auto& [worker, finished] : finished_) record.done += finished;
  std::lock_guard hold(mutex_);
  record.wanted = scaler_.wanted();
  for (const Job& job : jobs_) {
    ++(job.workers.empty() ? record.queued : record.running);
    record.workers += static_cast<int>(job.workers.size());
  }
  record.problem = worst_problem();
  file_.tell(record);
  seeing::JobsSeen seen{record.system, record.wanted, record.problem, {}};
  for (const Job& job : jobs_)
    seen.jobs.push_back({job.id, state_of(job), static_cast<std::uint32_t>(job.workers.size()),
                         std::chrono::duration<double>(now - job.submitted).count()});
  seeing::job_board().put(this, std::move(seen));
}

// For people.
std::string JobKeeper::state_of(const Job& job) {
  return job.leaving            ? "at its end"
         : job.retiring         ? "leaving"
         : !job.workers.empty() ? "running"
         : job.joined           ? "without workers"
                                : "queued";
}

/// Which workers each job has.
void JobKeeper::look(ScalingTime now, const Snapshot& snapshot) {
  for (Job& job : jobs_) {
    job.workers.clear();
    bool busy = false, staying = false;
    for (const WorkerInfo& worker : snapshot.workers) {
      if (worker.job != job.label) continue;
      job.workers.push_back(worker.peer);
      hosts_.worked(worker.host);
      busy |= worker.processing + worker.queued > 0;
      staying |= !worker.retiring;
      job.full_s = std::max(job.full_s, worker.serves_s);
    }
    // Remains so when they have left: the batch system has not said yet that it is over.
    if (!job.workers.empty()) job.leaving = !staying;
    else if (job.joined && !job.leaving) job.leaving = has_been_left(job);
    if (!job.workers.empty()) note_joined(job);
    if (busy || job.workers.empty()) job.idle_since.reset();
    else if (!job.idle_since) job.idle_since = now;
    if (!job.workers.empty()) job.quiet_since.reset();
    else if (!job.quiet_since) {
      job.quiet_since = now;
      job.pause = launcher_->first_pause();
    }
  }
}

/// Whether its workers have gone by themselves, perhaps between two looks.
bool JobKeeper::has_been_left(const Job& job) {
  const std::vector<PeerId> workers = scheduler_->workers_of(job.label);
  return !workers.empty() && scheduler_->leave_in_order(workers);
}

void JobKeeper::note_joined(Job& job) {
  if (std::exchange(job.joined, true)) return;
  scaler_.worker_joined();
  failure_.clear();
}

/// A job that fails as soon as it begins, perhaps after hours in the queue, is not asked after rarely.
void JobKeeper::note_begun(ScalingTime now) {
  if (now - signs_looked_for_ < std::chrono::seconds(1)) return;
  signs_looked_for_ = now;
  for (Job& job : jobs_)
    if (job.quiet_since && !job.joined && !job.begun && launcher_->has_begun(job.id)) {
      job.begun = true;
      job.quiet_since = now;
      job.pause = launcher_->first_pause();
    }
}

void JobKeeper::drop_ended(ScalingTime now) {
  note_begun(now);
  std::vector<std::string> quiet, late;
  for (Job& job : jobs_) {
    if (job.quiet_since && now - *job.quiet_since > job.pause) {
      quiet.push_back(job.id);
      job.quiet_since = now;
      job.pause = std::min(2 * job.pause, launcher_->longest_pause());
    }
    if (job.kill_at && now > *job.kill_at) late.push_back(job.id);
  }
  if (!late.empty()) launcher_->cancel(late);
  for (const JobEnd& end : launcher_->ended(quiet)) {
    const auto job =
        std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& one) { return one.id == end.id; });
    if (job == jobs_.end()) continue;
    // Asked here, since they may have come or gone between two looks.
    const std::vector<PeerId> workers = scheduler_->workers_of(job->label);
    if (!workers.empty()) note_joined(*job);
    if (end.was_taken_away) scheduler_->forgive(workers);
    if (!job->retiring) over(now, *job, workers, end);
    jobs_.erase(job);
  }
}

/// What the end of a job says of the others: nothing, if its workers had been told to end (its exit status is
/// that signal's), had only lost sight of this program, or its host is at fault.
void JobKeeper::over(ScalingTime now, const Job& job, const std::vector<PeerId>& workers, const JobEnd& end) {
  const auto counts = [&](JobOutcome outcome, const std::string& reason) {
    scaler_.job_over(now, outcome, reason, job.submitted);
  };
  const bool left_alone = job.joined && end.exit_status == node::status_left_alone;
  const auto in_order = [&] { return job.joined && scheduler_->leave_in_order(workers); };
  if (end.outcome != JobOutcome::failed || left_alone || in_order())
    return counts(JobOutcome::ended, end.reason);
  const bool at_once = !job.joined && !end.host.empty();
  failure_ = end.id + " has failed" + (at_once ? " at once on " + end.host : "") + ": " + end.reason;
  log::error("cluster: {}", failure_);
  if (at_once && is_of_host(now, job, end)) return counts(JobOutcome::ended, end.reason);
  counts(JobOutcome::failed, at_once ? end.reason + " (on " + hosts_.failing() + ")" : end.reason);
}

/// Whether others may go on. The host is avoided anyway, if that can be had.
bool JobKeeper::is_of_host(ScalingTime now, const Job& job, const JobEnd& end) {
  const bool is_alone = hosts_.failed(now, end.host, job.submitted);
  avoid_hosts();
  return is_alone && avoided_.contains(end.host);
}

void JobKeeper::avoid_hosts() {
  const std::set<std::string> wanted = hosts_.avoided();
  if (wanted == avoided_) return;
  if (const std::string problem = launcher_->avoid(wanted); !problem.empty()) {
    hosts_.are_needed();
    return log::warn("cluster: {} cannot be avoided: {}", hosts_.failing(), problem);
  }
  for (const std::string& host : wanted)
    if (!avoided_.contains(host))
      log::error("cluster: {} is avoided from now on{}", host,
                 hosts_.others_work() ? ", since others run elsewhere" : "");
  avoided_ = wanted;
}

/// Nobody may be looking at `problem`, while a program waits for workers that will not come.
void JobKeeper::tell_pause() {
  const std::string& reason = scaler_.pause_reason();
  if (!reason.empty() && reason != pause_told_) {
    log::error("cluster: paused: {}", reason);
    if (!hosts_.others_work()) hosts_.forget_failures();  // it was none of them
  }
  pause_told_ = reason;
}

void JobKeeper::tell_wait(ScalingTime now) {
  const std::optional<ScalingTime> until = scaler_.waits_until();
  if (until && until != wait_told_)
    log::warn("cluster: the next job is submitted in {}, or after resume()",
              to_string(std::chrono::ceil<std::chrono::seconds>(*until - now)));
  wait_told_ = until;
}

ScalingView JobKeeper::view(const Snapshot& snapshot) const {
  ScalingView view;
  for (const Job& job : jobs_)
    if (!job.retiring && !job.leaving && !job.superseded)
      view.jobs.push_back({job.id, job.joined, job.idle_since});
  const std::uint64_t ready = scheduler_->work_for(offer_, shape_.resources.empty() || plain_clusters == 0);
  const auto threads = static_cast<std::uint64_t>(threads_of(shape_));
  view.useful_workers = static_cast<int>(std::min<std::uint64_t>((ready + threads - 1) / threads, 1'000'000));
  view.has_results = snapshot.results_wanted;
  return view;
}

/// A job that is idle although there is work, since that takes longer than it lives, is replaced: if new ones
/// live long enough. It goes when another has come.
void JobKeeper::replace_short_lived(ScalingTime now, double lacking_s) {
  const auto stays = [](const Job& job) {
    return job.joined && !job.retiring && !job.leaving && !job.superseded;
  };
  if (std::any_of(jobs_.begin(), jobs_.end(), stays))
    for (Job& job : jobs_)
      if (job.superseded && !job.retiring && !job.leaving && job.idle_since) retire(job, now);
  if (lacking_s == 0) return;
  bool hopeless = true;
  for (Job& job : jobs_) {
    if (job.joined && job.full_s < lacking_s) continue;
    hopeless = false;
    job.superseded |= stays(job) && job.idle_since && now - *job.idle_since > short_lived_after;
  }
  if (!hopeless || jobs_.empty() || !time_problem_.empty()) return;
  const auto text = [](double seconds) { return to_string(std::chrono::seconds(std::llround(seconds))); };
  time_problem_ = "a task needs " + text(lacking_s) + ", and jobs of this cluster take tasks for " +
                  text(jobs_.front().full_s) + " only; ask for a longer walltime";
  log::warn("cluster: {}", time_problem_);
}

void JobKeeper::carry_out(ScalingTime now, const ScalingPlan& plan) {
  for (int i = 0; i < plan.submit; ++i) submit_one(now);
  if (!plan.cancel.empty()) {
    std::vector<std::string> waiting;
    {
      // Submissions may have taken minutes: who has joined meanwhile is retired like any other.
      const Snapshot snapshot = scheduler_->snapshot();
      std::lock_guard hold(mutex_);
      look(now, snapshot);
      for (Job& job : jobs_) {
        if (std::find(plan.cancel.begin(), plan.cancel.end(), job.id) == plan.cancel.end()) continue;
        if (job.workers.empty()) waiting.push_back(job.id);
        retire(job, now);
      }
    }
    if (!waiting.empty()) launcher_->withdraw(waiting);
  }
  if (plan.retire.empty()) return;
  std::lock_guard hold(mutex_);
  for (Job& job : jobs_)
    if (std::find(plan.retire.begin(), plan.retire.end(), job.id) != plan.retire.end()) retire(job, now);
}

void JobKeeper::submit_one(ScalingTime now) {
  const std::string label = prefix_ + std::to_string(++number_);
  std::string id, problem;
  try {
    id = launcher_->submit({{"WEIR_CONNECT", connection_file_}, {"WEIR_JOB", label}});
  } catch (const std::exception& error) {
    problem = error.what();
  }
  std::lock_guard hold(mutex_);
  dirty_ = true;  // the others follow at once
  if (id.empty()) {
    if (!avoided_.empty() && !hosts_.others_work()) {  // perhaps there are no others
      hosts_.are_needed();
      return avoid_hosts();
    }
    refusal_ = problem;
    log::error("cluster: {}", problem);
    return scaler_.submit_failed(now, problem);
  }
  log::info("cluster: {} submitted", id);
  scaler_.submitted();
  refusal_.clear();
  jobs_.push_back({.id = id, .label = label, .submitted = now});
}

void JobKeeper::retire(Job& job, ScalingTime now) {
  job.retiring = true;
  job.kill_at = now + hand_over + leave_time;
  scheduler_->dismiss(job.label, hand_over);
}

void JobKeeper::end_all(bool hand_results_over) {
  const auto patience = hand_results_over ? hand_over + leave_time
                        : is_remote()     ? std::chrono::seconds(1)
                                          : leave_time;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::vector<std::string> queued, all;
  {
    const Snapshot snapshot = scheduler_->snapshot();
    std::lock_guard hold(mutex_);
    look(std::chrono::steady_clock::now(), snapshot);
    for (Job& job : jobs_) {
      if (job.workers.empty()) queued.push_back(job.id);
      else if (hand_results_over && !job.retiring) retire(job, std::chrono::steady_clock::now());
      job.retiring = true;
    }
  }
  try {
    if (!queued.empty()) launcher_->cancel(queued);
    while (jobs() > 0 && std::chrono::steady_clock::now() < deadline) {
      const Snapshot snapshot = scheduler_->snapshot();
      std::unique_lock hold(mutex_);
      look(std::chrono::steady_clock::now(), snapshot);
      drop_ended(std::chrono::steady_clock::now());
      // A batch system is not asked whether they are really gone; it is told below.
      const bool deserted =
          std::all_of(jobs_.begin(), jobs_.end(), [](const Job& job) { return job.workers.empty(); });
      if (deserted && is_remote()) break;
      changed_.wait_for(hold, std::chrono::milliseconds(5));
    }
    for (const Job& job : jobs_) all.push_back(job.id);
    if (!all.empty()) launcher_->cancel(all);
  } catch (const std::exception& error) {
    log::error("cluster: {}", error.what());
  }
}

}  // namespace weir::detail::elastic
