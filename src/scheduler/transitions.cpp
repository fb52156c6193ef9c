// The transitions of tasks: what moves, what that means for its neighbours, what must be sent.
#include <algorithm>
#include <unordered_set>

#include "scheduler/state.hpp"
#include "weir/detail/task/address.hpp"

namespace weir::detail::scheduler {

using protocol::CancelRun;
using protocol::FreeResult;
using protocol::InputAt;
using protocol::TaskDone;

namespace {

Extras& extras_of(Task& task) {
  if (!task.extras) task.extras = std::make_unique<Extras>();
  return *task.extras;
}

const std::string actor_ended = "the actor has ended, with its first handle; keep that while others call it";
const std::string made_once = "a call of an actor is not made again, since the actor has gone on";

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

// Of a call that has failed, perhaps before its turn, and those before it, the last one that is not done.
Task* still_before(Task& call) {
  Task* before = &call;
  while (before && !before->pending())
    before = before->state == TaskState::erred && before->follows ? before->inputs.back().task : nullptr;
  return before;
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
    const bool running = dependent.state == TaskState::processing;
    if (before == Level::unplaced) --dependent.unplaced;
    if (after == Level::unplaced) ++dependent.unplaced;
    if (before == Level::memory && dependent.missing++ == 0 && running) {
      ++workers_[dependent.worker].blocked;
      load_.update(workers_, dependent.worker);
      touch(dependent.worker);  // it can start one less: there is room for another
    }
    if (after == Level::memory && --dependent.missing == 0 && running) {
      --workers_[dependent.worker].blocked;
      load_.update(workers_, dependent.worker);
    }
    if (dependent.state == TaskState::waiting && (dependent.missing == 0 || dependent.unplaced == 0))
      loose_.push_back(dependent.id);
  }
}

// released -> waiting, with everything it stands on.
void State::want(Task& first, const char* cause) {
  SmallVector<Task*, 8> todo{&first};
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
    if (task.in_gang) want_gang(gang_of(task), todo);
    if (failure) fail(task, needed_by(*failure, task));
    else loose_.push_back(task.id);
  }
}

void State::settle(Task& task) {
  if (task.state != TaskState::waiting) return;
  if (task.missing == 0) return task.in_gang ? member_ready(task) : place(task);
  if (task.unplaced > 0) return;
  if (const WorkerIndex index = place_ahead(task); index != nowhere) assign(task, index);
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
  for (const Resource& wanted : options->resources)
    for (std::size_t i = 0; i < worker.resources.size(); ++i)
      if (worker.resources[i].name == wanted.name) {
        worker.demand[i].amount += sign * wanted.amount;
        worker.demand[i].load += sign * wanted.amount * task.estimate;
      }
  if (sign < 0) freed_.push_back(static_cast<WorkerIndex>(&worker - workers_.data()));
}

void State::assign(Task& task, WorkerIndex index) {
  Worker& worker = workers_[index];
  if (worker.ready() == 0) worker.progressed = now_;
  ++task.run;
  task.worker = index;
  task.position = static_cast<std::uint32_t>(worker.processing.size());
  task.estimate = estimate(task);
  worker.processing.push_back(&task);
  if (task.missing) ++worker.blocked;
  worker.extra += width_of(task) - 1;
  worker.actors += task.is_actor;
  worker.load_s += task.estimate;
  demand(task, worker, 1);
  move(task, TaskState::processing, cause_);
  load_.update(workers_, index);
  send(worker.peer, Assign{task.id, task.run});
  for (const Edge& edge : task.dependents)
    if (edge.task->state == TaskState::processing && edge.task->worker != index)
      send(workers_[edge.task->worker].peer, InputAt{task.id, worker.peer, false});
}

