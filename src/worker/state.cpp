// The worker's transitions.
#include "worker/state.hpp"

#include <algorithm>

#include "core/invariant.hpp"

namespace weir::detail::worker {

using Data = Record::Data;
using Run = Record::Run;

namespace {

// Devices that nobody has named are called by numbers.
Machine complete(Machine machine, const std::vector<Resource>& resources) {
  const auto devices = static_cast<std::size_t>(amount_of(resources, gpu_name) + 1 - 1e-9);
  while (machine.devices.size() < devices) machine.devices.push_back(std::to_string(machine.devices.size()));
  return machine;
}

// Takes them from the message; null if it asks for nothing.
std::unique_ptr<Wishes> wishes_of(protocol::RunTask& message) {
  protocol::RunExtras& extras = message.extras;
  const TaskId actor = extras.is_call && !message.inputs.empty() ? message.inputs[0].task : 0;
  if (extras.resources.empty() && !extras.limit_ns && !actor && !message.beside.value && !extras.gang)
    return nullptr;
  return std::make_unique<Wishes>(Wishes{.resources = std::move(extras.resources),
                                         .limit_ns = extras.limit_ns,
                                         .actor = actor,
                                         .beside = std::move(message.beside.value),
                                         .gang = std::move(extras.gang)});
}

Wishes& wishes_of(Record& record) {
  std::unique_ptr<Wishes>& wishes = record.assigned->wishes;
  if (!wishes) wishes = std::make_unique<Wishes>();
  return *wishes;
}

}  // namespace

State::State(PeerId self, std::uint32_t threads, std::vector<Resource> resources, MemoryLimits memory,
             Machine machine)
    : self_(self),
      threads_(threads),
      limits_(memory),
      free_(std::move(resources)),
      places_(complete(std::move(machine), free_)) {}

void State::make_ready(Record& record) {
  record.state = Run::ready;
  const QueueEntry entry = entry_of(record);
  if (record.out_of_band) return out_of_band_.push_back(entry);
  const Wishes* const wishes = record.assigned->wishes.get();
  if (!wishes || (wishes->resources.empty() && !wishes->actor && !wishes->gang)) ready_.push(entry);
  else constrained_.push_back(entry);
}

// What is heavy and there is asked for when there is room for it: at least one thing at a time, first what
// the first task needs.
void State::fetch(TaskId id, Record& record, const protocol::Input& input, Actions& out) {
  const bool tells_more = input.exists && record.scale == 0 && is_heavy(protocol::Scale::bytes(input.scale));
  // One that has been taken from its worker and given back to it has been asked for in vain.
  const bool is_another_run = input.run != 0 && input.run != record.asked_run;
  const bool is_asked = record.data == Data::fetching && record.asked == input.holder;
  if (is_asked && !tells_more && !is_another_run) return;
  if (is_asked) end_fetch(record);  // it has answered, or is asked anew: it does not wait for us any more
  else abandon_fetch(id, record, out);
  if (input.run != 0) record.asked_run = input.run;
  if (input.holder == self_ || input.holder == 0) return;
  record.data = Data::fetching;
  ++fetching_;
  record.asked = input.holder;
  record.request = requests_ = requests_ % protocol::ClientRequest::most_of_worker + 1;
  if (input.exists && is_heavy(protocol::Scale::bytes(input.scale))) {
    record.scale = input.scale;
    record.held = true;
    hold(id, record);
    ask_held(out);
  } else {
    out.push_back({input.holder, protocol::GetResult{id, input.exists, record.request}});
  }
}

// It has come, or will not. There may be room for others now: `ask_held`.
void State::end_fetch(Record& record) {
  record.data = Data::absent;
  --fetching_;
  record.asked = 0;
  if (!record.held) coming_ -= protocol::Scale::bytes(record.scale);
  record.held = false;
  record.scale = 0;
}

void State::abandon_fetch(TaskId id, Record& record, Actions& out) {
  if (record.data != Data::fetching) return;
  if (!record.held) out.push_back({record.asked, protocol::DropRequest{id}});
  end_fetch(record);
  ask_held(out);
}

// Whether somebody here cannot go on without it.
bool State::awaited(const Record& record) {
  return std::any_of(record.waiters.begin(), record.waiters.end(),
                     [](const Record* waiter) { return waiter->state == Run::waiting; });
}

// What is not here and not on its way must be asked for.
void State::seek(TaskId id, const Record& record, Actions& out) {
  if (record.data == Data::absent && record.state == Run::none && awaited(record))
    out.push_back({0, protocol::InputMissing{id, self_}});
}

void State::store(TaskId id, Record& record, task::Value value, std::uint64_t bytes, Actions& out) {
  abandon_fetch(id, record, out);
  record.data = Data::here;
  record.value = std::move(value);
  record.bytes = bytes;
  bytes_ += bytes;
  use(id, record);
  note_pressure(out);
  for (Record* const waiter : record.waiters)
    if (waiter->state == Run::waiting && --waiter->assigned->missing == 0) make_ready(*waiter);
  if (!record.parked) return;
  const std::unique_ptr<ParkedPeers> all = take_parked(record);
  for (const Parked& parked : all->peers) {
    const bool is_client = parked.peer == 0 || parked.peer == self_;
    if (is_heavy(bytes) && !is_client && !parked.has_room)
      out.push_back({parked.peer, protocol::InputAt{id, self_, true, protocol::Scale::of(bytes)}});
    else out.push_back({parked.peer, SendValue{id, parked.request}});
  }
}

void State::drop_data(Record& record, Actions& out) {
  record.data = Data::absent;
  record.own = record.keep = false;
  record.value = {};
  forget_memory(record);
  note_pressure(out);
  for (Record* const waiter : record.waiters)
    if (waiter->state == Run::waiting || waiter->state == Run::ready) {
      waiter->state = Run::waiting;
      ++waiter->assigned->missing;
    }
}

// A peer's worker and the client beside it ask each for itself.
bool State::unpark(Record& record, PeerId peer, bool is_client) {
  if (!record.parked) return false;
  auto& peers = record.parked->peers;
  const auto at = std::find_if(peers.begin(), peers.end(), [&](const Parked& parked) {
    return parked.peer == peer && protocol::ClientRequest::is(parked.request) == is_client;
  });
  if (at == peers.end()) return false;
  *at = peers.back();
  peers.pop_back();
  --parked_;
  if (peers.empty()) record.parked.reset();
  return true;
}

std::unique_ptr<ParkedPeers> State::take_parked(Record& record) {
  parked_ -= record.parked->peers.size();
  return std::move(record.parked);
}

void State::refuse_parked(TaskId id, Record& record, Actions& out) {
  if (!record.parked) return;
  const std::unique_ptr<ParkedPeers> all = take_parked(record);
  for (const Parked& parked : all->peers)
    out.push_back({parked.peer, protocol::ResultMissing{id, nullptr, parked.request}});
}

// It has run, or will not: its inputs are others'.
std::unique_ptr<Assignment> State::end_run(Record& record, Actions& out) {
  record.state = Run::none;
  std::unique_ptr<Assignment> assigned = std::move(record.assigned);
  for (const Use& input : assigned->inputs) {
    input.record->waiters.erase_one(&record);
    erase_if_unused(input.id, *input.record, out);
  }
  return assigned;
}

// A run that has not started is forgotten.
void State::drop_run(TaskId id, Record& record, Actions& out) {
  end_run(record, out);
  refuse_parked(id, record, out);
}

void State::erase_if_unused(TaskId id, Record& record, Actions& out) {
  if (record.passes && record.data == Data::here && record.waiters.empty()) drop_data(record, out);
  if (record.data == Data::here || record.state != Run::none || !record.waiters.empty() || record.keep)
    return;
  abandon_fetch(id, record, out);
  if (!record.parked) records_.erase(id);
}

void State::handle(protocol::RunTask&& message, Actions& out) {
  Record& record = *records_.emplace(message.id, message.id).first;
  if (record.state == Run::executing && message.extras.gang) {  // the others of its gang begin anew
    wishes_of(record).next = std::make_unique<protocol::RunTask>(std::move(message));
    return;
  }
  record.run = message.run;
  record.want_small = message.want_small;
  record.keep = record.passes = false;
  if (record.state == Run::executing) {  // cancelled, and wanted again: unless it was told, it goes on
    record.cancelled = false;
    const TaskId id = message.id;
    wishes_of(record).again = std::make_unique<protocol::RunTask>(std::move(message));
    if (std::find(seceded_.begin(), seceded_.end(), id) != seceded_.end())
      tell_waits(id, record.run, true, out);
    return;
  }
  if (record.data == Data::here) {  // a copy came from a peer meanwhile
    record.own = true;
    out.push_back({0, protocol::RunFinished{message.id, message.run, record.bytes, 0, false, {}}});
    return;
  }
  const std::unique_ptr<Assignment> before = record.assigned ? end_run(record, out) : nullptr;
  record.state = Run::waiting;
  record.out_of_band = message.out_of_band;
  record.assigned = std::make_unique<Assignment>();
  Assignment& assigned = *record.assigned;
  assigned.order = message.order;
  assigned.priority = message.priority;
  assigned.invoker = message.invoker;
  assigned.function = message.function;
  assigned.arguments = std::move(message.arguments);
  assigned.wishes = wishes_of(message);
  for (const protocol::Input& input : message.inputs) {
    auto [found, fresh] = records_.emplace(input.task, input.task);
    Record& used = *found;
    if (fresh) used.passes = input.passes();
    else if (!input.passes()) stay(input.task, used, out);
    assigned.inputs.push_back({input.task, &used});
    used.waiters.push_back(&record);
    if (used.data == Data::here) continue;
    ++assigned.missing;
    if (used.data == Data::absent && used.state == Run::none) fetch(input.task, used, input, out);
  }
  if (assigned.missing == 0) make_ready(record);
}

void State::handle(const protocol::CancelRun& message, Actions& out) {
  Record* record = records_.find(message.id);
  if (record && is_next(*record, message.run)) return record->assigned->wishes->next.reset();
  if (!record || record->run != message.run) return;
  if (record->state == Run::executing) {
    record->cancelled = true;
    if (Wishes* const wishes = record->assigned->wishes.get()) wishes->again.reset();
    return;
  }
  if (record->state != Run::none) drop_run(message.id, *record, out);
  if (record->own && record->data == Data::here) drop_data(*record, out);
  erase_if_unused(message.id, *record, out);
}

void State::handle(const protocol::RetractRun& message, Actions& out) {
  Record* record = records_.find(message.id);
  const bool here =
      record && record->run == message.run && (record->state == Run::waiting || record->state == Run::ready);
  out.push_back({0, protocol::RetractReply{message.id, message.run, here}});
  if (!here) return;
  drop_run(message.id, *record, out);
  erase_if_unused(message.id, *record, out);
}

void State::handle(const protocol::FreeResult& message, Actions& out) {
  Record* record = records_.find(message.id);
  if (!record) return;
  record->keep = false;
  if (record->data == Data::here) {
    drop_data(*record, out);
    seek(message.id, *record, out);
  }
  erase_if_unused(message.id, *record, out);
}

void State::handle(const protocol::InputAt& message, Actions& out) {
  Record* record = records_.find(message.id);
  if (!record || record->data == Data::here || record->state != Run::none ||
      (record->waiters.empty() && !record->keep))
    return;
  if (record->waiters.empty() &&
      !message.exists) {  // it was to be copied, but it must be computed again; the copy is not waited for
    record->keep = false;
    return erase_if_unused(message.id, *record, out);
  }
  fetch(message.id, *record, {message.id, message.holder, message.exists, message.scale, message.run}, out);
}

void State::handle(const protocol::ReplicateResult& message, Actions& out) {
  Record& record = *records_.emplace(message.id, message.id).first;
  if (record.data == Data::here) {
    record.passes = false;
    out.push_back({0, protocol::ResultHere{message.id, record.bytes}});
    return;
  }
  if (record.state != Run::none) return;  // it will be here anyway
  record.keep = true;
  fetch(message.id, record, {message.id, message.holder, true, message.scale, message.run}, out);
}

// What has not begun leaves at once; what runs is told by the node.
void State::handle(const protocol::GangBroken& message, Actions& out) {
  Record* record = records_.find(message.id);
  if (!record) return;
  const bool comes_next = is_next(*record, message.run);
  const bool waits =
      record->run == message.run && (record->state == Run::waiting || record->state == Run::ready);
  if (!comes_next && !waits) return;
  auto failure = std::make_shared<Failure>();
  failure->kind = ErrorKind::worker_lost;
  failure->type = "weir::GangError";
  failure->message = "the gang has failed: " + message.reason;
  out.push_back({0, protocol::RunFailed{message.id, message.run, std::move(failure)}});
  if (comes_next) return record->assigned->wishes->next.reset();
  drop_run(message.id, *record, out);
  erase_if_unused(message.id, *record, out);
}

void State::asked(PeerId from, TaskId id, bool exists, std::uint32_t request, Actions& out) {
  Record* record = records_.find(id);
  if (record && record->data == Data::here) {
    if (!record->on_disk) use(id, *record);
    out.push_back({from, SendValue{id, request}});
    return;
  }
  if (exists && (!record || record->state == Run::none)) {
    out.push_back({from, protocol::ResultMissing{id, nullptr, request}});
    return;
  }
  Record& waiting = record ? *record : *records_.emplace(id, id).first;
  unpark(waiting, from, protocol::ClientRequest::is(request));
  if (!waiting.parked) waiting.parked = std::make_unique<ParkedPeers>();
  waiting.parked->peers.push_back({from, request, exists});
  ++parked_;
}

const task::Value* State::result_in_memory(TaskId id) {
  Record* record = records_.find(id);
  if (!record || record->data != Data::here || record->on_disk) return nullptr;
  use(id, *record);
  return &record->value;
}

void State::unasked(PeerId from, TaskId id, Actions& out) {
  Record* record = records_.find(id);
  if (record && unpark(*record, from, false)) erase_if_unused(id, *record, out);
}

void State::arrived(PeerId from, TaskId id, std::uint32_t request, task::Value value, std::uint64_t bytes,
                    Actions& out) {
  take_in(from, id, request, std::move(value), bytes, out);
  ask_held(out);
}

void State::take_in(PeerId from, TaskId id, std::uint32_t request, task::Value value, std::uint64_t bytes,
                    Actions& out) {
  Record* record = records_.find(id);
  if (!record || record->data == Data::here) return;
  if (record->data == Data::fetching && record->asked == from && record->request == request)
    end_fetch(*record);
  if (record->state == Run::executing) return;
  if (record->waiters.empty() && !record->keep && record->state == Run::none)
    return erase_if_unused(id, *record, out);
  if (record->state != Run::none) {  // it was to be computed here too
    const std::uint32_t run = record->run;
    record->own = true;
    end_run(*record, out);
    store(id, *record, std::move(value), bytes, out);
    out.push_back({0, protocol::RunFinished{id, run, bytes, 0, false, {}}});
    return;
  }
  store(id, *record, std::move(value), bytes, out);
  record->passes = record->passes && !record->keep && bytes < limits_.smallest && !is_heavy(bytes);
  if (!record->passes) out.push_back({0, protocol::ResultHere{id, bytes}});
}

// Others need the copy too.
void State::stay(TaskId id, Record& record, Actions& out) {
  const bool passed = record.passes;
  record.passes = false;
  if (passed && record.data == Data::here) out.push_back({0, protocol::ResultHere{id, record.bytes}});
}

void State::put(TaskId id, task::Value value, std::uint64_t bytes, Actions& out) {
  Record& record = *records_.emplace(id, id).first;
  record.keep = true;
  record.passes = false;
  if (record.data != Data::here) store(id, record, std::move(value), bytes, out);
  out.push_back({0, protocol::ResultHere{id, bytes}});
}

void State::missing(PeerId from, TaskId id, std::uint32_t request, bool broken, Actions& out) {
  Record* record = records_.find(id);
  if (!record || record->data != Data::fetching || record->asked != from || record->request != request)
    return;  // or an answer to a request that was dropped
  end_fetch(*record);
  ask_held(out);
  if (!broken) {
    out.push_back({0, protocol::InputMissing{id, from, record->asked_run}});
    return;
  }
  record->keep = false;
  erase_if_unused(id, *record, out);
}

void State::peer_gone(PeerId peer, Actions& out) {
  if (fetching_ == 0 && parked_ == 0) return;
  std::vector<TaskId> asked, unused;
  records_.for_each([&](TaskId id, Record& record) {
    const bool is_worker_gone = unpark(record, peer, false), is_client_gone = unpark(record, peer, true);
    if (is_worker_gone || is_client_gone) unused.push_back(id);
    if (record.data == Data::fetching && record.asked == peer) asked.push_back(id);
  });
  for (const TaskId id : asked) {
    Record& record = *records_.find(id);
    end_fetch(record);
    out.push_back({0, protocol::InputMissing{id, peer, record.asked_run}});
  }
  ask_held(out);
  for (const TaskId id : unused)
    if (Record* record = records_.find(id)) erase_if_unused(id, *record, out);
}

bool State::fits(const Record& record) const {
  const auto width = static_cast<std::uint32_t>(width_of(record.wished().resources));
  return has_room(width) && lacks_only_threads(record);
}

bool State::is_called(TaskId actor) const {
  return actor && std::find(called_.begin(), called_.end(), actor) != called_.end();
}

bool State::lacks_only_threads(const Record& record) const {
  const Wishes& wishes = record.wished();
  if (is_called(wishes.actor)) return false;
  if (!places_.has_gpu(amount_of(wishes.resources, gpu_name))) return false;
  for (const Resource& wanted : wishes.resources) {
    if (wanted.name == cores_name) continue;  // its threads
    const auto have =
        std::find_if(free_.begin(), free_.end(), [&](const Resource& r) { return r.name == wanted.name; });
    if (have == free_.end() || have->amount + 1e-9 < wanted.amount) return false;
  }
  return true;
}

void State::occupy(Record& record) {
  if (!record.assigned->wishes) {
    ++taken_;
    return;
  }
  Wishes& wishes = *record.assigned->wishes;
  taken_ += static_cast<std::uint32_t>(width_of(wishes.resources));
  if (wishes.actor) called_.push_back(wishes.actor);
  if (wishes.resources.empty()) return;
  for (const Resource& used : wishes.resources)
    for (Resource& resource : free_)
      if (resource.name == used.name) resource.amount -= used.amount;
  const double gpu = amount_of(wishes.resources, gpu_name), cores = amount_of(wishes.resources, cores_name);
  if (gpu > 0 || cores > 0)
    wishes.grant = std::make_shared<const Grant>(places_.take(static_cast<int>(cores), gpu));
}

// It has run: what it asked for is another task's.
void State::vacate(const Record& record) {
  if (!record.assigned->wishes) {
    --taken_;
    return;
  }
  const Wishes& wishes = *record.assigned->wishes;
  taken_ -= static_cast<std::uint32_t>(width_of(wishes.resources));
  if (const auto at = std::find(called_.begin(), called_.end(), wishes.actor); at != called_.end())
    called_.erase(at);
  for (const Resource& used : wishes.resources)
    for (Resource& resource : free_)
      if (resource.name == used.name) resource.amount += used.amount;
  if (wishes.grant) places_.give_back(*wishes.grant);
}

// As of the run that it counts as now.
void State::tell_waits(TaskId id, std::uint32_t run, bool waits, Actions& out) const {
  const Record* record = records_.find(id);
  const bool goes_on = record && record->state == Run::executing;
  out.push_back({0, protocol::RunWaits{id, goes_on ? record->run : run, waits}});
}

void State::secede(TaskId id, std::uint32_t run, const Grant* grant, Actions& out) {
  tell_waits(id, run, true, out);
  seceded_.push_back(id);
  lent_threads_ += grant ? grant->width() : 1;
  if (grant) places_.lend(*grant);
}

void State::rejoin(TaskId id, std::uint32_t run, const Grant* grant, Actions& out) {
  tell_waits(id, run, false, out);
  if (const auto at = std::find(seceded_.begin(), seceded_.end(), id); at != seceded_.end())
    seceded_.erase(at);
  lent_threads_ -= grant ? grant->width() : 1;
  if (grant) places_.end_lending(*grant);
}

Record* State::valid(const QueueEntry& entry) {
  Record* record = records_.find(entry.id);
  return record && record->state == Run::ready && record->run == entry.run ? record : nullptr;
}

Record* State::drop_stale() {
  for (; !ready_.empty(); ready_.pop())
    if (Record* const first = valid(ready_.top())) return first;
  return nullptr;
}

// The scheduler numbers roots above the lowest byte.
bool State::take_of_root(Execution& out, std::uint64_t order, TaskId awaited) {
  const Record* const next = drop_stale();
  if (!next || !constrained_.empty() || ready_.top().order >> 8 != order >> 8) return false;
  Record* const record = awaited ? records_.find(awaited) : nullptr;
  // One that exceeds its time limit is left to itself, with its thread: not with the caller's.
  if (!record || !may_start_before_next(*record)) return next->wished().limit_ns == 0 && take(out);
  start(*record, out);
  drop_stale();
  return true;
}

// It is as urgent, stands on the same root and needs nothing but a thread.
bool State::may_start_before_next(const Record& record) const {
  const QueueEntry& next = ready_.top();
  return record.state == Run::ready && !record.assigned->wishes && !record.out_of_band &&
         record.assigned->priority == next.priority && record.assigned->order >> 8 == next.order >> 8 &&
         has_slot() && !paused_ && !held_back();
}

bool State::take_if_next(Execution& out, TaskId id) {
  const Record* const next = drop_stale();
  return next && constrained_.empty() && next->id == id && next->wished().limit_ns == 0 && take(out);
}

bool State::goes_first(std::uint64_t order) {
  drop_stale();
  const QueueEntry own{0, order, 0, 0};
  const auto is_before = [&](const QueueEntry& entry) { return !later(entry, own); };
  return (ready_.empty() || !is_before(ready_.top())) &&
         std::ranges::none_of(constrained_,
                              [&](const QueueEntry& entry) { return is_before(entry) && valid(entry); });
}

bool State::take(Execution& out, bool out_of_band) {
  Record* record = nullptr;
  if (out_of_band) {
    while (!out_of_band_.empty() && !record) {
      record = valid(out_of_band_.back());
      out_of_band_.pop_back();
    }
  } else {
    if (!has_slot() || held_back()) return false;
    // The others of a gang wait for its rank here, and so does what runs here if that is a rank too.
    const bool only_ranks = paused_ && executing_.size() > seceded_.size() + out_of_band_running_;
    Record* const next = only_ranks ? nullptr : drop_stale();
    if (!constrained_.empty() && !choose_constrained(next != nullptr, only_ranks, record)) return false;
    if (!record && next) {
      record = next;
      ready_.pop();
    }
  }
  if (!record) return false;
  start(*record, out);
  return true;
}

// The one that comes before all of `ready_`, if there is one; false if one waits before which nothing starts.
bool State::choose_constrained(bool has_ready, bool only_ranks, Record*& chosen) {
  const auto may_start = [&](const Record* task) { return task && (!only_ranks || task->wished().gang); };
  auto best = constrained_.end();
  for (auto at = constrained_.begin(); at != constrained_.end(); ++at) {
    const Record* candidate = valid(*at);
    if (may_start(candidate) && fits(*candidate) && (best == constrained_.end() || later(*best, *at)))
      best = at;
  }
  // One that lacks nothing but threads gets them as they become free: nothing less urgent starts before.
  for (const QueueEntry& entry : constrained_) {
    const Record* wide = valid(entry);
    if (!may_start(wide) || fits(*wide) || !lacks_only_threads(*wide)) continue;
    if ((best == constrained_.end() || later(*best, entry)) && (!has_ready || later(ready_.top(), entry)))
      return false;
  }
  if (best == constrained_.end() || (has_ready && !later(ready_.top(), *best))) return true;
  chosen = valid(*best);
  constrained_.erase(best);
  std::erase_if(constrained_, [&](const QueueEntry& entry) { return !valid(entry); });
  return true;
}

void State::start(Record& record, Execution& out) {
  record.state = Run::executing;
  record.cancelled = false;
  occupy(record);
  executing_.push_back(record.id);
  out_of_band_running_ += record.out_of_band;
  out.id = record.id;
  out.run = record.run;
  out.want_small = record.want_small;
  out.out_of_band = record.out_of_band;
  Assignment& assigned = *record.assigned;
  out.invoker = assigned.invoker;
  out.function = assigned.function;
  out.order = assigned.order;
  out.arguments = std::move(assigned.arguments);
  if (Wishes* const wishes = assigned.wishes.get()) {
    out.limit_ns = wishes->limit_ns;
    out.grant = wishes->grant;
    out.gang = wishes->gang;
    out.beside = std::move(wishes->beside);
  } else {
    out.limit_ns = 0;
    out.grant.reset();
    out.gang.reset();
    out.beside = {};
  }
  out.values.clear();
  for (const Use& input : assigned.inputs) {
    use(input.id, *input.record);
    out.values.push_back(input.record->value);
  }
}

void State::done(Outcome&& outcome, Actions& out) {
  if (const auto at = std::find(executing_.begin(), executing_.end(), outcome.id); at != executing_.end())
    executing_.erase(at);
  Record* const record = records_.find(outcome.id);
  if (!record || record->state != Run::executing) return;
  vacate(*record);
  out_of_band_running_ -= record->out_of_band;
  const std::unique_ptr<Wishes> wishes = std::move(end_run(*record, out)->wishes);
  if (!disk_problem_.empty() && !outcome.failure && bytes_ + outcome.bytes > most_bytes_with(outcome.bytes))
    outcome.failure = no_room(outcome.bytes);
  stuck_ = false;
  note_pressure(out);
  if (wishes && wishes->again && outcome.was_told) return handle(std::move(*wishes->again), out);
  if (record->cancelled) {
    record->cancelled = false;
    refuse_parked(outcome.id, *record, out);
    seek(outcome.id, *record, out);
    if (wishes && wishes->next) return handle(std::move(*wishes->next), out);
  } else if (outcome.failure) {
    out.push_back(
        {0, protocol::RunFailed{outcome.id, record->run, std::move(outcome.failure), outcome.duration_s}});
    refuse_parked(outcome.id, *record, out);
  } else {
    record->own = true;
    out.push_back({0, protocol::RunFinished{outcome.id, record->run, outcome.bytes, outcome.duration_s,
                                            outcome.has_small, std::move(outcome.small)}});
    store(outcome.id, *record, std::move(outcome.value), outcome.bytes, out);
    return;
  }
  erase_if_unused(outcome.id, *record, out);
}

void State::check() const {
  const Invariant require("worker");
  std::uint64_t bytes = 0, spilled = 0, leaving = 0, coming = 0, held = 0, listed = 0, executing = 0,
                taken = 0, fetching = 0, parked = 0;
  records_.for_each([&](TaskId id, const Record& record) {
    const auto name = [&] { return "task " + std::to_string(id) + " "; };
    if (record.data == Data::here) (record.on_disk ? spilled : bytes) += record.bytes;
    if (record.is_leaving()) leaving += record.bytes;
    if (!record.held) coming += protocol::Scale::bytes(record.scale);
    held += record.held;
    require(record.data == Data::fetching || (!record.held && record.scale == 0), name,
            "is not fetched and counts as coming");
    fetching += record.data == Data::fetching;
    parked += record.parked ? record.parked->peers.size() : 0;
    const std::uint64_t used = record.bulk ? record.bulk->used : 0;
    listed += used != 0;
    require(record.data == Data::here || (!record.on_disk && !record.bulk), name,
            "has no data and takes memory");
    if (used)
      require(by_use_.contains(used) && by_use_.at(used) == id && !record.on_disk && !record.is_leaving(),
              name, "is listed wrongly among what may be spilled");
    require((record.state != Run::none) == (record.assigned != nullptr), name,
            "is to run and lacks what that needs, or keeps it");
    executing += record.state == Run::executing;
    if (record.state == Run::executing)
      taken += static_cast<std::uint32_t>(width_of(record.wished().resources));
    require(record.data != Data::fetching || record.asked != 0, name, "is fetched from nobody");
    require(!record.parked || !record.parked->peers.empty(), name, "keeps a list of nobody");
    require(record.data != Data::here || !record.parked, name, "is here and peers still wait for it");
    require(record.data == Data::here || record.state != Run::none || record.keep ||
                !record.waiters.empty() || record.parked,
            name, "is kept for nobody");
    require(record.data != Data::here || !record.passes || !record.waiters.empty(), name,
            "is a copy that nobody has been told of, and stays");
    require(
        record.data != Data::fetching || record.state != Run::none || record.keep || !record.waiters.empty(),
        name, "is fetched for nobody");
    if (record.state != Run::waiting && record.state != Run::ready) return;
    std::uint32_t missing = 0;
    for (const Use& input : record.assigned->inputs) {
      require(records_.find(input.id) == input.record, name, "waits for an input that is gone");
      require(std::ranges::find(input.record->waiters, &record) != input.record->waiters.end(), name,
              "waits for an input that does not know it");
      missing += input.record->data != Data::here;
    }
    require(missing == record.assigned->missing, name, "misses ", missing, " inputs, not ",
            record.assigned->missing);
    require((missing == 0) == (record.state == Run::ready), name,
            "is ready without its inputs, or waits without need");
  });
  require(bytes == bytes_ && spilled == spilled_bytes_ && leaving == leaving_, "bytes miscounted");
  require(fetching == fetching_ && parked == parked_, "what is fetched or waited for is miscounted");
  require(coming == coming_, "what is coming is miscounted");
  require(held == 0 || coming > 0 || held_back(), "requests are held back for ever");
  require(listed == by_use_.size(), "what may be spilled is miscounted");
  require(!paused_ || bytes_ > limits_.resume_at(beside_), "paused without need");
  require(executing == executing_.size(), "executing tasks miscounted");
  require(taken == taken_, "threads of executing tasks miscounted");
}

}  // namespace weir::detail::worker
