// Between the scheduler and workers that have room: they are filled, and get what others have too much of.
// stealing.cpp says what.
#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

Task* State::next_queued(Queue& queue, WorkerIndex owner) {
  while (!queue.empty()) {
    Task* task = tasks_.find(queue.top().id);
    if (task && task->state == TaskState::queued && task->worker == owner && task->order == queue.top().order)
      return task;
    queue.pop();
  }
  return nullptr;
}

// The most urgent of what any worker may take, or of its share, unless others are far behind with theirs. One
// that leaves has no share: what it has no time for goes back.
Task* State::next_of_all(WorkerIndex index) {
  Task* const any = next_queued(queue_, nowhere);
  Task* const own = any && index < shares_.size() && !workers_[index].ends()
                        ? next_queued(shares_[index], nowhere)
                        : nullptr;
  constexpr std::uint64_t far = 4;  // roots for each worker
  const bool takes_own =
      own && own->priority == any->priority && own->order - any->order <= far * workers_.size() << 8;
  return takes_own ? own : any;
}

// Gives a worker with room the most urgent of what is held back, in runs.
void State::fill(WorkerIndex index) {
  Worker& worker = workers_[index];
  if (!worker.running()) return;
  if (is_full(worker)) return;
  constexpr std::size_t most_late = 64;  // looked at in search of one that the worker has time for
  SmallVector<Task*, 2> aside;
  for (bool first = true;; first = false) {
    Task* own = worker.queued ? next_queued(worker.queue, index) : nullptr;
    Task* any = queued_ && (!worker.memory.paused || all_paused()) ? next_of_all(index) : nullptr;
    if (!own && !any) break;
    const bool take_own =
        own && (!any || !later({own->priority, own->order, 0}, {any->priority, any->order, 0}));
    Task& task = take_own ? *own : *any;
    const Refill refill = this->refill(task, worker, first);
    if (refill == Refill::full || (refill == Refill::late && aside.size() == most_late)) break;
    if (take_own) worker.queue.pop();
    else if (queue_.top().id == task.id) queue_.pop();  // one of its share stays behind, stale
    dequeue(task);
    if (refill == Refill::late) aside.push_back(&task);
    else assign(task, index);
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

void State::retract(Task& task, WorkerIndex thief) {
  task.thief = thief;
  workers_[thief].stealing = true;
  send(workers_[task.worker].peer, protocol::RetractRun{task.id, task.run});
}

// What waits here for a busy worker goes to the idle one at once; what the busy one was given is asked back.
void State::steal(WorkerIndex thief) {
  const Theft theft = this->theft(thief);
  if (theft.victim == nowhere) return;
  Worker& busy = workers_[theft.victim];
  std::uint32_t moved = 0;
  for (; busy.queued && moved < theft.most; ++moved) {
    Task* task = next_queued(busy.queue, theft.victim);
    if (!task || !worth(*task, thief, theft) || !has_room(*task, workers_[thief])) break;
    busy.queue.pop();
    dequeue(*task);
    assign(*task, thief);
  }
  if (moved || busy.queued) return;
  for (Task* task : loot(thief, theft)) retract(*task, thief);
}

void State::steal_for_resources(WorkerIndex thief) {
  for (Task* task : resource_loot(thief)) retract(*task, thief);
}

}  // namespace weir::detail::scheduler
