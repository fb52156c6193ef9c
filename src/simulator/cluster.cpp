// Events of the virtual cluster, one after the other.
#include "simulator/cluster.hpp"

#include <algorithm>
#include <chrono>

#include "weir/detail/task/address.hpp"

namespace weir::detail::simulator {

using Status = SimulatedFuture::Status;

namespace {

constexpr std::uint64_t small_result_bytes = 1024;
constexpr double first_look_s = 20e-6, rare_look_s = 20e-3;  // of a task after its child

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a * 0x9e3779b97f4a7c15u ^ b;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 27);
}

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;  // clang 14 does not deduce aggregates

template <class Letter>
std::string name_of() {
  std::string name;
  if constexpr (requires(Letter letter) {
                  letter.value;
                  letter.message;
                })
    name = task::demangle(typeid(decltype(Letter::message)).name());
  else name = task::demangle(typeid(Letter).name());
  return name.substr(name.rfind(':') + 1);
}

// `GetResult 3`: the message and its task.
template <class Letter>
std::string text_of(const Letter& letter) {
  if constexpr (requires { letter.value; }) {
    return text_of(letter.message);
  } else {
    std::string text = name_of<Letter>();
    if constexpr (requires { letter.id; }) text += " " + std::to_string(task_number(letter.id));
    if constexpr (requires { letter.run; }) text += " run " + std::to_string(letter.run);
    if constexpr (requires { letter.holder; }) text += " of " + std::to_string(letter.holder);
    if constexpr (requires { letter.peer; }) text += " " + std::to_string(letter.peer);
    return text;
  }
}

double cpu_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What is measured of nothing: the clock's own part of every measurement.
double clock_s() {
  static const double least = [] {
    double seconds = 1;
    for (int i = 0; i < 1000; ++i) {
      const double start = cpu_s();
      seconds = std::min(seconds, cpu_s() - start);
    }
    return seconds;
  }();
  return least;
}

// Since then, in this thread, without the clock.
double seconds_since(double start) {
  const double seconds = cpu_s() - start;
  return std::max(0., seconds - clock_s());
}

}  // namespace

SimulatedCluster::SimulatedCluster(SimulatedSettings settings)
    : settings_(settings), scheduler_(settings.scheduling), workers_(1), plans_(1), random_(settings.seed) {}

// --- the scheduler's side

template <class F>
void SimulatedCluster::decide(F&& event) {
  const double start = cpu_s();
  event();
  took(seconds_since(start));
  perform();
  if (settings_.checked) scheduler_.check();
}

void SimulatedCluster::took(double seconds) {
  scheduler_cpu_s_ += seconds;
  keep_busy(seconds);
}

void SimulatedCluster::keep_busy(double seconds) {
  if (!settings_.busy_rank0) return;
  free_at_ = std::max(now_, free_at_) + seconds;
  rank0_s_ += seconds;
}

void SimulatedCluster::perform() {
  for (std::size_t i = 0; i < decided_.size(); ++i) {
    scheduler::Action action = std::move(decided_[i]);
    std::visit(Overloaded{[&](scheduler::Assign& assign) {
                            const scheduler::Task* task = scheduler_.task(assign.task);
                            if (!task || task->state != TaskState::processing || task->run != assign.run)
                              return;
                            const double start = cpu_s();
                            protocol::RunTask message = scheduler_.run_message(assign.task);
                            took(seconds_since(start));
                            send(0, action.to, std::move(message));
                          },
                          [&](protocol::TaskDone& message) { on(message); },
                          [&](protocol::TaskFailed& message) { on(message); },
                          [&](protocol::TaskPending& message) { on(message); },
                          [&](auto& message) {
                            action.can_wait ? send_later(action.to, std::move(message))
                                            : send(0, action.to, std::move(message));
                          }},
               action.message);
  }
  decided_.clear();
}

void SimulatedCluster::retire(PeerId peer) {
  decide([&] { scheduler_.retire(now_, peer, decided_); });
}

void SimulatedCluster::restart() {
  decide([&] { scheduler_.restart(now_, decided_); });
}

void SimulatedCluster::give_up(const std::string& reason) {
  decide([&] { scheduler_.give_up(now_, reason, decided_); });
}

