// Between the scheduler and workers that have room: filling them, and taking from those that have too much.
#include <algorithm>

#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

namespace {

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
          (victim == nowhere || !surplus(workers_[victim]) ||
           wait_of(workers_[i]) > wait_of(workers_[victim])))
        victim = i;
  if (victim == nowhere || victim == thief) return;
  Worker& busy = workers_[victim];
  const std::uint32_t spare = surplus(busy);
  if (spare == 0) return;
  const double wait_s = wait_of(busy);
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

// A worker with a resource free takes tasks that wait for theirs elsewhere.
void State::steal_for_resources(WorkerIndex thief) {
  Worker& idle = workers_[thief];
  if (!idle.running() || idle.memory.paused || idle.stealing || idle.resources.empty()) return;
  constexpr std::uint32_t most = 256;
  std::uint32_t seen = 0, moved = 0;
  const std::uint32_t room = idle.threads > idle.ready() ? idle.threads - idle.ready() : 0;
  std::vector<Demand> taken(idle.resources.size());
  const auto fits = [&](const Options& options, bool take) {
    for (const Resource& wanted : options.resources)
      for (std::size_t i = 0; i < idle.resources.size(); ++i) {
        if (idle.resources[i].name != wanted.name) continue;
        if (idle.demand[i].amount + taken[i].amount + wanted.amount > idle.resources[i].amount + 1e-9)
          return false;
        if (take) taken[i].amount += wanted.amount;
      }
    return true;
  };
  for (WorkerIndex i = 0; i < workers_.size() && moved < room; ++i) {
    Worker& busy = workers_[i];
    if (i == thief || !busy.running()) continue;
    std::vector<double> excess(busy.resources.size());
    bool any = false;
    for (std::size_t r = 0; r < excess.size(); ++r) {
      excess[r] = busy.demand[r].amount - busy.resources[r].amount;
      any = any || excess[r] > 1e-9;
    }
    if (!any) continue;
    for (auto at = busy.processing.rbegin(); at != busy.processing.rend() && moved < room && seen < most;
         ++at, ++seen) {
      Task& task = **at;
      const Options* options = task.options();
      if (!options || options->resources.empty() || task.missing || task.thief != nowhere || task.out_of_band)
        continue;
      const auto waits = [&](const Resource& wanted) {
        for (std::size_t r = 0; r < excess.size(); ++r)
          if (busy.resources[r].name == wanted.name && excess[r] > 1e-9) return true;
        return false;
      };
      if (std::none_of(options->resources.begin(), options->resources.end(), waits) || !allowed(task, idle) ||
          !named(*options, idle) || !fits(*options, false))
        continue;
      (void)fits(*options, true);
      for (const Resource& wanted : options->resources)
        for (std::size_t r = 0; r < excess.size(); ++r)
          if (busy.resources[r].name == wanted.name) excess[r] -= wanted.amount;
      task.thief = thief;
      idle.stealing = true;
      send(busy.peer, protocol::RetractRun{task.id, task.run});
      ++moved;
    }
  }
}

}  // namespace weir::detail::scheduler
