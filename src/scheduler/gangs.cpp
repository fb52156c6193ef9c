// Gangs: tasks that start together, fail together, and are placed all or none.
#include <algorithm>
#include <cmath>
#include <map>

#include "core/invariant.hpp"
#include "scheduler/state.hpp"
#include "weir/duration.hpp"

namespace weir::detail::scheduler {

namespace {

constexpr std::uint32_t most_ranks = 1 << 16;

std::string text_of_rank(const Task& task) { return "rank " + std::to_string(task.extras->rank); }

// What ranks who have all returned called is the same if each has received what it was sent. Nobody could
// know while they ran: who only sends does not wait.
std::string unreceived(const Gang& gang) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::int64_t> on_the_way;
  for (std::uint32_t rank = 0; rank < gang.calls.size(); ++rank) {
    for (const protocol::GangTraffic& traffic : gang.calls[rank].traffic) {
      on_the_way[{rank, traffic.other}] += static_cast<std::int64_t>(traffic.sent);
      on_the_way[{traffic.other, rank}] -= static_cast<std::int64_t>(traffic.received);
    }
  }
  for (const auto& [pair, count] : on_the_way) {
    if (count == 0) continue;
    const auto call = [&](std::uint32_t rank) {
      const std::string& last = gang.calls[rank].last;
      return (last.empty() ? "none" : last) + " of rank " + std::to_string(rank);
    };
    return "Gang: rank " + std::to_string(pair.first) + " has sent what rank " + std::to_string(pair.second) +
           " never received; their last collective calls are " + call(pair.first) + " and " +
           call(pair.second) + "; all ranks must call the same functions in the same order";
  }
  return {};
}

}  // namespace

// --- what belongs to it

void State::join_gang(Task& task, const protocol::GangPlace& place) {
  if (place.rank >= place.size || place.size > most_ranks || task_client(place.leader) != task.client())
    return;
  Gang& gang = gangs_[place.leader];
  if (gang.members.empty()) {
    gang.members.resize(place.size);
    gang.members[0] = place.leader;
    gang.per_node = place.per_node;
    gang.separate = place.separate;
  }
  if (gang.members.size() != place.size) return;
  task.in_gang = true;
  task.own_extras().gang = place.leader;
  task.extras->rank = place.rank;
  gang.members[place.rank] = task.id;
  ++gang.here;
}

// Whether it holds for all ranks. The first for which it does not is asked first the next time: what is asked
// for each rank in turn costs as many steps as there are ranks, not their square.
template <class Holds>
bool State::all_ranks(Gang& gang, Holds&& holds) const {
  const std::size_t ranks = gang.members.size(), first = gang.asked_first;
  for (std::size_t i = 0; i < ranks; ++i) {
    const std::size_t rank = first + i < ranks ? first + i : first + i - ranks;
    const Task* task = gang.members[rank] ? tasks_.find(gang.members[rank]) : nullptr;
    if (holds(task)) continue;
    gang.asked_first = rank;
    return false;
  }
  return true;
}

bool State::is_ready(Gang& gang) const {
  return gang.is_whole() && all_ranks(gang, [](const Task* task) {
           return task && task->state == TaskState::waiting && task->missing == 0;
         });
}

void State::member_ready(Task& task) {
  Gang& gang = gang_of(task);
  if (gang.phase != GangPhase::gathering || !is_ready(gang)) return;
  gang.phase = GangPhase::waiting;
  gang.since = now_;
  waiting_gangs_.push_back(gang.members[0]);
}

// One of them is wanted: the others run again with it. Of a gang that is not whole the last does this.
void State::want_gang(Gang& gang, SmallVector<Task*, 8>& todo) {
  if (!gang.is_whole()) return;
  for (const TaskId id : gang.members) {
    Task* other = id ? tasks_.find(id) : nullptr;
    if (!other) continue;
    if (other->state == TaskState::memory) {
      if (other->wanted && !other->delivered) tell_client(*other, protocol::TaskPending{id});
      free_replicas(*other);
      move(*other, TaskState::released, cause_);
      hold_dependents(*other);
    }
    if (other->state == TaskState::released) todo.push_back(other);
  }
}

