// Where a task runs, and when it is held back.
#include <algorithm>
#include <cmath>

#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

namespace {

bool less_loaded(const Worker& a, const Worker& b) {
  return a.processing.size() * std::uint64_t{b.threads} < b.processing.size() * std::uint64_t{a.threads};
}

// Later in time: what a heap needs to keep the most urgent on top.
bool later(const QueueEntry& a, const QueueEntry& b) {
  return a.priority != b.priority ? a.priority < b.priority : a.order > b.order;
}

}  // namespace

void Queue::push(const QueueEntry& entry) {
  if (in_order_.empty() || !later(in_order_.back(), entry)) return in_order_.push_back(entry);
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end(), later);
}

bool Queue::front_first() const {
  return heap_.empty() || (!in_order_.empty() && !later(in_order_.front(), heap_.front()));
}

const QueueEntry& Queue::top() const { return front_first() ? in_order_.front() : heap_.front(); }

void Queue::pop() {
  if (front_first()) return in_order_.pop_front();
  std::pop_heap(heap_.begin(), heap_.end(), later);
  heap_.pop_back();
}

void Queue::clear() {
  in_order_.clear();
  heap_.clear();
}

std::uint32_t State::group_of(std::uint64_t function) {
  const auto [found, fresh] = group_index_.try_emplace(function, static_cast<std::uint32_t>(groups_.size()));
  if (fresh) groups_.push_back({function});
  return found->second;
}

float State::estimate(const Task& task) const {
  if (task.scattered) return 0;
  const Group& group = groups_[task.group];
  return static_cast<float>(group.finished ? group.duration_s : settings_.unknown_s);
}

// Tasks a worker is given at a time: enough to be busy until more can arrive, no more than that.
std::uint32_t State::limit(const Task& task, const Worker& worker) const {
  const Group& group = groups_[task.group];
  double per_thread = settings_.saturation;
  if (group.finished)
    per_thread = std::clamp(settings_.ahead_s / std::max(group.duration_s, 1e-9), settings_.saturation,
                            double(settings_.ahead_tasks));
  return static_cast<std::uint32_t>(
      worker.memory.paused ? 1.0 : std::max(1.0, std::ceil(per_thread * worker.threads)));
}

bool State::named(const Options& options, const Worker& worker) const {
  const auto matches = [&](const std::string& name) {
    return name == worker.name || name == worker.host || name == std::to_string(worker.peer);
  };
  return options.workers.empty() || std::any_of(options.workers.begin(), options.workers.end(), matches);
}

// Seconds a worker must have left; 0 if nothing is known.
double State::time_of(const Task& task) const {
  const Options* options = task.options();
  if (options && options->time_limit.count() > 0)
    return std::chrono::duration<double>(options->time_limit).count();
  return task.scattered || task.out_of_band ? 0 : groups_[task.group].duration_s;
}

bool State::offers(const Worker& worker, const Options& options) const {
  for (const Resource& wanted : options.resources) {
    const auto offered = std::find_if(worker.resources.begin(), worker.resources.end(),
                                      [&](const Resource& r) { return r.name == wanted.name; });
    if (offered == worker.resources.end() || offered->amount < wanted.amount) return false;
  }
  return true;
}

// What was asked of every worker is done by those too that are leaving.
bool State::allowed(const Task& task, const Worker& worker) const {
  if (!(task.out_of_band ? worker.alive : worker.running()) || !in_time(task, worker, 0)) return false;
  const Options* options = task.options();
  return !options || (offers(worker, *options) && (options->allow_other_workers || named(*options, worker)));
}

// Seconds until the task could start there.
double State::cost(const Task& task, WorkerIndex index) const {
  const Worker& worker = workers_[index];
  double seconds = worker.ready() + worker.queued < worker.threads ? 0 : worker.load_s / worker.threads;
  if (worker.memory.paused) seconds += settings_.pause_s;
  for (const Edge& edge : task.inputs) {
    const Task& input = *edge.task;
    bool here = false;
    for (const Replica& replica : input.replicas) here = here || replica.worker == index;
    if (!here) seconds += settings_.latency_s + static_cast<double>(input.bytes) / settings_.bytes_per_s;
  }
  return seconds;
}