PeerId SimulatedCluster::join(std::uint32_t threads, std::vector<Resource> resources, std::string name) {
  const auto peer = static_cast<PeerId>(workers_.size());
  Worker& worker = workers_.emplace_back();
  worker.threads = threads;
  worker.state = std::make_unique<worker::State>(peer, threads, resources, settings_.memory);
  protocol::Hello hello;
  hello.name = name.empty() ? "worker " + std::to_string(peer) : std::move(name);
  hello.host = "host " + std::to_string(peer % 16);
  hello.threads = threads;
  hello.resources = std::move(resources);
  decide([&] { scheduler_.join(now_, peer, hello, decided_); });
  return peer;
}

void SimulatedCluster::kill(PeerId peer) {
  Worker& worker = workers_.at(peer);
  if (worker.silent || worker.noticed) return;
  worker.silent = true;
  worker.heard_until = now_ + random_s(settings_.latency_s + settings_.jitter_s);
  at(now_ + settings_.latency_s + random_s(settings_.notice_s),
     [this, peer, executing = worker.state->executing()] { lost_worker(peer, executing); });
}

void SimulatedCluster::mistake_for_dead(PeerId peer) {
  Worker& worker = workers_.at(peer);
  if (worker.silent || worker.noticed) return;
  lost_worker(peer, worker.state->executing());
  send(0, peer, protocol::Refused{"it was taken for dead"});
}

void SimulatedCluster::lost_worker(PeerId peer, const std::vector<TaskId>& executing) {
  if (workers_[peer].noticed) return;
  workers_[peer].noticed = true;
  decide([&] { scheduler_.lose(now_, peer, executing, "died", decided_); });
  departures_.add(peer);
  tell_departures();
  if (const auto next = departures_.next()) at(std::max(*next, now_), [this] { tell_departures(); });
  for (std::size_t number = 1; number < plans_.size(); ++number) {
    SimulatedFuture& future = plans_[number].future;
    if (!future.fetching || future.holder != peer) continue;
    decide([&] {
      scheduler_.handle(now_, 0, protocol::LocateTask{make_task_id(0, number), peer, future.run}, decided_);
    });
  }
}

void SimulatedCluster::tell_departures() {
  const std::vector<PeerId> listeners = alive();
  const std::vector<PeerId> gone = departures_.due(now_, listeners.size());
  if (gone.empty()) return;
  for (const PeerId other : listeners) send(0, other, protocol::PeersGone{gone});
}

std::vector<PeerId> SimulatedCluster::alive() const {
  std::vector<PeerId> peers;
  for (PeerId peer = 1; peer < workers_.size(); ++peer)
    if (!workers_[peer].silent && !workers_[peer].noticed) peers.push_back(peer);
  return peers;
}

// --- the network

double& SimulatedCluster::last_arrival(PeerId from, PeerId to) {
  if (to == 0) return workers_[from].last_to_scheduler;
  if (from == 0) return workers_[to].last_from_scheduler;
  return last_arrivals_[std::uint64_t{from} << 32 | to];
}

void SimulatedCluster::send(PeerId from, PeerId to, Letter letter, std::uint64_t bytes) {
  if (from == 0) send_late(to, true);
  rank0_messages_ += from == 0 || to == 0;
  if (from == 0) keep_busy(settings_.message_s);
  put_on_way(from, to, std::move(letter), bytes);
}

// With the next message to this worker; or when a busy rank 0 has nothing to do, else a moment later.
void SimulatedCluster::send_later(PeerId to, Letter letter) {
  constexpr std::size_t most_late = 50;
  Worker& worker = workers_[to];
  if (worker.late.empty()) {
    late_.push_back(to);
    if (!settings_.busy_rank0) at(now_ + random_s(settings_.jitter_s), [this, to] { send_late(to, false); });
    else if (!is_called_) call_rank0(std::max(now_, free_at_));
  }
  worker.late.push_back(std::move(letter));
  if (worker.late.size() == most_late) send_late(to, false);
}

void SimulatedCluster::send_late(PeerId to, bool carried) {
  std::vector<Letter>& late = workers_[to].late;
  for (Letter& letter : late) {
    keep_busy(carried ? settings_.carried_s : settings_.message_s);
    rank0_messages_ += !std::exchange(carried, true);
    put_on_way(0, to, std::move(letter), 0);
  }
  late.clear();
}