// A rank whose own result nobody wants stays as long as that of another is wanted.
void State::release_gang(Task& task) {
  Gang& gang = gang_of(task);
  if (!all_ranks(gang, [](const Task* other) { return !other || (!other->wanted && !other->needed_by); })) {
    if (task.state != TaskState::memory) return;
    free_replicas(task);
    return move(task, TaskState::released, "released");
  }
  std::vector<Task*> members;
  for (const TaskId id : gang.members)
    if (Task* other = id ? tasks_.find(id) : nullptr) members.push_back(other);
  leave_queue(gang);
  gang.phase = GangPhase::gathering;
  gang.done.clear();
  for (Task* other : members) {
    if (other->state == TaskState::memory) {
      free_replicas(*other);
      move(*other, TaskState::released, "released");
    } else if (other->pending()) {
      stop_pending(*other, TaskState::released, "released");
    }
    for (const Edge& edge : other->inputs)
      if (edge.task->scattered && !edge.task->wanted) unused_.push_back(edge.task->id);
  }
  if (std::any_of(members.begin(), members.end(),
                  [](const Task* other) { return !other->dependents.empty(); }))
    return;
  gangs_.erase(task.extras->gang);
  for (Task* other : members) forget(*other);
}

// --- an attempt

void State::launch(Gang& gang, const std::vector<WorkerIndex>& places) {
  leave_queue(gang);
  gang.phase = GangPhase::running;
  ++gang.run;
  gang.done.clear();
  gang.done.resize(gang.members.size());
  gang.returned = 0;
  gang.calls.assign(gang.members.size(), {});
  gang.counted = gang.provisional = false;
  gang.cause.reset();
  gang.death.clear();
  for (std::size_t rank = 0; rank < places.size(); ++rank) assign(member(gang, rank), places[rank]);
}

void State::handle(Time now, PeerId from, const protocol::GangCalls& message, Actions& out) {
  begin(now, out, "returned");
  const Task* task = tasks_.find(message.id);
  if (!task || !task->in_gang || task->state != TaskState::processing || task->worker != index_of(from) ||
      task->run != message.run || gang_of(*task).phase != GangPhase::running)
    return;
  gang_of(*task).calls[task->extras->rank] = message;
  end_event();
}

// Results count when all are there.
void State::member_finished(Task& task, WorkerIndex index, protocol::RunFinished&& message) {
  Gang& gang = gang_of(task);
  workers_[index].progressed = now_;
  if (gang.phase == GangPhase::breaking) {
    send(workers_[index].peer, protocol::CancelRun{task.id, task.run});
    return member_out(task);
  }
  auto& own = gang.done[task.extras->rank];
  if (!own) ++gang.returned;
  own = std::make_unique<protocol::RunFinished>(std::move(message));
  if (gang.returned < gang.members.size()) {
    if (!task.returned) set_returned(task, true);
    load_.update(workers_, index);
    return touch(index);
  }
  if (const std::string wrong = unreceived(gang); !wrong.empty()) {
    gang.cause = failure_of(member(gang, 0), ErrorKind::protocol, wrong);
    break_gang(gang, task, wrong);
    send(workers_[index].peer, protocol::CancelRun{task.id, task.run});
    return member_out(task);
  }
  const auto all = std::move(gang.done);
  gang.done.clear();
  gang.phase = GangPhase::gathering;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    Task& done = member(gang, rank);
    protocol::RunFinished& result = *all[rank];
    const WorkerIndex where = done.worker;
    count_finished(groups_[done.group], result);
    ++workers_[where].finished;
    done.delivered = done.wanted && result.has_small;
    finish(done, where, result.bytes);
    if (done.wanted)
      send(done.client(), protocol::TaskDone{done.id, workers_[where].peer, protocol::RunMark::of(done.run),
                                             result.bytes, result.has_small, std::move(result.small)});
  }
}

