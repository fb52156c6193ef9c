// What a worker with room is given of what others wait for: answers only, balance.cpp acts on them.
#include <algorithm>

#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

namespace {

constexpr double least_gain_s = 100e-6;   // that makes it worth to ask for a task back
constexpr double most_soon_s = 500e-6;    // what was given ahead may begin within two tasks, or so soon
constexpr std::uint32_t most_seen = 256;  // tasks of a busy worker, in search of one to take
constexpr std::size_t few_inputs = 64;    // looked for whenever one has arrived: a task with more stays

// Threads for which there is no task, and which are kept for none.
std::uint32_t room_of(const Worker& worker) {
  const std::uint32_t taken = worker.ready() + worker.extra() + worker.reserved;
  return worker.threads > taken ? worker.threads - taken : 0;
}

// What there is of each resource, less what is wanted of it by the tasks that are there.
std::vector<double> free_resources(const Worker& worker) {
  std::vector<double> free(worker.resources.size());
  for (std::size_t i = 0; i < free.size(); ++i)
    free[i] = worker.resources[i].amount - worker.demand[i].amount;
  return free;
}

// Whether `test` holds for a resource that the task wants: its place at the worker, and how much.
template <class Test>
bool any_resource(const Options& options, const Worker& worker, Test test) {
  for (const Resource& wanted : options.resources)
    for (std::size_t i = 0; i < worker.resources.size(); ++i)
      if (worker.resources[i].name == wanted.name && test(i, wanted.amount)) return true;
  return false;
}

}  // namespace

Refill State::refill(const Task& task, const Worker& worker, bool first) const {
  const std::uint32_t most = limit(task, worker), ready = worker.ready() + worker.extra();
  if (ready >= most || (first && ready > most / 2 && ready >= worker.threads)) return Refill::full;
  if (!worker.ends() || in_time(task, worker, worker.wait_s())) return Refill::now;
  return in_time(task, worker, 0) ? Refill::full : Refill::late;
}

// Whether `refill` says so of every task, the first of a run.
bool State::is_full(const Worker& worker) const noexcept {
  const std::uint32_t ready = worker.ready() + worker.extra();
  const double most = std::max<double>(settings_.saturation, settings_.ahead_tasks) * worker.threads;
  return ready >= worker.threads && 2.0 * ready > most + 1;
}

// Of the tasks that a worker was given, those that it may not have begun.
bool State::may_return(const Task& task) const {
  return task.thief == nowhere && !task.begun && !task.scattered && !task.out_of_band && !task.in_gang &&
         !task.is_actor && !task.is_call;
}

bool State::may_be_taken(const Task& task) const { return task.missing == 0 && may_return(task); }

// Whether it would have begun if a thread had been free: nothing else has to come for it. Its own message may
// have: one that came back is left where it is then, or it would go to and fro for ever.
bool State::lacks_a_thread(const Task& task) const {
  return may_be_taken(task) && !task.came_back && !task.restricted() && task.inputs.size() <= few_inputs &&
         std::all_of(task.inputs.begin(), task.inputs.end(), [&](const Edge& edge) {
           const auto& replicas = edge.task->replicas;
           return std::any_of(replicas.begin(), replicas.end(),
                              [&](const Replica& replica) { return replica.worker == task.worker; });
         });
}

// Tasks beyond its threads. What runs on though it was cancelled, or nobody wants it, is not counted and
// takes a thread as well; it shows by what does not begin, and who has begun is asked once.
std::uint32_t State::surplus_of(const Worker& worker) const {
  const std::uint32_t tasks = worker.ready() + worker.queued;
  if (tasks > worker.threads) return tasks - worker.threads;
  if (!overstays(worker)) return 0;
  return static_cast<std::uint32_t>(
      std::count_if(worker.processing.begin(), worker.processing.end() - worker.blocked,
                    [&](const Task* task) { return !task->waits && lacks_a_thread(*task); }));
}

Theft State::theft(WorkerIndex thief) const {
  const Worker& idle = workers_[thief];
  if (workers_.size() < 2 || !idle.running() || idle.memory.paused || idle.stealing || room_of(idle) == 0)
    return {};
  const auto wait_s = [&](WorkerIndex index) {  // of what can run: its turn may come sooner elsewhere
    return wait_of(workers_[index]) - workers_[index].blocked_s / workers_[index].threads;
  };
  WorkerIndex victim = load_.most();
  if (workers_.size() <= 64)
    for (WorkerIndex i = 0; i < workers_.size(); ++i)
      if (workers_[i].running() && surplus_of(workers_[i]) &&
          (victim == nowhere || !surplus_of(workers_[victim]) || wait_s(i) > wait_s(victim)))
        victim = i;
  if (victim == nowhere || victim == thief) return {};
  const std::uint32_t surplus = surplus_of(workers_[victim]);
  if (surplus == 0 || wait_s(victim) <= least_gain_s) return {};
  return {victim, (surplus + 1) / 2, wait_s(victim)};
}

// Whether it would begin sooner there. Who was given tasks ahead will have something to do before long.
bool State::worth(const Task& task, WorkerIndex thief, const Theft& theft) const {
  const Worker& idle = workers_[thief];
  const double soon_s = idle.blocked ? std::min(2.0 * task.estimate, most_soon_s) : 0;
  return cost(task, thief) + least_gain_s + soon_s < theft.wait_s && allowed(task, idle);
}

std::vector<Task*> State::loot(WorkerIndex thief, const Theft& theft) const {
  const Worker& busy = workers_[theft.victim];
  const bool has_more = busy.ready() + busy.queued > busy.threads;
  std::vector<Task*> taken;
  std::uint32_t seen = 0;
  for (auto at = busy.processing.rbegin() + busy.blocked;
       at != busy.processing.rend() && taken.size() < theft.most && seen < most_seen; ++at, ++seen)
    if ((has_more ? may_be_taken(**at) : lacks_a_thread(**at)) && worth(**at, thief, theft))
      taken.push_back(*at);
  return taken;
}

// Tasks that wait for resources elsewhere, for a worker where these are free.
std::vector<Task*> State::resource_loot(WorkerIndex thief) const {
  const Worker& idle = workers_[thief];
  if (demanding_ == 0 || !idle.running() || idle.memory.paused || idle.stealing) return {};
  const std::size_t room = room_of(idle);
  std::vector<double> here = free_resources(idle);
  std::vector<Task*> taken;
  std::uint32_t seen = 0;
  for (WorkerIndex i = 0; i < workers_.size() && taken.size() < room; ++i) {
    const Worker& busy = workers_[i];
    if (i == thief || !busy.running() || !busy.wants_more_than_it_has()) continue;
    std::vector<double> there = free_resources(busy);
    for (auto at = busy.processing.rbegin() + busy.blocked;
         at != busy.processing.rend() && taken.size() < room && seen < most_seen; ++at, ++seen) {
      const Options* options = (*at)->options();
      if (!options || !may_be_taken(**at) || !allowed(**at, idle) || !named(*options, idle)) continue;
      const auto lacks = [&](std::size_t r, double) { return there[r] < -1e-9; };
      const auto too_much = [&](std::size_t r, double amount) { return here[r] < amount - 1e-9; };
      if (!any_resource(*options, busy, lacks) || any_resource(*options, idle, too_much)) continue;
      any_resource(*options, idle, [&](std::size_t r, double amount) { return here[r] -= amount, false; });
      any_resource(*options, busy, [&](std::size_t r, double amount) { return there[r] += amount, false; });
      taken.push_back(*at);
    }
  }
  return taken;
}

}  // namespace weir::detail::scheduler
