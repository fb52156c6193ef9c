// The transitions of tasks: what moves, what that means for its neighbours, what must be sent.
#include "scheduler/actors.hpp"
#include "scheduler/state.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::scheduler {

using protocol::CancelRun;
using protocol::InputAt;

namespace {

// It waits for this one, however that ends.
void follow(Task& task, Task& before) {
  task.inputs.push_back({&before, static_cast<std::uint32_t>(before.dependents.size())});
  before.dependents.push_back({&task, task.inputs.size() - 1});
  task.follows = true;
  if (!task.pending()) return;
  ++before.needed_by;
  if (before.level() != Level::memory) ++task.missing;
  if (before.level() == Level::unplaced) ++task.unplaced;
}

}  // namespace

void State::count_need(const Task& task, TaskState from, TaskState to) {
  const auto is_ready = [](TaskState state) {
    return state == TaskState::queued || state == TaskState::no_worker || state == TaskState::processing;
  };
  needs_[task.extras->need].ready += std::uint64_t{is_ready(to)} - std::uint64_t{is_ready(from)};
}

void State::move(Task& task, TaskState to, const char* cause) {
  if (story_.size() < story_lines) story_.push_back({now_, task.id, task.state, to, task.worker, cause});
  else story_[story_next_++ % story_lines] = {now_, task.id, task.state, to, task.worker, cause};
  const Level before = task.level();
  --counts_[static_cast<std::size_t>(task.state)];
  ++counts_[static_cast<std::size_t>(to)];
  if (task.extras && task.extras->need) count_need(task, task.state, to);
  task.state = to;
  const Level after = task.level();
  if (before == after) return;
  for (const Edge& edge : task.dependents) {
    Task& dependent = *edge.task;
    if (!dependent.pending()) continue;
    const bool runs = dependent.state == TaskState::processing && !dependent.waits;
    if (before == Level::unplaced) --dependent.unplaced;
    if (after == Level::unplaced) ++dependent.unplaced;
    if (before == Level::memory && dependent.missing++ == 0 && runs) {
      workers_[dependent.worker].block(dependent);
      load_.update(workers_, dependent.worker);
      touch(dependent.worker);  // it can start one less: there is room for another
    }
    if (after == Level::memory && --dependent.missing == 0 && runs) {
      workers_[dependent.worker].unblock(dependent);
      load_.update(workers_, dependent.worker);
    }
    if (dependent.state == TaskState::waiting && (dependent.missing == 0 || dependent.unplaced == 0))
      loose_.push_back(dependent.id);
  }
}

// released -> waiting, with everything it stands on.
void State::want(Task& first, const char* cause) {
  SmallVector<Task*, 8> todo{&first};
  TaskId wanted_gang = 0;  // the last: its ranks ask for each other once
  while (!todo.empty()) {
    Task& task = *todo.back();
    todo.pop_back();
    if (task.state != TaskState::released) continue;
    task.missing = task.unplaced = 0;
    std::shared_ptr<const Failure> failure;
    if (task.follows && !task.inputs.back().task->pending()) {
      Task* const before = still_before(*task.inputs.back().task);
      unfollow(task);
      if (before) follow(task, *before);
    }
    for (const Edge& edge : task.inputs) {
      Task& input = *edge.task;
      ++input.needed_by;
      if (input.level() != Level::memory) ++task.missing;
      if (input.level() == Level::unplaced) ++task.unplaced;
      if (input.state == TaskState::released && input.is_call && input.run > 0)
        failure = failure_of(input, ErrorKind::worker_lost, "its result has gone, and " + made_once);
      else if (input.state == TaskState::released && input.is_actor && !input.wanted)
        failure = failure_of(input, ErrorKind::cancelled, actor_ended);
      else if (input.state == TaskState::released) todo.push_back(&input);
      if (input.state == TaskState::erred) failure = input.extras->failure;
    }
    move(task, TaskState::waiting, cause);
    if (task.in_gang && task.extras->gang != wanted_gang) {
      wanted_gang = task.extras->gang;
      want_gang(gang_of(task), todo);
    }
    if (failure) fail(task, needed_by(*failure, task));
    else loose_.push_back(task.id);
  }
}