void State::member_failed(Task& task, const protocol::RunFailed& message) {
  Gang& gang = gang_of(task);
  workers_[task.worker].progressed = now_;
  // What a survivor saw says less than what is heard of the one that is to blame.
  const bool is_seen = message.failure->type == "weir::GangError";
  const bool is_first = gang.phase == GangPhase::running;
  if (is_first || (gang.provisional && !is_seen)) {
    auto failure = std::make_shared<Failure>(*message.failure);
    failure->task = gang.members[0];
    failure->task_name = task_name(member(gang, 0));
    failure->worker = workers_[task.worker].name;
    failure->context.push_back("on " + text_of_rank(task) + " of " + std::to_string(gang.members.size()));
    gang.cause = std::move(failure);
    gang.death.clear();
    gang.provisional = is_seen;
  }
  if (is_first) break_gang(gang, task, text_of_rank(task) + " failed: " + message.failure->message);
  member_out(task);
}

void State::member_lost(Task& task, PeerId peer, bool is_blamed, const std::string& who) {
  Gang& gang = gang_of(task);
  if (is_blamed && !gang.counted) {
    gang.counted = true;
    Task& leader = member(gang, 0);
    ++leader.deaths;
    blamed_[peer].push_back(leader.id);
  }
  const bool is_first = gang.phase == GangPhase::running;
  // Who is lost after the time limit was ended for it.
  const bool is_late = gang.cause && gang.cause->kind == ErrorKind::timeout;
  if (is_first || (gang.provisional && !is_late)) {
    gang.death = text_of_rank(task) + " was on " + who;
    gang.cause.reset();
    gang.provisional = false;
  }
  if (is_first) break_gang(gang, task, gang.death);
  member_out(task);
}

// Those that run are told, those that are done have worked for nothing; `first` is out already.
void State::break_gang(Gang& gang, const Task& first, const std::string& reason) {
  gang.phase = GangPhase::breaking;
  gang.since = now_;
  for (std::size_t rank = 0; rank < gang.members.size(); ++rank) {
    Task& task = member(gang, rank);
    if (&task == &first || task.state != TaskState::processing) continue;
    const Worker& worker = workers_[task.worker];
    if (!gang.done[rank]) {
      if (worker.alive)
        send(worker.peer, protocol::GangBroken{task.id, task.run, gang.members[0], gang.run, reason});
      continue;
    }
    if (worker.alive) send(worker.peer, protocol::CancelRun{task.id, task.run});
    unassign(task);
    move(task, TaskState::waiting, cause_);
  }
}

void State::member_out(Task& task) {
  Gang& gang = gang_of(task);
  unassign(task);
  move(task, TaskState::waiting, cause_);
  if (all_ranks(gang, [](const Task* other) { return !other || other->state != TaskState::processing; }))
    gang_left(gang);
}

// All have left an attempt that failed: another one, or none.
void State::gang_left(Gang& gang) {
  gang.phase = GangPhase::gathering;
  gang.done.clear();
  gang.provisional = false;
  Task& leader = member(gang, 0);
  const std::shared_ptr<const Failure> cause = std::move(gang.cause);
  const std::string death = std::exchange(gang.death, {});
  gang.broken_by = cause ? cause->message : death;
  gang.cause.reset();
  if (!cause && leader.deaths >= settings_.allowed_failures) {
    auto failure =
        failure_of(leader, ErrorKind::worker_lost,
                   std::to_string(leader.deaths) + " workers died while they ran it; the last time " + death);
    failure->attempt = leader.deaths;
    return fail(leader, std::move(failure));
  }
  if (cause) {
    ++leader.attempts;
    if (!leader.retries) {
      auto failure = std::make_shared<Failure>(*cause);
      failure->attempt = leader.attempts;
      return fail(leader, std::move(failure));
    }
    --leader.retries;
  }
  for (const TaskId id : gang.members) loose_.push_back(id);
}