void SimulatedCluster::put_on_way(PeerId from, PeerId to, Letter letter, std::uint64_t bytes) {
  ++messages_;
  ++sent_[letter.index()];
  double& last = last_arrival(from, to);
  const double leaves = from == 0 ? std::max(now_, free_at_) : now_;
  last = std::max(last, leaves + settings_.latency_s + random_s(settings_.jitter_s) +
                            static_cast<double>(bytes) / settings_.bytes_per_s);
  schedule(last, Kind::delivery, deliveries_.add({from, to, std::move(letter)}));
}

std::vector<MessageCount> SimulatedCluster::kinds() const {
  std::vector<MessageCount> counts;
  [&]<std::size_t... kind>(std::index_sequence<kind...>) {
    (counts.push_back({name_of<std::variant_alternative_t<kind, Letter>>(), sent_[kind]}), ...);
  }
  (std::make_index_sequence<std::variant_size_v<Letter>>());
  std::erase_if(counts, [](const MessageCount& one) { return one.count == 0; });
  std::sort(counts.begin(), counts.end(),
            [](const MessageCount& a, const MessageCount& b) { return a.count > b.count; });
  return counts;
}

void SimulatedCluster::schedule(double time, Kind kind, std::uint32_t slot) {
  events_.push({time, number_++, kind, slot});
}

void SimulatedCluster::at(double when, std::function<void()> action) {
  schedule(when, Kind::call, calls_.add(std::move(action)));
}

bool SimulatedCluster::step() {
  if (events_.empty()) return false;
  const Event event = events_.top();
  events_.pop();
  now_ = event.time;
  switch (event.kind) {
    case Kind::delivery:
      if (!must_wait(event.slot)) deliver(deliveries_.take(event.slot));
      break;
    case Kind::execution:
      finish(executions_.take(event.slot));
      break;
    case Kind::call:
      calls_.take(event.slot)();
      break;
    case Kind::rank0:
      take_next();
      break;
  }
  return true;
}

// Rank 0 takes one message after the other, in the order in which they came.
bool SimulatedCluster::must_wait(std::uint32_t slot) {
  if (!settings_.busy_rank0 || deliveries_.items[slot].to != 0) return false;
  waiting_.push_back(slot);
  if (!is_called_) call_rank0(std::max(now_, free_at_));
  return true;
}

void SimulatedCluster::call_rank0(double when) {
  is_called_ = true;
  schedule(when, Kind::rank0, 0);
}

void SimulatedCluster::take_next() {
  if (free_at_ > now_) return call_rank0(free_at_);
  if (!waiting_.empty()) {
    keep_busy(settings_.message_s);
    const std::uint32_t slot = waiting_.front();
    waiting_.pop_front();
    deliver(deliveries_.take(slot));
  } else {
    for (const PeerId to : std::exchange(late_, {})) send_late(to, false);
  }
  is_called_ = false;
  if (!waiting_.empty() || !late_.empty()) call_rank0(std::max(now_, free_at_));
}

void SimulatedCluster::catch_up() {
  for (const double until = free_at_; !events_.empty() && events_.top().time <= until;) step();
}

void SimulatedCluster::deliver(Delivery delivery) {
  const auto [from, to] = std::pair(delivery.from, delivery.to);
  if (from && workers_[from].silent && now_ > workers_[from].heard_until) return;
  if (to && workers_[to].silent) return;
  if (trace)
    trace(now_, from, to, std::visit([](const auto& letter) { return text_of(letter); }, delivery.letter));
  if (to == 0) {
    if (!workers_[from].noticed) to_scheduler(from, delivery.letter);
    return;
  }
  Worker& worker = workers_[to];
  if (std::find(worker.forgotten.begin(), worker.forgotten.end(), from) != worker.forgotten.end()) return;
  to_worker(from, to, delivery.letter);
}

void SimulatedCluster::to_scheduler(PeerId from, Letter& letter) {
  std::visit(
      Overloaded{
          [&](Carrying<protocol::ResultData>& data) { on_value(data.message.id, data.value); },
          [&](protocol::ResultMissing& missing) {
            SimulatedFuture& future = plan(missing.id).future;
            if (future.fetching && future.holder == from && !missing.failure &&
                missing.request == protocol::ClientRequest::of(future.run))
              decide([&] {
                scheduler_.handle(now_, 0, protocol::LocateTask{missing.id, from, future.run}, decided_);
              });
          },
          [&](auto& message) {
            if constexpr (requires { scheduler_.handle(now_, from, std::move(message), decided_); })
              decide([&] { scheduler_.handle(now_, from, std::move(message), decided_); });
          }},
      letter);
}