void State::settle(Task& task) {
  if (task.state != TaskState::waiting) return;
  if (task.missing == 0) return task.in_gang ? member_ready(task) : place(task);
  if (task.unplaced > 0) return;
  const Placement to = place_ahead(task);
  if (to.what == Placement::What::assign) assign(task, to.worker);
  else if (to.what == Placement::What::hold) postpone(task, to.worker);
}

// It stays where it is until this worker has fewer tasks ahead of their inputs, or its own inputs are there.
void State::postpone(const Task& task, WorkerIndex index) {
  if (postponed_.size() <= index) postponed_.resize(index + 1);
  postponed_[index].push({task.priority, task.order, task.id});
  workers_[index].has_postponed = true;
}

// As many as there is room for are settled anew; with what follows them they may be too many. Not for every
// one that has begun: a handful costs little more.
void State::call_back(WorkerIndex index) {
  Worker& worker = workers_[index];
  const std::uint32_t most = most_ahead(worker);
  if (worker.alive && worker.blocked > most - most / 8) return;
  Queue& away = postponed_[index];
  std::size_t room = worker.alive ? most - std::min(most, worker.blocked) : away.size();
  for (; room > 0 && !away.empty(); --room) {
    loose_.push_back(away.top().id);
    away.pop();
  }
  worker.has_postponed = !away.empty();
}

// A ready task finds its worker, or waits for one.
void State::place(Task& task) {
  const Placement to = placement(task);
  if (to.cursor != nowhere) cursor_ = to.cursor;
  switch (to.what) {
    case Placement::What::assign:
      return assign(task, to.worker);
    case Placement::What::hold:
      enqueue(task, to.worker);
      if (to.share != nowhere) {
        if (shares_.size() <= to.share) shares_.resize(to.share + 1);
        shares_[to.share].push({task.priority, task.order, task.id});
      }
      if (to.has_room != nowhere) touch(to.has_room);
      return;
    case Placement::What::nobody:
      if (task.out_of_band)
        return fail_unplaceable(task, ErrorKind::worker_lost, "was to be run by a worker that has gone");
      return no_worker_for(task);
  }
}

void State::no_worker_for(Task& task) {
  move(task, TaskState::no_worker, cause_);
  unplaceable_.push_back(task.id);
}

// What a task wants of its worker's resources, more or not any more.
void State::demand(const Task& task, Worker& worker, double sign) {
  const Options* options = task.options();
  if (!options || options->resources.empty()) return;
  sign > 0 ? ++demanding_ : --demanding_;
  for (const Resource& wanted : options->resources) demand(wanted, task, worker, sign);
  if (sign < 0) freed_.push_back(static_cast<WorkerIndex>(&worker - workers_.data()));
}

void State::demand(const Resource& wanted, const Task& task, Worker& worker, double sign) {
  for (std::size_t i = 0; i < worker.resources.size(); ++i)
    if (worker.resources[i].name == wanted.name) {
      worker.demand[i].amount += sign * wanted.amount;
      worker.demand[i].load += sign * wanted.amount * task.estimate;
    }
}

// While it waits its threads are others'. What else it was given stays with it, such as devices, on which it
// may have data.
void State::set_waits(Task& task, bool waits) {
  Worker& worker = workers_[task.worker];
  worker.set_waits(task, waits, task.returned);
  if (!task.restricted()) return;
  for (const Resource& wanted : task.options()->resources)
    if (wanted.name == cores_name) demand(wanted, task, worker, waits ? -1 : 1);
  if (waits) freed_.push_back(task.worker);
}

// One that has nothing to do any more takes neither threads nor anything else.
void State::set_returned(Task& task, bool returned) {
  if (task.waits != returned) set_waits(task, returned);
  workers_[task.worker].set_waits(task, returned, returned);
  if (!task.options()) return;
  for (const Resource& wanted : task.options()->resources)
    if (wanted.name != cores_name) demand(wanted, task, workers_[task.worker], returned ? -1 : 1);
}

void State::assign(Task& task, WorkerIndex index) {
  put_on(task, index);
  const PeerId peer = workers_[index].peer;
  send(peer, Assign{task.id, task.run});
  for (const Edge& edge : task.dependents)
    if (edge.task->state == TaskState::processing && edge.task->worker != index)
      send(workers_[edge.task->worker].peer,
           InputAt{task.id, peer, false, 0, protocol::RunMark::of(task.run)});
}