WorkerIndex State::choose(const Task& task) {
  SmallVector<WorkerIndex, 16> candidates;
  if (const WorkerIndex least = load_.least(); least != nowhere) candidates.push_back(least);
  for (std::uint32_t i = 0; i < std::min(task.inputs.size(), 16u); ++i)
    for (std::uint32_t k = 0; k < std::min(task.inputs[i].task->replicas.size(), 4u); ++k) {
      const WorkerIndex holder = task.inputs[i].task->replicas[k].worker;
      if (workers_[holder].running() && !candidates.contains(holder)) candidates.push_back(holder);
    }
  const auto late = [&](WorkerIndex index) {
    return workers_[index].ends() && !in_time(task, workers_[index], workers_[index].wait_s());
  };
  if (std::any_of(candidates.begin(), candidates.end(), late)) return choose_restricted(task);
  WorkerIndex best = nowhere;
  double best_cost = 0;
  for (const WorkerIndex candidate : candidates) {
    const double seconds = candidates.size() > 1 ? cost(task, candidate) : 0;
    if (best != nowhere &&
        (seconds > best_cost || (seconds == best_cost && workers_[candidate].bytes >= workers_[best].bytes)))
      continue;
    best = candidate;
    best_cost = seconds;
  }
  return best;
}

WorkerIndex State::choose_restricted(const Task& task) const {
  WorkerIndex best = nowhere;
  double best_cost = 0;
  for (WorkerIndex i = 0; i < workers_.size(); ++i) {
    if (!allowed(task, workers_[i])) continue;
    // A preference costs an hour where it is not met, and so does a worker that must finish other tasks first
    // and has no time for that.
    const bool preferred = !task.options() || named(*task.options(), workers_[i]);
    const bool late = !in_time(task, workers_[i], workers_[i].wait_s());
    const double seconds =
        cost(task, i) + workers_[i].ready() * 1e-9 + (preferred ? 0 : 3600) + (late ? 3600 : 0);
    if (best != nowhere && seconds >= best_cost) continue;
    best = i;
    best_cost = seconds;
  }
  return best;
}

// A ready task finds its worker, or waits for one.
void State::place(Task& task) {
  if (task.restricted()) {
    const WorkerIndex index = choose_restricted(task);
    if (index != nowhere && in_time(task, workers_[index], workers_[index].wait_s()))
      return assign(task, index);
  } else if (!task.inputs.empty()) {
    const WorkerIndex index = choose(task);
    if (index != nowhere) {
      Worker& worker = workers_[index];
      if (worker.queued == 0 && has_room(task, worker)) return assign(task, index);
      enqueue(task, index);
      return touch(index);
    }
  } else if (place_root(task)) {
    return;
  }
  if (task.out_of_band)
    return fail_unplaceable(task, ErrorKind::worker_lost, "was to be run by a worker that has gone");
  no_worker_for(task);
}

void State::no_worker_for(Task& task) {
  move(task, TaskState::no_worker, cause_);
  unplaceable_.push_back(task.id);
}

bool State::has_room(const Task& task, const Worker& worker) const {
  return worker.ready() < limit(task, worker) && (!worker.ends() || in_time(task, worker, worker.wait_s()));
}

// A task without inputs; false if no worker can ever take it.
bool State::place_root(Task& task) {
  WorkerIndex idle = load_.least();
  if (idle != nowhere && workers_[idle].ends() && !in_time(task, workers_[idle], workers_[idle].wait_s()))
    idle = choose_restricted(task);
  if (idle == nowhere) return false;
  // Idle threads first; then runs of neighbours to one worker, since neighbours are often used together.
  const Worker& worker = workers_[idle];
  if (queued_ == 0 && worker.ready() < worker.places()) {
    assign(task, idle);
  } else if (queued_ == 0) {
    if (cursor_ == nowhere || !workers_[cursor_].running() || workers_[cursor_].memory.paused ||
        !has_room(task, workers_[cursor_]))
      cursor_ = idle;
    has_room(task, workers_[cursor_]) ? assign(task, cursor_) : enqueue(task, nowhere);
  } else {
    if (worker.ready() < worker.places()) touch(idle);
    enqueue(task, nowhere);
  }
  return true;
}

// All its inputs are there or being computed: where most of them are, it can start without asking.
void State::place_ahead(Task& task) {
  if (task.restricted() || task.out_of_band) return;
  SmallVector<WorkerIndex, 16> homes;
  for (std::uint32_t i = 0; i < std::min(task.inputs.size(), 16u); ++i) {
    const Task& input = *task.inputs[i].task;
    const WorkerIndex home = input.state == TaskState::memory ? input.replicas[0].worker
                             : input.scattered                ? nowhere
                                                              : input.worker;
    if (home != nowhere && workers_[home].running() && !workers_[home].memory.paused &&
        in_time(task, workers_[home], workers_[home].load_s / workers_[home].threads))
      homes.push_back(home);
  }
  WorkerIndex best = nowhere;
  std::uint32_t most = 0;
  for (const WorkerIndex home : homes) {
    const auto inputs = static_cast<std::uint32_t>(std::count(homes.begin(), homes.end(), home));
    if (inputs < most || (inputs == most && best != nowhere && !less_loaded(workers_[home], workers_[best])))
      continue;
    best = home;
    most = inputs;
  }
  if (best != nowhere && workers_[best].blocked < settings_.ahead_tasks * workers_[best].threads)
    assign(task, best);
}

