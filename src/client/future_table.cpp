// Futures between the user's calls and the scheduler's messages.
#include "client/future_table.hpp"

#include "core/log.hpp"
#include "core/thrown.hpp"
#include "weir/bytes.hpp"
#include "weir/duration.hpp"

namespace weir::detail::client {

using Clock = std::chrono::steady_clock;

namespace {

// While a task waits, its slot is another task's.
struct Seceded {
  Seceded() : scope(TaskScope::current()) {
    if (scope) scope->secede();
  }
  ~Seceded() {
    if (scope) scope->rejoin();
  }
  bool help() const { return scope && scope->help(); }
  TaskScope* scope;
};

}  // namespace

void FutureTable::give_back() {
  if (!baton_.outermost() || due_.empty()) return baton_.unlock();
  std::vector<Callback> due;
  due.swap(due_);
  has_due_.store(false, std::memory_order_relaxed);
  baton_.unlock();
  for (auto& callback : due) {
    try {
      callback.call();
    } catch (...) {
      log::error("a callback of a future threw: {}", current_thrown().text());
    }
    callback.call = nullptr;
    if (!callback.awaited) continue;
    Hold hold(*this);
    --callbacks_pending_;
  }
}

FutureRef FutureTable::fresh() {
  if (!closed_.empty()) throw Error(ErrorKind::closed, "submit: " + closed_);
  auto* state = new FutureState;
  state->id = make_task_id(self(), ++next_);
  state->core = shared_from_this();
  *futures_.emplace(state->id).first = state;
  return FutureRef(state);
}

FutureState* FutureTable::find(TaskId id) {
  FutureState** found = futures_.find(id);
  return found ? *found : nullptr;
}

FutureRef FutureTable::submit(Request&& request) {
  constexpr std::size_t most = (std::size_t{1} << 30) - (1 << 20);  // what one message can carry
  if (request.arguments.size() > most)
    throw Error(ErrorKind::unsupported,
                "submit: the arguments of a task, without the contiguous arrays in them, must be smaller "
                "than 1 GiB (got " +
                    to_text(request.arguments.size()) + "); scatter the large ones first");
  if (request.options) check(*request.options);
  Hold hold(*this);
  FutureRef handle = fresh();
  handle->function = request.function;
  handle->options = request.options;
  protocol::SubmitTask message;
  message.id = handle->id;
  message.invoker = request.invoker;
  message.function = request.function;
  message.arguments = std::move(request.arguments);
  if (!request.beside.empty())
    message.beside.value = task::Value::make(task::Beside{std::move(request.beside)});
  message.inputs = std::move(request.inputs);
  message.options = std::move(request.options);
  message.out_of_band = request.out_of_band;
  if (const TaskScope* scope = TaskScope::current()) message.parent = scope->id;
  to_scheduler(std::move(message));
  submitted();
  return handle;
}

FutureRef FutureTable::scatter(task::Value value, const std::vector<PeerId>& workers) {
  Hold hold(*this);
  FutureRef handle = fresh();
  put(handle->id, std::move(value), workers);
  submitted();
  return handle;
}

void FutureTable::release(FutureState* state) noexcept {
  {
    Hold hold(*this);
    if (futures_.find(state->id)) {
      futures_.erase(state->id);
      if (closed_.empty()) to_scheduler(protocol::ReleaseTask{state->id});
    }
  }
  delete state;
}

void FutureTable::settle(FutureState& state, Status status) {
  state.status.store(status, std::memory_order_release);
  for (auto& callback : state.callbacks) due_.push_back(std::move(callback));
  state.callbacks.clear();
  has_due_.store(!due_.empty(), std::memory_order_relaxed);
}

void FutureTable::on(protocol::TaskDone&& message) {
  FutureState* state = find(message.id);
  if (!state || state->status == Status::cancelled) return;
  state->holder = message.holder;
  state->fetching = false;
  if (message.has_small && !state->has_value) {
    state->small = std::move(message.small);
    state->has_small = true;
    state->has_value.store(true, std::memory_order_release);
  }
  settle(*state, Status::finished);
}

void FutureTable::on(const protocol::TaskFailed& message) {
  FutureState* state = find(message.id);
  if (!state || state->status == Status::cancelled) return;
  state->failure = message.failure;
  state->fetching = false;
  if (!state->has_value)
    settle(*state, message.failure->kind == ErrorKind::cancelled ? Status::cancelled : Status::error);
}

void FutureTable::on(const protocol::TaskPending& message) {
  FutureState* state = find(message.id);
  if (!state || state->has_value || state->status == Status::cancelled) return;
  state->fetching = false;
  state->status.store(Status::pending, std::memory_order_release);
}

bool FutureTable::on_value(TaskId id, const task::Value& value) {
  FutureState* state = find(id);
  if (!state || !state->fetching) return false;
  state->fetching = false;
  state->value = value;
  state->has_value.store(true, std::memory_order_release);
  return true;
}

void FutureTable::on_missing(PeerId from, const protocol::ResultMissing& message) {
  FutureState* state = find(message.id);
  if (!state || !state->fetching || state->holder != from) return;
  if (!message.failure)
    to_scheduler(protocol::LocateTask{message.id, from});  // a broken result is reported by its holder
}

void FutureTable::on_peer_gone(PeerId peer) {
  if (peer >= gone_.size()) gone_.resize(peer + 1);
  gone_[peer] = true;
  std::vector<TaskId> asked;
  futures_.for_each([&](TaskId id, FutureState* state) {
    if (state->fetching && state->holder == peer) asked.push_back(id);
  });
  for (const TaskId id : asked) to_scheduler(protocol::LocateTask{id, peer});
}

void FutureTable::require_open(const char* who) {
  Hold hold(*this);
  if (!closed_.empty()) throw Error(ErrorKind::closed, std::string(who) + ": " + closed_);
}

void FutureTable::close(const std::string& reason) {
  closed_ = reason;
  futures_.for_each([&](TaskId id, FutureState* state) {
    if (state->has_value || state->status == Status::error || state->status == Status::cancelled) return;
    Failure failure;
    failure.kind = ErrorKind::closed;
    failure.task = id;
    failure.message = reason;
    state->failure = std::make_shared<Failure>(std::move(failure));
    settle(*state, Status::error);
  });
}

bool FutureTable::wait_until(const std::function<bool()>& ready, Deadline deadline) {
  if (ready()) return true;
  const Seceded seceded;
  auto last = Clock::now();
  while (!ready()) {
    if (seceded.help()) {
      last = Clock::now();
      if (deadline && last >= *deadline) return ready();
      continue;
    }
    const bool moved = drive();
    const auto now = Clock::now();
    if (moved) last = now;
    if (deadline && now >= *deadline) return ready();
    if (!moved && !ready()) {
      sleepers_.fetch_add(1, std::memory_order_relaxed);
      doze(now - last);
      sleepers_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  return true;
}

bool FutureTable::wait(FutureState& state, Deadline deadline) {
  return wait_until([&] { return state.status.load(std::memory_order_acquire) != Status::pending; },
                    deadline);
}

void FutureTable::fetch(FutureState& state, Deadline deadline) {
  const auto start = Clock::now();
  const auto settled = [&] {
    const Status status = state.status.load(std::memory_order_acquire);
    return state.has_value.load(std::memory_order_acquire) || status == Status::error ||
           status == Status::cancelled;
  };
  const auto ready = [&] {
    if (settled()) return true;
    if (state.status.load(std::memory_order_acquire) == Status::finished) prefetch({&state});
    return settled();
  };
  if (!wait_until(ready, deadline))
    throw_timeout("result", std::chrono::ceil<std::chrono::milliseconds>(*deadline - start), state);
  if (!state.has_value.load(std::memory_order_acquire)) throw_failure(state);
}

void FutureTable::prefetch(const std::vector<FutureState*>& states) {
  Hold hold(*this);
  for (FutureState* state : states) {
    if (state->has_value || state->fetching || state->status != Status::finished) continue;
    state->fetching = true;
    if (is_gone(state->holder))
      to_scheduler(protocol::LocateTask{state->id, state->holder});  // a copy may be elsewhere
    else ask_for(state->holder, state->id);
  }
  submitted();
}

void FutureTable::cancel(FutureState& state, const std::string& reason) {
  Hold hold(*this);
  if (state.status == Status::error || state.status == Status::cancelled) return;
  Failure failure;
  failure.kind = ErrorKind::cancelled;
  failure.task = state.id;
  failure.message = reason.empty() ? "the task was cancelled" : reason;
  state.failure = std::make_shared<Failure>(std::move(failure));
  state.has_value.store(false, std::memory_order_release);
  state.fetching = false;
  settle(state, Status::cancelled);
  if (closed_.empty()) to_scheduler(protocol::CancelFuture{state.id, reason});
  submitted();
}

void FutureTable::retry(FutureState& state) {
  Hold hold(*this);
  if (state.status != Status::error && state.status != Status::cancelled) return;
  if (!closed_.empty()) throw Error(ErrorKind::closed, "retry: " + closed_);
  state.status.store(Status::pending, std::memory_order_release);
  state.failure.reset();
  to_scheduler(protocol::RetryFuture{state.id});
  submitted();
}

void FutureTable::on_done(FutureState& state, std::function<void()> done, bool awaited) {
  Hold hold(*this);
  callbacks_pending_ += awaited;
  (state.status == Status::pending ? state.callbacks : due_).push_back({std::move(done), awaited});
  has_due_.store(!due_.empty(), std::memory_order_relaxed);
}

}  // namespace weir::detail::client