// A member beyond its time limit is ended by its own worker, which says so.
double State::grace_of(const Gang& gang) const {
  const Options* options = member_of(gang, 0).options();
  return settings_.gang_grace_s + (options && options->time_limit.value().count() > 0 ? 1 : 0);
}

std::vector<PeerId> State::stuck(Time now) const {
  std::vector<PeerId> peers;
  for (const auto& [leader, gang] : gangs_) {
    if (gang.phase != GangPhase::breaking || now - gang.since < grace_of(gang)) continue;
    for (const TaskId id : gang.members)
      if (const Task* task = tasks_.find(id); task && task->state == TaskState::processing)
        peers.push_back(workers_[task->worker].peer);
  }
  std::sort(peers.begin(), peers.end());
  peers.erase(std::unique(peers.begin(), peers.end()), peers.end());
  return peers;
}

void State::leave_behind(Time now, PeerId peer, Actions& out) {
  begin(now, out, "left behind");
  for (Task* task : std::vector<Task*>(workers_[index_of(peer)].processing)) {
    if (!task->in_gang || task->state != TaskState::processing || task->worker != index_of(peer)) continue;
    const Gang& gang = gang_of(*task);
    if (gang.phase != GangPhase::breaking || now - gang.since < grace_of(gang)) continue;
    send(peer, protocol::CancelRun{task->id, task->run});
    member_out(*task);
  }
  end_event();
}

// --- its places

std::int64_t State::urgency(const Gang& gang) const {
  return member_of(gang, 0).priority +
         static_cast<std::int64_t>((now_ - gang.since) / settings_.gang_aging_s);
}

// How many of its ranks so many threads can take, and what there is of resources, less what is wanted of it.
std::uint32_t State::fitting(const Gang& gang, std::uint32_t threads, const std::vector<Resource>& there,
                             const std::vector<Demand>& demand) const {
  const Task& leader = member_of(gang, 0);
  std::uint32_t ranks = threads / leader.width();
  if (const Options* options = leader.options())
    for (const Resource& wanted : options->resources)
      for (std::size_t i = 0; i < there.size(); ++i) {
        if (there[i].name != wanted.name || wanted.name == cores_name) continue;
        const double free = there[i].amount - (demand.empty() ? 0 : demand[i].amount);
        ranks = std::min(ranks, static_cast<std::uint32_t>(std::max(0.0, free / wanted.amount + 1e-9)));
      }
  return gang.separate ? std::min(ranks, 1u) : ranks;
}

// How many of its ranks the worker can take: now, or once it has nothing else. One that lacks memory counts
// as well: it may lack it for as long as the results are wanted, and whoever waits for the gang with it.
std::uint32_t State::capacity(const Gang& gang, const Worker& worker, Room room) const {
  if (!worker.running() || !allowed(member_of(gang, 0), worker)) return 0;
  if (room == Room::ever) return fitting(gang, worker.threads, worker.resources, {});
  if (room == Room::later) return fitting(gang, worker.threads, worker.resources, kept_by_waiting(worker));
  std::uint32_t taken = worker.ready() + worker.extra() + worker.reserved;
  for (const Places& own : gang.reserved)
    if (&workers_[own.worker] == &worker) taken -= own.threads;
  return fitting(gang, worker.threads - std::min(worker.threads, taken), worker.resources, worker.demand);
}