Task* State::next_queued(Queue& queue, WorkerIndex owner) {
  while (!queue.empty()) {
    Task* task = tasks_.find(queue.top().id);
    if (task && task->state == TaskState::queued && task->worker == owner && task->order == queue.top().order)
      return task;
    queue.pop();
  }
  return nullptr;
}

// Gives a worker with room the most urgent of what is held back, in runs.
void State::fill(WorkerIndex index) {
  Worker& worker = workers_[index];
  if (!worker.running()) return;
  constexpr std::size_t most_late = 64;  // looked at in search of one that the worker has time for
  SmallVector<Task*, 2> aside;
  for (bool first = true;; first = false) {
    Task* own = worker.queued ? next_queued(worker.queue, index) : nullptr;
    Task* any = queued_ && (!worker.memory.paused || all_paused()) ? next_queued(queue_, nowhere) : nullptr;
    if (!own && !any) break;
    const bool take_own =
        own && (!any || !later({own->priority, own->order, 0}, {any->priority, any->order, 0}));
    Task& task = take_own ? *own : *any;
    const std::uint32_t most = limit(task, worker), ready = worker.ready();
    if (ready >= most || (first && ready > most / 2 && ready >= worker.threads)) break;
    if (worker.ends() && !in_time(task, worker, worker.wait_s())) {
      if (in_time(task, worker, 0) || aside.size() == most_late) break;
      (take_own ? worker.queue : queue_).pop();
      dequeue(task);
      aside.push_back(&task);
      continue;
    }
    (take_own ? worker.queue : queue_).pop();
    dequeue(task);
    assign(task, index);
  }
  for (Task* task : aside) rehome(*task);
}

// For a task that its worker has no time for.
void State::rehome(Task& task) {
  const bool anywhere = choose_restricted(task) != nowhere;
  if (!anywhere) no_worker_for(task);
  else if (task.inputs.empty()) enqueue(task, nowhere);
  else place(task);
}

// An idle worker takes what a busy one would not start soon.
void State::steal(WorkerIndex thief) {
  Worker& idle = workers_[thief];
  if (!idle.running() || idle.memory.paused || idle.stealing || idle.ready() >= idle.threads) return;
  const auto surplus = [](const Worker& worker) {
    return worker.ready() + worker.queued > worker.threads ? worker.ready() + worker.queued - worker.threads
                                                           : 0;
  };
  WorkerIndex victim = load_.most();
  if (workers_.size() <= 64)
    for (WorkerIndex i = 0; i < workers_.size(); ++i)
      if (workers_[i].running() && surplus(workers_[i]) &&
          (victim == nowhere || !surplus(workers_[victim]) || workers_[i].load_s > workers_[victim].load_s))
        victim = i;
  if (victim == nowhere || victim == thief) return;
  Worker& busy = workers_[victim];
  const std::uint32_t spare = surplus(busy);
  if (spare == 0) return;
  const double wait_s = busy.load_s / busy.threads + (busy.memory.paused ? settings_.pause_s : 0);
  const auto worth = [&](const Task& task) {
    return cost(task, thief) + 100e-6 < wait_s && allowed(task, idle);
  };
  std::uint32_t moved = 0;
  while (busy.queued && moved < (spare + 1) / 2) {
    Task* task = next_queued(busy.queue, victim);
    if (!task || !worth(*task) || idle.ready() >= limit(*task, idle)) break;
    busy.queue.pop();
    dequeue(*task);
    assign(*task, thief);
    ++moved;
  }
  if (moved || busy.queued) return;
  std::uint32_t looked = 0;
  for (auto at = busy.processing.rbegin();
       at != busy.processing.rend() && moved < (spare + 1) / 2 && looked < 256; ++at, ++looked) {
    Task& task = **at;
    if (task.missing || task.thief != nowhere || task.scattered || task.out_of_band || !worth(task)) continue;
    task.thief = thief;
    idle.stealing = true;
    send(busy.peer, protocol::RetractRun{task.id, task.run});
    ++moved;
  }
}

}  // namespace weir::detail::scheduler
