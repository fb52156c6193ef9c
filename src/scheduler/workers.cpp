// Workers come, die, leave and are retired.
#include <algorithm>

#include "scheduler/state.hpp"

namespace weir::detail::scheduler {

namespace {

bool less_filled(const Worker& a, const Worker& b) {
  return a.bytes < b.bytes || (a.bytes == b.bytes && a.processing.size() < b.processing.size());
}

}  // namespace

void State::join(Time now, PeerId peer, const protocol::Hello& hello, Actions& out) {
  begin(now, out, "joined");
  if (index_of(peer) != nowhere) return;
  if (by_peer_.size() <= peer) by_peer_.resize(peer + 1, nowhere);
  const auto index = static_cast<WorkerIndex>(workers_.size());
  by_peer_[peer] = index;
  Worker& worker = workers_.emplace_back();
  worker.peer = peer;
  worker.name = hello.name;
  worker.host = hello.host;
  worker.threads = std::max(1u, hello.threads);
  worker.resources = hello.resources;
  worker.resources.push_back({cores_name, static_cast<double>(worker.threads)});
  worker.demand.resize(worker.resources.size());
  worker.progressed = now;
  worker.memory_limit = hello.memory_limit;
  worker.leaves = now + hello.serves_s;
  worker.was_promised = !hello.job.empty();
  ++alive_;
  load_.add(workers_, index);
  retry_unplaceable();
  hand_over_again();
  touch(index);
  end_event();
  steal(index);
  steal_for_resources(index);
}

void State::tick(Time now, Actions& out) {
  begin(now, out, "waited too long");
  for (WorkerIndex i = 0; i < workers_.size(); ++i)
    if (workers_[i].running() && workers_[i].ready() == 0) steal(i);
  end_event();
}

bool State::all_paused() noexcept {
  const WorkerIndex least = load_.least();
  return least != nowhere && workers_[least].memory.paused;
}

// Somebody must go on, one task at a time: what that releases may be what the others lack.
void State::wake_if_all_paused() {
  if (!all_paused()) return;
  for (WorkerIndex i = 0; i < workers_.size(); ++i)
    if (workers_[i].running()) touch(i);
}

void State::handle(Time now, PeerId from, const protocol::MemoryUse& message, Actions& out) {
  begin(now, out, "memory");
  const WorkerIndex index = index_of(from);
  if (index == nowhere || !workers_[index].alive) return;
  Worker& worker = workers_[index];
  const bool changed = worker.memory.paused != message.paused;
  worker.memory = message;
  if (!changed) return;
  load_.update(workers_, index);
  touch(index);
  wake_if_all_paused();
  end_event();
  if (!message.paused) steal(index);
}

void State::retry_unplaceable() {
  std::vector<TaskId> waiting;
  waiting.swap(unplaceable_);
  for (const TaskId id : waiting) {
    Task* task = tasks_.find(id);
    if (!task || task->state != TaskState::no_worker) continue;
    move(*task, TaskState::waiting, cause_);
    loose_.push_back(id);
  }
}

void State::fail_unplaceable(Task& task, ErrorKind kind, const std::string& reason) {
  Failure failure;
  failure.kind = kind;
  failure.task = task.id;
  failure.task_name = task_name(task);
  failure.message = "it " + reason;
  fail(task, std::make_shared<Failure>(std::move(failure)));
}

void State::give_up_unplaceable(Time now, Actions& out) {
  begin(now, out, "nobody may run it");
  for (const TaskId id : std::exchange(unplaceable_, {})) {
    Task* task = tasks_.find(id);
    if (!task || task->state != TaskState::no_worker) continue;
    constexpr std::size_t most = 6;
    const std::vector<std::string> lines = explain(id);
    std::string reason = "can run on no worker, and none is to come: ";
    for (std::size_t i = 1; i < std::min(lines.size(), most); ++i) reason += (i > 1 ? "; " : "") + lines[i];
    if (lines.size() > most) reason += "; and " + std::to_string(lines.size() - most) + " more";
    fail_unplaceable(*task, ErrorKind::not_found, reason);
  }
  for (const TaskId id : std::vector<TaskId>(waiting_gangs_)) {
    const auto gang = gangs_.find(id);
    if (gang == gangs_.end() || !gang->second.hopeless) continue;
    if (Task* leader = tasks_.find(id); leader && leader->pending())
      fail_unplaceable(
          *leader, ErrorKind::not_found,
          "is a " + room_text(gang->second) +
              ", and no worker is to come; ask for fewer ranks, or start more workers" +
              (gang->second.broken_by.empty() ? "" : "; its last attempt ended: " + gang->second.broken_by));
  }
  end_event();
}

void State::lose(Time now, PeerId peer, const std::vector<TaskId>& executing, const std::string& reason,
                 Actions& out) {
  begin(now, out, "worker lost");
  const WorkerIndex index = index_of(peer);
  if (index == nowhere || !workers_[index].alive) return;
  Worker& worker = workers_[index];
  if (worker.running()) load_.remove(workers_, index);
  worker.alive = false;
  --alive_;
  if (worker.retiring) --retiring_;
  else ++lost_;
  const std::string who = worker.name + " (" + worker.host + "), which " + reason;
  while (Task* task = next_queued(worker.queue, index)) {
    dequeue(*task);
    move(*task, TaskState::waiting, cause_);
    loose_.push_back(task->id);
  }
  const auto was_executing = [&](const Task* task) {
    return std::find(executing.begin(), executing.end(), task->id) != executing.end();
  };
  const bool was_alone =
      std::count_if(worker.processing.begin(), worker.processing.end(), was_executing) == 1;
  std::vector<Task*> killers, scattered, asked;
  std::vector<std::pair<Task*, bool>> ranks;  // of gangs, and whether they are blamed
  for (Task* task : std::vector<Task*>(worker.processing)) {
    // One that only waits is blamed where it was the only one.
    const bool is_blamed = !worker.taken_away && was_executing(task) && (was_alone || !task->waits);
    if (task->in_gang) {
      ranks.emplace_back(task, is_blamed);
      continue;
    }
    if (is_blamed) {
      blamed_[peer].push_back(task->id);
      if (++task->deaths >= settings_.allowed_failures) killers.push_back(task);
    }
    unassign(*task);
    if (task->scattered) scattered.push_back(task);
    if (task->out_of_band) asked.push_back(task);
    move(*task, TaskState::waiting, cause_);
    loose_.push_back(task->id);
  }
  std::vector<TaskId> lost;
  while (!worker.holds.empty()) {
    Task& task = *worker.holds.back();
    for (std::uint32_t i = 0; i < task.replicas.size(); ++i)
      if (task.replicas[i].worker == index) drop_replica(task, i);
    if (task.replicas.empty()) lost.push_back(task.id);
    else if (!task.delivered) tell_client(task, done_message(task));
  }
  for (const TaskId id : lost)
    if (Task* task = tasks_.find(id); task && task->state == TaskState::memory) lost_result(*task, who);
  for (Task* task : scattered)
    if (!expect(*task)) lost_result(*task, who);
  for (const auto& [task, is_blamed] : ranks)
    if (task->state == TaskState::processing && task->worker == index)  // not out by the loss of another
      member_lost(*task, peer, is_blamed, who);
  for (Task* task : asked) fail_unplaceable(*task, ErrorKind::worker_lost, "was to be run by " + who);
  for (Task* task : killers) {
    auto failure =
        failure_of(*task, ErrorKind::worker_lost,
                   std::to_string(task->deaths) + " workers died while they ran it, the last was " + who +
                       "; run it alone in a debugger, or look for lack of memory");
    failure->worker = worker.name;
    failure->attempt = task->deaths;
    fail(*task, std::move(failure));
  }
  hand_over_again();  // perhaps to another than the one that died
  want_nothing(peer);
  wake_if_all_paused();
  end_event();
}

void State::want_nothing(PeerId client) {
  tasks_.for_each_of(client, [&](TaskId id, Task& task) {
    task.wanted = false;
    unused_.push_back(id);
  });
}

void State::lose_client(Time now, PeerId peer, Actions& out) {
  begin(now, out, "client lost");
  want_nothing(peer);
  end_event();
}

void State::forgive(const std::vector<PeerId>& peers) {
  for (const PeerId peer : peers) {
    if (const WorkerIndex index = index_of(peer); index != nowhere) workers_[index].taken_away = true;
    const auto blamed = blamed_.extract(peer);
    if (blamed.empty()) continue;
    for (const TaskId id : blamed.mapped())
      if (Task* task = tasks_.find(id); task && task->deaths > 0) --task->deaths;
  }
}

void State::retire(Time now, PeerId peer, Actions& out) {
  begin(now, out, "retired");
  const WorkerIndex index = index_of(peer);
  if (index == nowhere || !workers_[index].running()) return;
  Worker& worker = workers_[index];
  load_.remove(workers_, index);
  worker.retiring = true;
  ++retiring_;
  while (Task* task = next_queued(worker.queue, index)) {
    dequeue(*task);
    move(*task, TaskState::waiting, cause_);
    loose_.push_back(task->id);
  }
  for (Task* task : worker.processing)
    if (task->thief == nowhere && !task->scattered && !task->out_of_band && !task->in_gang && !task->is_call)
      send(peer, protocol::RetractRun{task->id, task->run});
  hand_over(worker);
  wake_if_all_paused();
  end_event();
}

// Those to whom they handed over, or could, are others now.
void State::hand_over_again() {
  if (retiring_ == 0) return;
  for (const Worker& worker : workers_)
    if (worker.alive && worker.retiring) hand_over(worker);
}

// Asks for copies of what only this worker has.
void State::hand_over(const Worker& worker) {
  const std::vector<WorkerIndex> all = successors();
  std::size_t next = 0;
  for (const Task* task : worker.holds)
    if (task && task->replicas.size() == 1 && !task->is_actor && !all.empty())
      send(workers_[all[next++ % all.size()]].peer,
           protocol::ReplicateResult{task->id, worker.peer, protocol::Scale::of(task->bytes),
                                     protocol::RunMark::of(task->run)});
}

// Those that stay longest; within a minute of each other they are one job.
std::vector<WorkerIndex> State::successors() const {
  constexpr Time together = 60;
  Time last = 0;
  for (const Worker& worker : workers_)
    if (worker.running()) last = std::max(last, worker.leaves);
  std::vector<WorkerIndex> all;
  for (WorkerIndex i = 0; i < workers_.size(); ++i)
    if (workers_[i].running() && workers_[i].leaves >= last - together) all.push_back(i);
  return all;
}

bool State::retired(PeerId peer) const {
  const WorkerIndex index = index_of(peer);
  if (index == nowhere) return true;
  const Worker& worker = workers_[index];
  return worker.processing.empty() &&
         std::all_of(worker.holds.begin(), worker.holds.end(),
                     [](const Task* task) { return !task || task->is_actor || task->replicas.size() > 1; });
}

void State::give_up(Time now, const std::string& reason, Actions& out) {
  begin(now, out, "no workers left");
  std::vector<Task*> hopeless;
  tasks_.for_each([&](TaskId, Task& task) {
    if (task.pending()) hopeless.push_back(&task);
  });
  for (Task* task : hopeless) {
    if (!task->pending()) continue;
    fail(*task, failure_of(*task, ErrorKind::worker_lost,
                           task->deaths ? reason + "; " + std::to_string(task->deaths) +
                                              " of them died while they ran it"
                                        : reason));
  }
  end_event();
}

void State::restart(Time now, Actions& out) {
  begin(now, out, "restarted");
  std::vector<TaskId> all;
  tasks_.for_each([&](TaskId id, Task&) { all.push_back(id); });
  for (const TaskId id : all)
    if (Task* task = tasks_.find(id)) cancel(*task, "the cluster was restarted");
  end_event();
}

PeerId State::place_data() const {
  const Worker* best = nullptr;
  for (const WorkerIndex index : successors()) {
    const Worker& worker = workers_[index];
    if (!best || worker.memory.paused < best->memory.paused ||
        (worker.memory.paused == best->memory.paused && less_filled(worker, *best)))
      best = &worker;
  }
  return best ? best->peer : 0;
}

std::vector<PeerId> State::peers() const {
  std::vector<PeerId> alive;
  for (const Worker& worker : workers_)
    if (worker.alive) alive.push_back(worker.peer);
  return alive;
}

std::string State::name_of(PeerId peer) const {
  const WorkerIndex index = index_of(peer);
  return index == nowhere ? peer == 0 ? "rank 0" : "peer " + std::to_string(peer) : workers_[index].name;
}

}  // namespace weir::detail::scheduler