// A worker for each rank, or nothing: idle ones first, one host if it is large enough, on a host first one
// rank for each worker.
std::vector<WorkerIndex> State::places_for(const Gang& gang, Room room) const {
  struct Host {
    std::vector<std::pair<WorkerIndex, std::uint32_t>> workers;  // with their capacities
    std::uint32_t room = 0;
    std::uint32_t idle = 0;
  };
  const auto wanted = static_cast<std::uint32_t>(gang.members.size());
  std::map<std::string, Host> by_name;
  for (WorkerIndex i = 0; i < workers_.size(); ++i)
    if (const std::uint32_t ranks = capacity(gang, workers_[i], room)) {
      Host& host = by_name[workers_[i].host];
      host.workers.emplace_back(i, ranks);
      host.room += ranks;
      host.idle += room == Room::now ? ranks : capacity(gang, workers_[i], Room::now);
    }
  std::vector<Host*> hosts;
  for (auto& [name, host] : by_name) {
    if (gang.per_node) host.room = std::min(host.room, gang.per_node);
    host.idle = std::min(host.idle, host.room);
    hosts.push_back(&host);
    // Those that are free first, then those that soon are; last those that lack memory.
    std::stable_sort(host.workers.begin(), host.workers.end(), [&](const auto& a, const auto& b) {
      const Worker &one = workers_[a.first], &other = workers_[b.first];
      return std::pair(one.memory.paused, one.ready()) < std::pair(other.memory.paused, other.ready());
    });
  }
  std::stable_sort(hosts.begin(), hosts.end(), [&](const Host* a, const Host* b) {
    const bool a_all = a->room >= wanted, b_all = b->room >= wanted;
    if (a_all != b_all) return a_all;
    if (a->idle != b->idle && room != Room::now) return a->idle > b->idle;
    return a_all ? a->room < b->room : a->room > b->room;
  });
  std::vector<WorkerIndex> places;
  for (const Host* host : hosts) {
    const auto most = std::min<std::size_t>(wanted, places.size() + host->room);
    for (std::uint32_t level = 0; places.size() < most; ++level)
      for (const auto& [worker, ranks] : host->workers)
        if (ranks > level && places.size() < most) places.push_back(worker);
  }
  if (places.size() < wanted) return {};
  std::stable_sort(places.begin(), places.end(), [&](WorkerIndex a, WorkerIndex b) {
    return workers_[a].host != workers_[b].host ? workers_[a].host < workers_[b].host : a < b;
  });
  return places;
}

// The most urgent one that there is room for has its places kept until all are free; others go where they fit
// beside it. Only one has places kept, so that no two wait for each other.
bool State::place_gangs() {
  std::vector<TaskId> waiting = waiting_gangs_;
  std::stable_sort(waiting.begin(), waiting.end(), [&](TaskId a, TaskId b) {
    const Gang &one = gangs_.at(a), &other = gangs_.at(b);
    const auto first = urgency(one), second = urgency(other);
    return first != second ? first > second : member_of(one, 0).order < member_of(other, 0).order;
  });
  bool is_first = true;
  for (const TaskId id : waiting) {
    Gang& gang = gangs_.at(id);
    if (!is_ready(gang)) {
      leave_queue(gang);
      gang.phase = GangPhase::gathering;
      continue;
    }
    const std::vector<WorkerIndex> now = places_for(gang, Room::now);
    if (!now.empty()) {
      launch(gang, now);
      continue;
    }
    // What waiting tasks keep may be theirs for as long as no thread is free for what they wait for.
    const std::vector<WorkerIndex> later = places_for(gang, Room::later);
    gang.hopeless = later.empty() && places_for(gang, Room::ever).empty();
    gang.lacks_kept = later.empty() && !gang.hopeless;
    const Task* next = is_first && queued_ ? next_queued(queue_, nowhere) : nullptr;
    if (is_first && !later.empty() && (!next || next->priority <= urgency(gang))) reserve(gang, later);
    else unreserve(gang);
    is_first = is_first && later.empty();
  }
  return !loose_.empty() || !unused_.empty() || !touched_.empty();
}

// Seconds until it is done with what it may have begun, by estimate: the rest is asked back, and what is
// queued there comes later. Of that it is known to have worked on it since it last finished something or got
// something to do.
double State::rest_of(const Worker& worker) const {
  const double worked_s = now_ - worker.progressed;
  double longest_s = 0;
  std::uint32_t begun = 0;
  for (std::size_t i = 0; i < worker.processing.size() - worker.blocked && begun < worker.threads; ++i)
    if (const Task& task = *worker.processing[i]; !task.waits) {
      longest_s = std::max<double>(longest_s, task.estimate / static_cast<float>(task.width()));
      begun += task.width();
    }
  return std::max(longest_s - worked_s, overstays(worker) ? worked_s : 0);
}