void SimulatedCluster::to_worker(PeerId from, PeerId to, Letter& letter) {
  Worker& worker = workers_[to];
  worker::State& state = *worker.state;
  std::visit(Overloaded{[&](Carrying<protocol::ResultData>& data) {
                          state.arrived(from, data.message.id, data.message.request, std::move(data.value),
                                        data.message.bytes, done_);
                        },
                        [&](Carrying<protocol::PutResult>& data) {
                          state.put(data.message.id, std::move(data.value), data.message.bytes, done_);
                        },
                        [&](protocol::GetResult& message) {
                          state.asked(from, message.id, message.exists, message.request, done_);
                        },
                        [&](protocol::DropRequest& message) { state.unasked(from, message.id, done_); },
                        [&](protocol::ResultMissing& message) {
                          state.missing(from, message.id, message.request, message.failure != nullptr, done_);
                        },
                        [&](protocol::PeersGone& message) {
                          for (const PeerId peer : message.peers) {
                            worker.forgotten.push_back(peer);
                            state.peer_gone(peer, done_);
                          }
                        },
                        [&](protocol::Refused&) {
                          worker.silent = true;
                          worker.heard_until = now_;
                        },
                        [&](auto& message) {
                          if constexpr (requires { state.handle(std::move(message), done_); })
                            state.handle(std::move(message), done_);
                        }},
             letter);
  carry_out(to);
}

// --- the workers' side

void SimulatedCluster::send_all(PeerId peer, worker::Actions& actions) {
  for (worker::Action& action : actions)
    std::visit(Overloaded{[&](worker::SendValue& message) {
                            send_value(peer, action.to, message.id, message.request);
                          },
                          [&](auto& message) { send(peer, action.to, std::move(message)); }},
               action.message);
  actions.clear();
}

void SimulatedCluster::carry_out(PeerId peer) {
  send_all(peer, done_);
  start_spill(peer);
  start_tasks(peer);
  if (settings_.checked) workers_[peer].state->check();
}

void SimulatedCluster::send_value(PeerId from, PeerId to, TaskId id, std::uint32_t request) {
  const worker::Record* record = workers_[from].state->record(id);
  if (!record || record->data != worker::Record::Data::here)
    return send(from, to, protocol::ResultMissing{id, nullptr, request});
  if (!plan(id).broken)
    return send(from, to, Carrying<protocol::ResultData>{{id, record->bytes, request}, record->value},
                record->bytes);
  auto failure = std::make_shared<Failure>();
  failure->kind = ErrorKind::serialization;
  failure->message = "its result cannot be serialized";
  send(from, to, protocol::ResultMissing{id, failure, request});
  send(from, 0, protocol::ResultBroken{id, failure});
}

// Results leave memory one after the other, as on a real worker; a full disk is tried again a little later.
void SimulatedCluster::start_spill(PeerId peer) {
  Worker& worker = workers_[peer];
  worker::Spill spill;
  worker::Actions told;
  const bool found = !worker.writing && worker.state->next_spill(spill, told);
  send_all(peer, told);
  if (!found) return;
  worker.writing = true;
  ++spilled_;
  const bool full = random_s(1) < settings_.disk_failing;
  const double seconds =
      static_cast<double>(worker.state->record(spill.id)->bytes) / settings_.disk_bytes_per_s;
  at(now_ + seconds, [this, peer, full, spill = std::make_shared<worker::Spill>(std::move(spill))] {
    Worker& writer = workers_[peer];
    writer.writing = false;
    if (writer.silent) return;
    if (full) {
      writer.state->spill_failed(std::move(*spill), true, "full", done_);
      at(now_ + 1e-3, [this, peer] {
        workers_[peer].state->try_again(true, done_);
        if (!workers_[peer].silent) carry_out(peer);
      });
    } else {
      const std::uint64_t number = spill->value.as<std::uint64_t>();
      writer.state->spilled(std::move(*spill), task::Value::make(number), done_);
    }
    carry_out(peer);
  });
}

