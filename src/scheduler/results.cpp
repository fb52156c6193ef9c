// Where results are, who still needs them, and when they are forgotten.
#include <algorithm>
#include <unordered_set>

#include "scheduler/actors.hpp"
#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

using protocol::FreeResult;

// Those that were ready wait for it again.
void State::hold_dependents(const Task& task) {
  for (const Edge& edge : task.dependents) {
    Task& dependent = *edge.task;
    if (dependent.state != TaskState::queued && dependent.state != TaskState::no_worker) continue;
    if (dependent.state == TaskState::queued) dequeue(dependent);
    move(dependent, TaskState::waiting, "input lost");
  }
}

// That it is there, though its value does not come along.
protocol::TaskDone State::done_message(const Task& task) const {
  return {task.id, workers_[task.replicas[0].worker].peer, protocol::RunMark::of(task.run), task.bytes, false,
          {}};
}

// Whether it is about this run that it could not be had from there. What a peer says of itself is.
bool State::is_about_this_run(const Task& task, PeerId from, PeerId holder, std::uint16_t run) noexcept {
  return holder == from || run == 0 || run == protocol::RunMark::of(task.run);
}

// The last copy is gone.
void State::lost_result(Task& task, const std::string& reason) {
  if (task.scattered)
    return fail(task, failure_of(task, ErrorKind::worker_lost,
                                 "the only copy of this scattered data was on " + reason +
                                     "; scatter it again, or to several workers"));
  if (task.is_actor && !task.is_made_again)
    return fail(task, failure_of(task, ErrorKind::worker_lost,
                                 "the actor was on " + reason +
                                     ", and its state has gone; make it again, or with "
                                     "weir::OnDeath::rebuild"));
  if (task.is_call)
    return fail(
        task, failure_of(task, ErrorKind::worker_lost, "its result was on " + reason + ", and " + made_once));
  move(task, TaskState::released, "lost");
  hold_dependents(task);
  const bool wanted = task.wanted && !task.delivered;
  if (wanted) tell_client(task, protocol::TaskPending{task.id});
  if (wanted || task.needed_by) want(task, "lost");
  else unused_.push_back(task.id);
}

void State::release_inputs(Task& task) {
  for (const Edge& edge : task.inputs)
    if (--edge.task->needed_by == 0 && !edge.task->wanted) unused_.push_back(edge.task->id);
}

// Whether a result is still wanted that would be computed from this data again if it were lost.
bool State::stood_on(const Task& data) const {
  std::vector<const Task*> todo{&data};
  std::unordered_set<const Task*> seen;
  while (!todo.empty()) {
    const Task* task = todo.back();
    todo.pop_back();
    for (const Edge& edge : task->dependents) {
      const Task& dependent = *edge.task;
      if (dependent.pending()) return true;
      if (dependent.state == TaskState::memory && dependent.wanted && !dependent.delivered) return true;
      if (dependent.state != TaskState::erred && seen.insert(&dependent).second) todo.push_back(&dependent);
    }
  }
  return false;
}

void State::release_if_unused(Task& task) {
  if (task.wanted || task.needed_by) return;
  if (task.in_gang) return release_gang(task);
  if (task.made_once && task.state == TaskState::memory && !task.dependents.empty()) return;
  if (task.scattered && !task.dependents.empty()) {
    // It cannot be computed again: neither for a result that is lost, nor for a dependent that is retried.
    if (task.state == TaskState::memory && stood_on(task)) return;
    if (task.state != TaskState::erred)
      fail(task, failure_of(task, ErrorKind::cancelled, "this scattered data has been released"));
  } else if (task.state == TaskState::memory) {
    free_replicas(task);
    move(task, TaskState::released, "released");
  } else if (task.pending()) {
    stop_pending(task, TaskState::released, "released");
  }
  if (task.dependents.empty()) return forget(task);
  for (const Edge& edge : task.inputs)
    if (edge.task->scattered && !edge.task->wanted) unused_.push_back(edge.task->id);
}

void State::forget(Task& task) {
  for (const Edge& edge : task.inputs) {
    Task& input = *edge.task;
    Edge& place = input.dependents[edge.position];
    place = input.dependents.back();
    place.task->inputs[place.position].position = edge.position;
    input.dependents.pop_back();
    if ((input.dependents.empty() || input.scattered) && !input.wanted) unused_.push_back(input.id);
  }
  --counts_[static_cast<std::size_t>(task.state)];
  tasks_.erase(task.id);
}

// Whether small copies of it leave with the tasks that use them, and are not told of here. Then each of these
// may have to ask for it anew, which must be few times at each worker; and it must be possible to make it
// again if the only copy that is known dies.
bool State::passes(const Task& input) const noexcept {
  constexpr std::size_t few = 8, few_each = 2;
  return input.uses <= std::max(few, few_each * alive_) && !input.scattered && !input.made_once &&
         !input.is_actor && !input.is_call;
}

void State::add_replica(Task& task, WorkerIndex index) {
  Worker& worker = workers_[index];
  worker.actors += task.is_actor;
  task.replicas.push_back({index, static_cast<std::uint32_t>(worker.holds.size())});
  worker.holds.push_back(&task);
  worker.bytes += task.bytes;
}

// Moving the last one into each gap would touch a task that is not in the cache each time.
void State::close_gaps(WorkerIndex index) {
  Worker& worker = workers_[index];
  std::uint32_t next = 0;
  for (Task* held : worker.holds) {
    if (!held) continue;
    for (Replica& replica : held->replicas)
      if (replica.worker == index) replica.position = next;
    worker.holds[next++] = held;
  }
  worker.holds.resize(next);
  worker.gone = 0;
}

void State::drop_replica(Task& task, std::uint32_t which) {
  const Replica replica = task.replicas[which];
  Worker& worker = workers_[replica.worker];
  worker.holds[replica.position] = nullptr;
  ++worker.gone;
  for (; !worker.holds.empty() && !worker.holds.back(); worker.holds.pop_back()) --worker.gone;
  if (worker.gone > most_gone && worker.gone > worker.holds.size() / 8 * 7) close_gaps(replica.worker);
  worker.bytes -= task.bytes;
  worker.actors -= task.is_actor;
  task.replicas[which] = task.replicas.back();
  task.replicas.pop_back();
}

// Nobody is in a hurry to be rid of a small one, and a message of its own is a third of what such a task
// costs.
void State::free_replicas(Task& task) {
  constexpr std::uint64_t small_bytes = 4096;
  while (!task.replicas.empty()) {
    const PeerId holder = workers_[task.replicas.back().worker].peer;
    if (task.bytes <= small_bytes) send_later(holder, FreeResult{task.id});
    else send(holder, FreeResult{task.id});
    drop_replica(task, task.replicas.size() - 1);
  }
}

}  // namespace weir::detail::scheduler