// When these threads have nothing else to do, by estimate.
Time State::free_at(const Places& kept) const {
  const Worker& worker = workers_[kept.worker];
  const bool is_free = worker.ready() + worker.extra() + kept.threads <= worker.threads;
  return is_free ? now_ : now_ + rest_of(worker);
}

// When the one that has places kept may begin: estimates may be wrong, so what is free now counts as free.
// What was let in since does not put it off.
Time State::gangs_begin() const {
  if (std::exchange(gangs_seen_, now_) == now_) return gangs_begin_;
  Time all = now_;
  for (const TaskId id : waiting_gangs_)
    for (const Places& kept : gangs_.at(id).reserved) all = std::max(all, free_at(kept));
  return gangs_begin_ = std::min(gangs_begin_, all);
}

void State::reserve(Gang& gang, const std::vector<WorkerIndex>& places) {
  const std::uint32_t width = member_of(gang, 0).width();
  const bool stands = !gang.reserved.empty() &&
                      std::all_of(gang.reserved.begin(), gang.reserved.end(), [&](const Places& kept) {
                        return capacity(gang, workers_[kept.worker], Room::later) * width >= kept.threads;
                      });
  if (stands) return;
  unreserve(gang);
  gangs_begin_ = now_;
  gangs_seen_ = now_;
  for (const WorkerIndex place : places) {
    if (gang.reserved.empty() || gang.reserved.back().worker != place) gang.reserved.push_back({place, 0});
    gang.reserved.back().threads += width;
    workers_[place].reserved += width;
  }
  for (const Places& kept : gang.reserved) {
    Worker& worker = workers_[kept.worker];
    load_.update(workers_, kept.worker);
    gangs_begin_ = std::max(gangs_begin_, free_at(kept));
    touch(kept.worker);
    // What it has not begun goes elsewhere, also what would follow there on what runs.
    if (worker.ready() + worker.extra() + worker.reserved > worker.threads)
      for (const Task* task : worker.processing)
        if (may_return(*task)) send(worker.peer, protocol::RetractRun{task->id, task->run});
  }
}

void State::unreserve(Gang& gang) {
  for (const Places& kept : gang.reserved) {
    workers_[kept.worker].reserved -= kept.threads;
    if (!workers_[kept.worker].alive) continue;
    load_.update(workers_, kept.worker);
    touch(kept.worker);
  }
  gang.reserved.clear();
}

void State::leave_queue(Gang& gang) {
  unreserve(gang);
  gang.hopeless = gang.lacks_kept = false;
  std::erase(waiting_gangs_, gang.members[0]);
}

// --- for people

std::string State::room_text(const Gang& gang) const {
  std::map<std::string, std::uint32_t> hosts;
  for (const Worker& worker : workers_) hosts[worker.host] += capacity(gang, worker, Room::ever);
  std::uint32_t room = 0;
  for (const auto& [host, of_host] : hosts)
    room += gang.per_node ? std::min(of_host, gang.per_node) : of_host;
  const Task& leader = member_of(gang, 0);
  std::string each;
  std::string needs = leader.width() > 1 ? std::to_string(leader.width()) + " cores" : "";
  if (const Options* options = leader.options())
    for (const Resource& wanted : options->resources)
      if (wanted.name != cores_name)
        needs += (needs.empty() ? "" : " and ") + amount_text(wanted.amount) + " " + wanted.name;
  if (!needs.empty()) each += " of " + needs + " each";
  if (gang.separate) each += ", each in a process of its own";
  if (gang.per_node) each += ", at most " + std::to_string(gang.per_node) + " on a host";
  return "gang of " + std::to_string(gang.members.size()) + (gang.members.size() == 1 ? " rank" : " ranks") +
         each + "; the " + std::to_string(alive_) + (alive_ == 1 ? " worker has" : " workers have") +
         " room for " + std::to_string(room) + " at once";
}