void SimulatedCluster::start_tasks(PeerId peer) {
  for (const bool out_of_band : {true, false})
    for (worker::Execution task; workers_[peer].state->take(task, out_of_band); task = {}) {
      const double duration = plan(task.id).duration_s;
      if (settings_.checked) {
        const std::vector<TaskId>& expected = inputs_.at(task_number(task.id));
        if (task.values.size() != expected.size())
          throw Error(ErrorKind::internal, "simulation: a task got another number of inputs than it has");
        for (std::size_t i = 0; i < task.values.size(); ++i) verify(expected[i], task.values[i], "an input");
      }
      if (children_.empty() || !children_.contains(task.id)) {
        schedule(now_ + duration, Kind::execution, executions_.add({peer, std::move(task)}));
        continue;
      }
      at(now_ + duration / 2, [this, waiting = std::make_shared<Execution>(Execution{
                                         peer, std::move(task)})] { wait_for_child(std::move(*waiting)); });
    }
}

void SimulatedCluster::wait_for_child(Execution execution) {
  if (workers_[execution.worker].silent) return;
  const TaskId child = submit(Task(*children_.at(execution.task.id)), {});
  set_waits(execution, true);
  go_on_after(child, std::move(execution), first_look_s);
}

// Looks now and then, ever less often.
void SimulatedCluster::go_on_after(TaskId child, Execution execution, double look_s) {
  const bool is_dead = workers_[execution.worker].silent;
  if (!is_dead && plan(child).future.status == Status::pending) {
    at(now_ + look_s,
       [this, child, look_s, waiting = std::make_shared<Execution>(std::move(execution))]() mutable {
         go_on_after(child, std::move(*waiting), std::min(2 * look_s, rare_look_s));
       });
    return;
  }
  release(child);
  if (is_dead) return;
  set_waits(execution, false);
  const double rest_s = plan(execution.task.id).duration_s / 2;
  schedule(now_ + rest_s, Kind::execution, executions_.add(std::move(execution)));
}

void SimulatedCluster::set_waits(const Execution& execution, bool waits) {
  worker::State& state = *workers_[execution.worker].state;
  const worker::Grant* const grant = execution.task.grant.get();
  waits ? state.secede(execution.task.id, execution.task.run, grant, done_)
        : state.rejoin(execution.task.id, execution.task.run, grant, done_);
  carry_out(execution.worker);
}

void SimulatedCluster::finish(Execution execution) {
  Worker& worker = workers_[execution.worker];
  if (worker.silent) return;
  ++executed_;
  Plan& planned = plan(execution.task.id);
  worker::Outcome outcome;
  outcome.id = execution.task.id;
  outcome.duration_s = static_cast<float>(planned.duration_s);
  if (planned.runs++ < planned.failures) {
    auto failure = std::make_shared<Failure>();
    failure->type = "std::runtime_error";
    failure->message = "planned failure";
    outcome.failure = std::move(failure);
  } else {
    std::uint64_t value = task_number(outcome.id);
    for (const task::Value& input : execution.task.values) value = mix(value, input.as<std::uint64_t>());
    const bool is_unique = settings_.checked || planned.bytes >= settings_.memory.smallest;
    outcome.value = is_unique ? task::Value::make(value) : any_value_;
    outcome.bytes = planned.bytes;
    outcome.has_small = execution.task.want_small && outcome.bytes <= small_result_bytes;
    if (outcome.has_small) outcome.small.append(&value, sizeof value);
  }
  worker.state->done(std::move(outcome), done_);
  carry_out(execution.worker);
}

void SimulatedCluster::verify(TaskId id, const task::Value& value, const char* where) const {
  if (value && value.as<std::uint64_t>() == plan(id).value) return;
  throw Error(ErrorKind::internal,
              "simulation: task " + std::to_string(task_number(id)) + " is wrong as " + where);
}

// --- the client

TaskId SimulatedCluster::submit(Task task, const std::vector<TaskId>& inputs) {
  return submit(std::move(task), inputs, nullptr);
}

std::vector<TaskId> SimulatedCluster::submit_gang(const Task& task, const std::vector<TaskId>& inputs,
                                                  std::uint32_t ranks) {
  std::vector<TaskId> members;
  protocol::GangPlace place{.size = ranks};
  for (; place.rank < ranks; ++place.rank) members.push_back(submit(task, inputs, &place));
  return members;
}