// Takes it off its worker's list; the caller moves it on.
void State::unassign(Task& task) {
  Worker& worker = workers_[task.worker];
  worker.processing[task.position] = worker.processing.back();
  worker.processing[task.position]->position = task.position;
  worker.processing.pop_back();
  if (task.missing) --worker.blocked;
  if (task.waits) --worker.waiting;
  if (!task.scattered) worker.extra -= width_of(task) - 1;
  worker.actors -= task.is_actor;
  task.waits = task.begun = false;
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
           protocol::ReplicateResult{task.id, workers_[index].peer, protocol::Scale::of(task.bytes)});
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
    extras_of(*task).failure = failure;
    tell_client(*task, protocol::TaskFailed{task->id, failure});
    if (task->in_gang) {
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

// Those that were ready wait for it again.
void State::hold_dependents(const Task& task) {
  for (const Edge& edge : task.dependents) {
    Task& dependent = *edge.task;
    if (dependent.state != TaskState::queued && dependent.state != TaskState::no_worker) continue;
    if (dependent.state == TaskState::queued) dequeue(dependent);
    move(dependent, TaskState::waiting, "input lost");
  }
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

void State::free_replicas(Task& task) {
  while (!task.replicas.empty()) {
    send(workers_[task.replicas.back().worker].peer, FreeResult{task.id});
    drop_replica(task, task.replicas.size() - 1);
  }
}

void State::end_event() {
  while (!loose_.empty() || !unused_.empty() || !touched_.empty() ||
         (!waiting_gangs_.empty() && place_gangs())) {
    // Indices, not iterators: the lists grow while they are worked off.
    for (std::size_t i = 0; i < unused_.size(); ++i)
      if (Task* task = tasks_.find(unused_[i])) release_if_unused(*task);
    unused_.clear();
    for (std::size_t i = 0; i < loose_.size(); ++i)
      if (Task* task = tasks_.find(loose_[i])) settle(*task);
    loose_.clear();
    if (!unused_.empty()) continue;
    for (std::size_t i = 0; i < touched_.size(); ++i) fill(touched_[i]);
    touched_.clear();
  }
  for (std::size_t i = 0; i < freed_.size(); ++i) steal_for_resources(freed_[i]);
  freed_.clear();
  const WorkerIndex idle = load_.has_surplus() ? load_.least() : nowhere;
  if (idle != nowhere && workers_[idle].ready() == 0) steal(idle);
}

// --- events from clients

void State::handle(Time now, PeerId from, protocol::SubmitTask&& message, Actions& out) {
  begin(now, out, "submitted");
  if (task_client(message.id) != from) return;
  auto [made, fresh] = tasks_.emplace(message.id, message.id);
  if (!fresh) return;
  ++counts_[static_cast<std::size_t>(TaskState::released)];
  Task& task = *made;
  task.invoker = message.invoker;
  task.function = message.function;
  task.arguments = std::move(message.arguments);
  if (message.beside.value) extras_of(task).beside = std::move(message.beside.value);
  task.out_of_band = message.out_of_band;
  task.is_made_again = message.part == protocol::ActorPart::home_again;
  task.is_actor = task.is_made_again || message.part == protocol::ActorPart::home;
  task.wanted = true;
  if (message.options && message.options->cores > 0) {
    if (with_cores_[0] != message.options) {
      Options complete = *message.options;
      complete.resources.push_back({"cores", static_cast<double>(complete.cores)});
      with_cores_[0] = message.options;
      with_cores_[1] = std::make_shared<const Options>(std::move(complete));
    }
    message.options = with_cores_[1];
  }
  if (message.options) {
    task.priority = message.options->priority;
    task.retries = static_cast<std::uint8_t>(std::clamp(message.options->retries, 0, 255));
    if (!message.options->resources.empty()) {
      std::uint32_t& need = extras_of(task).need;
      for (need = 1; need < needs_.size(); ++need)
        if (needs_[need].resources == message.options->resources) break;
      if (need == needs_.size()) needs_.push_back({message.options->resources});
    }
    extras_of(task).options = std::move(message.options);
  }
  if (message.function != last_function_) {
    last_function_ = message.function;
    last_group_ = group_of(message.function);
  }
  task.group = last_group_;
  ++groups_[last_group_].submitted;
  // Depth first: what stands on older roots comes first, and of that the deepest.
  std::uint64_t order = 0;
  std::shared_ptr<const Failure> failure;
  for (std::uint32_t i = 0; i < message.inputs.size(); ++i) {
    const TaskId id = message.inputs[i];
    Task* input = tasks_.find(id);
    if (message.follows && i + 1 == message.inputs.size()) {
      input = input ? still_before(*input) : nullptr;
      if (!input) break;
      task.follows = true;
    }
    if (i == 0 && message.part == protocol::ActorPart::call) task.is_call = input && input->is_actor;
    if (!input) {
      Failure lost;
      lost.kind = ErrorKind::cancelled;
      lost.task = id;
      lost.message =
          i == 0 && message.part == protocol::ActorPart::call
              ? actor_ended
              : "input " + std::to_string(task_number(id)) + " of the task has been released or cancelled";
      failure = std::make_shared<Failure>(std::move(lost));
      continue;
    }
    task.inputs.push_back({input, static_cast<std::uint32_t>(input->dependents.size())});
    input->dependents.push_back({&task, task.inputs.size() - 1});
    order =
        std::max(order, (input->order | 255) - std::min<std::uint64_t>(255, 255 - (input->order & 255) + 1));
  }
  if (const Task* parent = message.parent ? tasks_.find(message.parent) : nullptr;
      parent && task.inputs.empty())
    order = (parent->order | 255) - std::min<std::uint64_t>(255, 255 - (parent->order & 255) + 1);
  task.order = order ? order : ++roots_ << 8 | 255;
  if (message.gang) join_gang(task, *message.gang);
  if (task.in_gang && !failure) {
    const Gang& gang = gang_of(task);
    const Task* leader = tasks_.find(gang.members[0]);
    if (leader && leader->state == TaskState::erred) failure = leader->extras->failure;
  }
  if (failure) {
    task.orphan = true;
    move(task, TaskState::released, "submitted");
    fail(task, failure);
  } else {
    want(task, "submitted");
  }
  end_event();
}

// Scattered data is expected at the first of its workers that lives.
bool State::expect(Task& task) {
  for (const PeerId target : task.extras->targets) {
    const WorkerIndex index = index_of(target);
    if (index == nowhere || !workers_[index].alive) continue;
    Worker& home = workers_[index];
    task.worker = index;
    task.position = static_cast<std::uint32_t>(home.processing.size());
    task.run = 1;
    home.processing.push_back(&task);
    move(task, TaskState::waiting, cause_);
    move(task, TaskState::processing, cause_);
    load_.update(workers_, index);
    return true;
  }
  return false;
}

void State::scatter(Time now, TaskId id, const std::vector<PeerId>& workers, Actions& out) {
  begin(now, out, "scattered");
  auto [task, fresh] = tasks_.emplace(id, id);
  if (!fresh) return;
  ++counts_[static_cast<std::size_t>(TaskState::released)];
  task->scattered = true;
  task->wanted = true;
  task->order = ++roots_ << 8 | 255;
  extras_of(*task).targets = workers;
  if (!expect(*task)) lost_result(*task, "a worker that had gone");
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::ReleaseTask& message, Actions& out) {
  begin(now, out, "released");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from) return;
  task->wanted = false;
  unused_.push_back(task->id);
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::CancelFuture& message, Actions& out) {
  begin(now, out, "cancelled");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from) return;
  cancel(*task, message.reason);
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::RetryFuture& message, Actions& out) {
  begin(now, out, "retried");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from) return;
  tell_client(*task, protocol::TaskPending{task->id, true});
  task->delivered = false;
  if (task->state == TaskState::memory) {  // a retry of something that needs it has brought it back
    tell_client(*task, TaskDone{task->id, workers_[task->replicas[0].worker].peer, task->bytes, false, {}});
    return;
  }
  std::vector<Task*> todo{task};
  while (!todo.empty()) {
    Task& erred = *todo.back();
    todo.pop_back();
    if (erred.state != TaskState::erred || erred.scattered || erred.orphan) continue;
    if (erred.in_gang) {
      const std::vector<TaskId>& members = gang_of(erred).members;
      if (std::any_of(members.begin(), members.end(), [&](TaskId id) {
            const Task* other = id ? tasks_.find(id) : nullptr;
            return !other || other->orphan;
          }))
        continue;
      for (const TaskId id : members) todo.push_back(tasks_.find(id));
    }
    erred.extras->failure.reset();
    erred.deaths = erred.attempts = 0;
    erred.retries =
        static_cast<std::uint8_t>(erred.options() ? std::clamp(erred.options()->retries, 0, 255) : 0);
    move(erred, TaskState::released, cause_);
    if (erred.follows) unfollow(erred);
    for (const Edge& edge : erred.inputs) todo.push_back(edge.task);
  }
  if (task->state == TaskState::released) want(*task, cause_);
  else if (task->state == TaskState::erred)
    tell_client(*task, protocol::TaskFailed{task->id, task->extras->failure});
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::LocateTask& message, Actions& out) {
  begin(now, out, "located");
  Task* task = tasks_.find(message.id);
  if (!task || task->client() != from || !task->wanted) return;
  if (task->state == TaskState::memory) {
    const WorkerIndex gone = index_of(message.unreachable);
    for (std::uint32_t i = 0; i < task->replicas.size(); ++i)
      if (task->replicas[i].worker == gone) {
        send(message.unreachable, FreeResult{task->id});
        drop_replica(*task, i);
        break;
      }
    if (task->replicas.empty()) {
      task->delivered = false;
      lost_result(*task, name_of(message.unreachable));
    } else {
      tell_client(*task, TaskDone{task->id, workers_[task->replicas[0].worker].peer, task->bytes, false, {}});
    }
  } else if (task->state == TaskState::released) {
    task->delivered = false;
    want(*task, cause_);
  }
  end_event();
}