void State::explain_gang(const Task& task, std::vector<std::string>& lines) const {
  const Gang& gang = gangs_.at(task.extras->gang);
  const auto ranks = std::to_string(gang.members.size());
  switch (gang.phase) {
    case GangPhase::gathering: {
      std::size_t here = 0;
      for (const TaskId id : gang.members) {
        const Task* other = id ? tasks_.find(id) : nullptr;
        here += other && other->state == TaskState::waiting && other->missing == 0;
      }
      lines.push_back("its gang of " + ranks + " ranks waits for inputs: " + std::to_string(here) +
                      " ranks have theirs");
      break;
    }
    case GangPhase::waiting:
      if (gang.hopeless) {
        lines.push_back("it waits for more workers: it is a " + room_text(gang));
        if (is_beyond(gang))
          lines.push_back("all that its clusters are told to grow to has room for " +
                          std::to_string(*largest_possible(gang)));
        explain_promised(member_of(gang, 0).options(), lines);
      } else if (gang.lacks_kept) {
        lines.push_back("it waits for " + lack_of_kept(member_of(gang, 0)));
      } else if (gang.reserved.empty()) {
        lines.push_back("it waits for " + ranks + " places at once, behind a more urgent gang or task");
      } else {
        for (const Places& kept : gang.reserved) {
          const Worker& worker = workers_[kept.worker];
          const std::uint32_t busy = worker.ready() + worker.extra();
          const std::uint32_t left = worker.threads - std::min(worker.threads, kept.threads);
          lines.push_back(std::to_string(kept.threads) + " of " + std::to_string(worker.threads) +
                          " threads of " + worker.name + " on " + worker.host + " are kept for it, " +
                          (busy > left ? "of which " + std::to_string(busy - left) + " still run other tasks"
                                       : "and are free"));
        }
      }
      break;
    case GangPhase::running:
      break;
    case GangPhase::breaking:
      lines.push_back("an attempt has failed (" + (gang.cause ? gang.cause->message : gang.death) +
                      "); it is tried again, or fails, when all ranks have left it");
      break;
  }
}

void State::check_gangs() const {
  const Invariant require("scheduler");
  std::vector<std::uint32_t> reserved(workers_.size());
  std::size_t waiting = 0, keepers = 0;
  for (const auto& [leader, gang] : gangs_) {
    const auto name = [id = leader] {
      return "gang " + std::to_string(id) + " ";
    };  // clang captures no binding
    waiting += gang.phase == GangPhase::waiting;
    keepers += !gang.reserved.empty();
    require(gang.reserved.empty() || gang.phase == GangPhase::waiting, name, "keeps places for nothing");
    for (const Places& kept : gang.reserved) reserved[kept.worker] += kept.threads;
    std::size_t processing = 0;
    for (const TaskId id : gang.members) {
      const Task* task = id ? tasks_.find(id) : nullptr;
      processing += task && task->state == TaskState::processing;
    }
    if (gang.phase == GangPhase::running) require(processing == gang.members.size(), name, "runs in part");
    else if (gang.phase == GangPhase::breaking) require(processing > 0, name, "breaks, and all have left");
    else require(processing == 0, name, "does not run, and ranks of it do");
    require((std::find(waiting_gangs_.begin(), waiting_gangs_.end(), leader) != waiting_gangs_.end()) ==
                (gang.phase == GangPhase::waiting),
            name, "is not where it waits");
  }
  require(waiting == waiting_gangs_.size(), "waiting gangs miscounted");
  require(keepers <= 1, "several gangs keep places and may wait for each other");
  for (WorkerIndex i = 0; i < workers_.size(); ++i)
    require(workers_[i].reserved == reserved[i], workers_[i].name, ": kept threads miscounted");
}

}  // namespace weir::detail::scheduler