void State::put_on(Task& task, WorkerIndex index) {
  Worker& worker = workers_[index];
  if (worker.ready() == 0) worker.progressed = now_;
  if (!task.inputs.empty()) layers_.note(workers_, index, stride_.width(), alive_);
  ++task.run;
  task.worker = index;
  task.estimate = estimate(task);
  worker.add(task);
  worker.actors += task.is_actor;
  worker.load_s += task.estimate;
  demand(task, worker, 1);
  move(task, TaskState::processing, cause_);
  load_.update(workers_, index);
}

// Takes it off its worker's list; the caller moves it on.
void State::unassign(Task& task) {
  Worker& worker = workers_[task.worker];
  if (task.returned) set_returned(task, false);
  if (task.waits) set_waits(task, false);
  worker.remove(task);
  worker.actors -= task.is_actor;
  task.begun = false;
  worker.load_s = worker.processing.empty() && worker.queued == 0 ? 0 : worker.load_s - task.estimate;
  demand(task, worker, -1);
  if (worker.alive) load_.update(workers_, task.worker);
  if (task.thief != nowhere) workers_[task.thief].stealing = false;
  task.thief = nowhere;
  touch(task.worker);
  task.worker = nowhere;
}

void State::enqueue(Task& task, WorkerIndex index) {
  task.worker = index;
  if (index == nowhere) {
    queue_.push({task.priority, task.order, task.id});
    ++queued_;
  } else {
    Worker& worker = workers_[index];
    worker.queue.push({task.priority, task.order, task.id});
    ++worker.queued;
    task.estimate = estimate(task);
    worker.load_s += task.estimate;
    load_.update(workers_, index);
  }
  move(task, TaskState::queued, cause_);
}

// Its entry stays behind and is found stale; the caller moves the task on.
void State::dequeue(Task& task) {
  if (task.worker == nowhere) {
    --queued_;
  } else {
    Worker& worker = workers_[task.worker];
    --worker.queued;
    worker.load_s -= task.estimate;
    if (worker.alive) load_.update(workers_, task.worker);
  }
  task.worker = nowhere;
}

void State::tell_client(const Task& task, Message message) {
  if (task.wanted) send(task.client(), std::move(message));
}

void State::finish(Task& task, WorkerIndex index, std::uint64_t bytes) {
  unassign(task);
  task.bytes = bytes;
  add_replica(task, index);
  if (workers_[index].retiring && !task.is_actor)
    if (const auto all = successors(); !all.empty())
      send(workers_[all[task.order % all.size()]].peer,
           protocol::ReplicateResult{task.id, workers_[index].peer, protocol::Scale::of(task.bytes),
                                     protocol::RunMark::of(task.run)});
  move(task, TaskState::memory, cause_);
  release_inputs(task);
  if (!task.wanted && task.needed_by == 0) unused_.push_back(task.id);
}

// Leaves whatever it waits for; its inputs are not needed for it any more.
void State::stop_pending(Task& task, TaskState to, const char* cause) {
  if (task.state == TaskState::processing) {
    if (!task.scattered) send(workers_[task.worker].peer, CancelRun{task.id, task.run});
    unassign(task);
  } else if (task.state == TaskState::queued) {
    dequeue(task);
  }
  move(task, to, cause);
  release_inputs(task);
}

// It does not wait for the one before it any more.
void State::unfollow(Task& task) {
  const Edge edge = task.inputs.back();
  Task& before = *edge.task;
  Edge& place = before.dependents[edge.position];
  place = before.dependents.back();
  place.task->inputs[place.position].position = edge.position;
  before.dependents.pop_back();
  task.inputs.pop_back();
  task.follows = false;
  if (!task.pending()) return;
  if (before.level() != Level::memory) --task.missing;
  if (before.level() == Level::unplaced) --task.unplaced;
  if (--before.needed_by == 0 && !before.wanted) unused_.push_back(before.id);
}