// --- events from workers

void State::handle(Time now, PeerId from, protocol::RunFinished&& message, Actions& out) {
  begin(now, out, "finished");
  Task* task = tasks_.find(message.id);
  const WorkerIndex index = index_of(from);
  if (!task || task->state != TaskState::processing || task->worker != index || task->run != message.run)
    return;  // stale: its run was cancelled
  if (task->in_gang) {
    member_finished(*task, index, std::move(message));
    return end_event();
  }
  Group& group = groups_[task->group];
  group.duration_s = group.finished++ ? group.duration_s + (message.duration_s - group.duration_s) * 0.125
                                      : message.duration_s;
  ++workers_[index].finished;
  workers_[index].progressed = now_;
  task->delivered = task->wanted && message.has_small;
  finish(*task, index, message.bytes);
  if (task->wanted)
    send(task->client(),
         TaskDone{message.id, from, message.bytes, message.has_small, std::move(message.small)});
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::RunFailed& message, Actions& out) {
  begin(now, out, "failed");
  Task* task = tasks_.find(message.id);
  const WorkerIndex index = index_of(from);
  if (!task || task->state != TaskState::processing || task->worker != index || task->run != message.run)
    return;
  if (task->in_gang) {
    member_failed(*task, message);
    return end_event();
  }
  ++task->attempts;
  workers_[index].progressed = now_;
  unassign(*task);
  move(*task, TaskState::waiting, cause_);
  if (task->retries) {
    --task->retries;
    loose_.push_back(task->id);
  } else {
    auto failure = std::make_shared<Failure>(*message.failure);
    failure->task = task->id;
    failure->task_name = task_name(*task);
    failure->worker = name_of(from);
    failure->attempt = task->attempts;
    fail(*task, std::move(failure));
  }
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::RunWaits& message, Actions& out) {
  begin(now, out, "waits");
  Task* task = tasks_.find(message.id);
  const WorkerIndex index = index_of(from);
  if (!task || task->state != TaskState::processing || task->worker != index || task->run != message.run ||
      task->waits == message.waiting)
    return;
  task->waits = message.waiting;
  workers_[index].waiting += message.waiting ? 1 : -1;
  load_.update(workers_, index);
  if (message.waiting) touch(index);
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::RetractReply& message, Actions& out) {
  begin(now, out, "stolen");
  Task* task = tasks_.find(message.id);
  const WorkerIndex index = index_of(from);
  if (!task || task->state != TaskState::processing || task->worker != index || task->run != message.run)
    return;
  const WorkerIndex thief = task->thief;
  if (thief != nowhere) workers_[thief].stealing = false;
  task->thief = nowhere;
  if (message.came_back) {
    unassign(*task);
    move(*task, TaskState::waiting, cause_);
    if (thief != nowhere && workers_[thief].running() && task->missing == 0) assign(*task, thief);
    else loose_.push_back(task->id);
  } else {
    task->begun = true;
  }
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::ResultHere& message, Actions& out) {
  begin(now, out, "arrived");
  const WorkerIndex index = index_of(from);
  if (index == nowhere || !workers_[index].alive) return;
  Task* task = tasks_.find(message.id);
  if (task && task->scattered && task->state == TaskState::processing) {  // the first of its copies
    task->extras->targets = {};
    finish(*task, index, message.bytes);
    tell_client(*task, TaskDone{task->id, from, message.bytes, false, {}});
  } else if (task && task->state == TaskState::memory) {
    bool known = false;
    for (const Replica& replica : task->replicas) known = known || replica.worker == index;
    if (!known) add_replica(*task, index);
  } else if (!task || task->state != TaskState::processing || task->worker != index) {
    send(from, FreeResult{message.id});
  }
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::InputMissing& message, Actions& out) {
  begin(now, out, "missing");
  Task* task = tasks_.find(message.id);
  const WorkerIndex holder = index_of(message.holder);
  if (!task) return send(from, FreeResult{message.id});
  if (task->state == TaskState::memory) {
    for (std::uint32_t i = 0; i < task->replicas.size(); ++i)
      if (task->replicas[i].worker == holder) {
        send(message.holder, FreeResult{task->id});
        drop_replica(*task, i);
        break;
      }
    if (task->replicas.empty()) lost_result(*task, name_of(message.holder));
    else
      send(from, InputAt{task->id, workers_[task->replicas[0].worker].peer, true,
                         protocol::Scale::of(task->bytes)});
  } else if (task->state == TaskState::processing) {
    send(from, InputAt{task->id, workers_[task->worker].peer, false});
  } else {
    send(from, FreeResult{task->id});  // nothing to wait for; whoever still needs it is told where it will be
  }
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::ResultBroken& message, Actions& out) {
  begin(now, out, "broken");
  Task* task = tasks_.find(message.id);
  if (!task || task->state != TaskState::memory) return;
  auto failure = std::make_shared<Failure>(*message.failure);
  failure->task = task->id;
  failure->task_name = task_name(*task);
  failure->worker = name_of(from);
  fail(*task, std::move(failure));
  end_event();
}

}  // namespace weir::detail::scheduler