TaskId SimulatedCluster::submit(Task task, const std::vector<TaskId>& inputs, protocol::GangPlace* place) {
  const TaskId id = make_task_id(0, plans_.size());
  protocol::SubmitTask message;
  if (place) {
    if (place->rank == 0) place->leader = id;
    message.gang = std::make_shared<const protocol::GangPlace>(*place);
  }
  message.id = id;
  message.function = task.function;
  message.options = task.options;
  message.out_of_band = task.out_of_band;
  Plan& planned = plans_.emplace_back();
  planned.duration_s = task.duration_s;
  planned.bytes = task.bytes;
  planned.failures = task.failures;
  planned.broken = task.broken;
  if (task.child) children_[id] = std::move(task.child);
  planned.value = task_number(id);
  if (settings_.checked) {
    inputs_.resize(plans_.size());
    inputs_.back() = inputs;
  }
  planned.future.held = true;
  for (const TaskId input : inputs) {
    message.inputs.push_back(input);
    planned.value = mix(planned.value, plan(input).value);
  }
  decide([&] { scheduler_.handle(now_, 0, std::move(message), decided_); });
  return id;
}

TaskId SimulatedCluster::scatter(std::uint64_t bytes, const std::vector<PeerId>& targets) {
  const TaskId id = make_task_id(0, plans_.size());
  Plan& planned = plans_.emplace_back();
  planned.future.held = true;
  planned.bytes = bytes;
  planned.value = task_number(id);
  decide([&] { scheduler_.scatter(now_, id, targets, decided_); });
  for (const PeerId target : targets)
    send(0, target, Carrying<protocol::PutResult>{{id, bytes}, task::Value::make(task_number(id))}, bytes);
  return id;
}

void SimulatedCluster::release(TaskId id) {
  SimulatedFuture& future = plan(id).future;
  if (!std::exchange(future.held, false)) return;
  future.fetching = false;
  decide([&] { scheduler_.handle(now_, 0, protocol::ReleaseTask{id}, decided_); });
}

void SimulatedCluster::cancel(TaskId id) {
  SimulatedFuture& future = plan(id).future;
  if (!future.held || future.status == Status::error || future.status == Status::cancelled) return;
  future.status = Status::cancelled;
  future.has_value = future.fetching = false;
  decide([&] { scheduler_.handle(now_, 0, protocol::CancelFuture{id, ""}, decided_); });
}

void SimulatedCluster::retry(TaskId id) {
  SimulatedFuture& future = plan(id).future;
  if (!future.held || (future.status != Status::error && future.status != Status::cancelled)) return;
  future.status = Status::pending;
  ++future.retries;
  future.failure.reset();
  decide([&] { scheduler_.handle(now_, 0, protocol::RetryFuture{id}, decided_); });
}

void SimulatedCluster::fetch(TaskId id) {
  plan(id).future.asked = true;
  ask(id);
}

void SimulatedCluster::ask(TaskId id) {
  SimulatedFuture& future = plan(id).future;
  if (!future.held || !future.asked || future.has_value || future.fetching ||
      future.status != Status::finished)
    return;
  future.fetching = true;
  send(0, future.holder, protocol::GetResult{id, true, protocol::ClientRequest::of(future.run)});
}

void SimulatedCluster::on(const protocol::TaskDone& message) {
  SimulatedFuture& future = plan(message.id).future;
  if (!future.held || future.status == Status::cancelled || future.retries > 0) return;
  future.holder = message.holder;
  future.run = message.run;
  future.fetching = false;
  future.status = Status::finished;
  last_done_ = now_;
  if (message.has_small) future.has_value = true;
  ask(message.id);
}

void SimulatedCluster::on(const protocol::TaskFailed& message) {
  SimulatedFuture& future = plan(message.id).future;
  if (!future.held || future.status == Status::cancelled || future.retries > 0) return;
  future.fetching = false;
  future.failure = message.failure;
  if (!future.has_value) future.status = Status::error;
}

void SimulatedCluster::on(const protocol::TaskPending& message) {
  SimulatedFuture& future = plan(message.id).future;
  if (message.retried) --future.retries;
  if (!future.held || future.status == Status::cancelled || future.retries > 0 || future.has_value) return;
  future.fetching = false;
  future.status = Status::pending;
}

void SimulatedCluster::on_value(TaskId id, const task::Value& value) {
  SimulatedFuture& future = plan(id).future;
  if (!future.held || !future.fetching) return;
  if (settings_.checked) verify(id, value, "a result");
  future.fetching = false;
  future.has_value = true;
}

void SimulatedCluster::check() const {
  scheduler_.check();
  for (const PeerId peer : alive()) workers_[peer].state->check();
}

}  // namespace weir::detail::simulator