// Calls that were to come after this one, which has failed, go on after the one before it.
void State::free_followers(Task& failed) {
  for (std::size_t i = 0; i < failed.dependents.size();) {
    Task& task = *failed.dependents[static_cast<std::uint32_t>(i)].task;
    if (!task.follows || task.inputs.back().task != &failed) {
      ++i;
      continue;
    }
    if (task.state == TaskState::processing) {
      send(workers_[task.worker].peer, CancelRun{task.id, task.run});
      unassign(task);
      move(task, TaskState::waiting, "goes on");
    }
    unfollow(task);
    if (Task* const before = still_before(failed)) follow(task, *before);
    if (task.pending()) loose_.push_back(task.id);
  }
}

// The failure of an input as that of the task that needed it.
std::shared_ptr<const Failure> State::needed_by(const Failure& failure, const Task& task) const {
  auto derived = std::make_shared<Failure>(failure);
  if (derived->context.size() < 10) derived->context.push_back("needed by " + task_name(task));
  return derived;
}

void State::fail(Task& first, std::shared_ptr<const Failure> cause) {
  std::vector<std::pair<Task*, std::shared_ptr<const Failure>>> todo{{&first, std::move(cause)}};
  TaskId failed_gang = 0;  // the last: its ranks fail each other once
  while (!todo.empty()) {
    auto [task, failure] = std::move(todo.back());
    todo.pop_back();
    if (task->state == TaskState::erred) continue;
    if (task->pending()) {
      stop_pending(*task, TaskState::erred, "failed");
    } else {
      free_replicas(*task);
      move(*task, TaskState::erred, "failed");
    }
    task->own_extras().failure = failure;
    tell_client(*task, protocol::TaskFailed{task->id, failure});
    if (task->in_gang && task->extras->gang != failed_gang) {
      failed_gang = task->extras->gang;
      Gang& gang = gang_of(*task);
      leave_queue(gang);
      gang.phase = GangPhase::gathering;
      gang.done.clear();
      for (const TaskId id : gang.members)
        if (Task* other = id ? tasks_.find(id) : nullptr; other && other->state != TaskState::erred)
          todo.emplace_back(other, failure);
    }
    free_followers(*task);
    for (const Edge& edge : task->dependents) {
      if (!edge.task->pending()) continue;
      todo.emplace_back(edge.task, needed_by(*failure, *edge.task));
    }
    unused_.push_back(task->id);
  }
}

std::shared_ptr<Failure> State::failure_of(const Task& task, ErrorKind kind,
                                           const std::string& message) const {
  auto failure = std::make_shared<Failure>();
  failure->kind = kind;
  failure->task = task.id;
  failure->task_name = task_name(task);
  failure->message = message;
  return failure;
}

void State::cancel(Task& task, const std::string& reason) {
  fail(task, failure_of(task, ErrorKind::cancelled, reason.empty() ? "it was cancelled" : reason));
}

void State::end_event() {
  while (!loose_.empty() || !unused_.empty() || !touched_.empty() ||
         (!waiting_gangs_.empty() && place_gangs())) {
    // Indices, not iterators: the lists grow while they are worked off.
    for (std::size_t i = 0; i < unused_.size(); ++i)
      if (Task* task = tasks_.find(unused_[i])) release_if_unused(*task);
    unused_.clear();
    for (std::size_t i = 0; i < loose_.size(); ++i) {
      constexpr std::size_t soon = 4;  // what was called back was last touched long ago
      if (i + soon < loose_.size())
        if (const Task* const next = tasks_.find(loose_[i + soon])) __builtin_prefetch(&next->state);
      if (Task* task = tasks_.find(loose_[i])) settle(*task);
    }
    loose_.clear();
    if (!unused_.empty()) continue;
    for (std::size_t i = 0; i < touched_.size(); ++i) {
      fill(touched_[i]);
      if (workers_[touched_[i]].has_postponed) call_back(touched_[i]);
    }
    touched_.clear();
  }
  for (std::size_t i = 0; i < freed_.size(); ++i) steal_for_resources(freed_[i]);
  freed_.clear();
  const WorkerIndex idle = load_.least();
  if (idle != nowhere && workers_[idle].ready() == 0) steal(idle);
}

}  // namespace weir::detail::scheduler
