// What workers tell.
#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

using protocol::FreeResult;
using protocol::InputAt;
using protocol::TaskDone;

// The last ones count most; a first one stands for all. A short one that took much longer than those before
// was interrupted, unless the next one takes as long.
double State::count_duration(Group& group, double seconds, bool is_first) {
  constexpr double short_s = 100e-6, much = 4, least_s = 1e-6;
  const double newest = is_first ? 1 : 0.125, before = group.duration_s;
  const bool is_long = !is_first && before < short_s && seconds > much * std::max(before, least_s);
  if (is_long && !group.was_long) seconds = 2 * std::max(before, least_s);
  group.was_long = is_long;
  group.duration_s += (seconds - before) * newest;
  known_groups_ += !std::exchange(group.is_known, true);
  known_s_ += group.duration_s - before;
  return newest;
}

void State::count_finished(Group& group, const protocol::RunFinished& message) {
  const double newest = count_duration(group, message.duration_s, group.finished == 0);
  group.bytes += (static_cast<double>(message.bytes) - group.bytes) * newest;
  ++group.finished;
}

// How long a function takes that only fails: a call that fails says nothing about one that does not.
void State::count_failed(Group& group, double seconds) {
  if (group.finished == 0 && seconds > 0) count_duration(group, seconds, !group.is_known);
}

// They were last touched when they were submitted, which may be long ago: they come while this one is
// counted.
void State::fetch_neighbours(const Task& task) noexcept {
  for (const Edge& edge : task.dependents) __builtin_prefetch(edge.task, 1);
  for (const Edge& edge : task.inputs) __builtin_prefetch(edge.task, 1);
}

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
  fetch_neighbours(*task);
  count_finished(groups_[task->group], message);
  ++workers_[index].finished;
  workers_[index].progressed = now_;
  task->delivered = task->wanted && message.has_small;
  finish(*task, index, message.bytes);
  if (task->wanted)
    send(task->client(), TaskDone{message.id, from, protocol::RunMark::of(message.run), message.bytes,
                                  message.has_small, std::move(message.small)});
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
  count_failed(groups_[task->group], message.duration_s);
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

void State::handle(Time now, PeerId from, const protocol::RanInPlace& message, Actions& out) {
  begin(now, out, "ran in place");
  const WorkerIndex index = index_of(from);
  if (index == nowhere || message.count == 0) return;
  Group& group = groups_[group_of(message.function)];
  const auto count = static_cast<std::uint64_t>(message.count);
  if (group.finished == 0)
    count_duration(group, message.duration_s / static_cast<double>(message.count), true);
  group.submitted += count;
  group.finished += count;
  workers_[index].finished += count;
}

void State::handle(Time now, PeerId from, const protocol::RunWaits& message, Actions& out) {
  begin(now, out, "waits");
  Task* task = tasks_.find(message.id);
  const WorkerIndex index = index_of(from);
  if (!task || task->state != TaskState::processing || task->worker != index || task->run != message.run ||
      task->waits == message.waiting)
    return;
  set_waits(*task, message.waiting);
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
    task->came_back = true;
    unassign(*task);
    move(*task, TaskState::waiting, cause_);
    if (thief != nowhere && workers_[thief].running() && task->missing == 0) assign(*task, thief);
    else loose_.push_back(task->id);
  } else {
    task->begun = true;
    if (thief != nowhere) freed_.push_back(thief);  // another one may still wait for what it has free
  }
  end_event();
}

void State::handle(Time now, PeerId from, const protocol::ResultHere& message, Actions& out) {
  begin(now, out, "arrived");
  const WorkerIndex index = index_of(from);
  if (index == nowhere || !workers_[index].alive) return;
  Task* task = tasks_.find(message.id);
  if (task && task->scattered) std::erase(task->own_extras().targets, from);
  if (task && task->scattered && task->state == TaskState::processing) {  // the first of its copies
    finish(*task, index, message.bytes);
    tell_client(*task, done_message(*task));
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
  const std::uint16_t run = protocol::RunMark::of(task->run);
  const bool is_new = is_about_this_run(*task, from, message.holder, message.run);
  if (task->state == TaskState::memory) {
    for (std::uint32_t i = 0; is_new && i < task->replicas.size(); ++i)
      if (task->replicas[i].worker == holder) {
        send(message.holder, FreeResult{task->id});
        drop_replica(*task, i);
        break;
      }
    if (task->replicas.empty()) lost_result(*task, name_of(message.holder));
    else
      send(from, InputAt{task->id, workers_[task->replicas[0].worker].peer, true,
                         protocol::Scale::of(task->bytes), run});
  } else if (task->state == TaskState::processing) {
    send(from, InputAt{task->id, workers_[task->worker].peer, false, 0, run});
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
