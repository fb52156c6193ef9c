// Futures between the user's calls and the scheduler's messages.
#include "client/future_table.hpp"

#include <algorithm>

namespace weir::detail::client {

FutureRef FutureTable::make(PeerId self, std::shared_ptr<ClusterLink> link, const char* who) {
  require_open(who);
  auto* state = new FutureState;
  state->id = take_id(self);
  state->core = std::move(link);
  *futures_.emplace(state->id).first = state;
  return FutureRef(state);
}

void FutureTable::adopt(FutureState& state) {
  *futures_.emplace(state.id).first = &state;
  if (closed()) fail_closed(state);
}

void FutureTable::require_open(const char* who) const {
  if (!closed_.empty()) throw Error(ErrorKind::closed, std::string(who) + ": " + closed_);
}

FutureState* FutureTable::find(TaskId id) {
  FutureState** found = futures_.find(id);
  return found ? *found : nullptr;
}

bool FutureTable::erase(TaskId id) {
  if (!futures_.find(id)) return false;
  futures_.erase(id);
  retries_.erase(id);
  former_.erase(id);
  if (!runs_.empty()) runs_.erase(id);
  return true;
}

void FutureTable::settle(FutureState& state, Status status) {
  state.status.store(status, std::memory_order_release);
  for (auto& callback : state.callbacks) due_.push_back(std::move(callback));
  state.callbacks.clear();
  has_due_.store(!due_.empty(), std::memory_order_relaxed);
  ring(state.id);
}

void FutureTable::ring(TaskId id) {
  if (awaiting_.empty()) return;
  for (auto [at, end] = awaiting_.equal_range(id); at != end; ++at) at->second->ring();
}

void FutureTable::await_no_more(TaskId id, comm::Bell& bell) {
  auto [at, end] = awaiting_.equal_range(id);
  at = std::find_if(at, end, [&](const auto& one) { return one.second == &bell; });
  if (at != end) awaiting_.erase(at);
}

std::uint16_t FutureTable::run_of(TaskId id) const {
  const auto found = runs_.find(id);
  return found == runs_.end() ? 1 : found->second;
}

// What the scheduler said before it heard that the task was cancelled, or retried.
bool FutureTable::is_late(const FutureState& state) const {
  return state.status == Status::cancelled || (!retries_.empty() && retries_.count(state.id) > 0);
}

void FutureTable::on(protocol::TaskDone&& message) {
  FutureState* state = find(message.id);
  if (!state || closed() || is_late(*state)) return;
  state->holder = message.holder;
  if (message.run != 1) runs_[message.id] = message.run;
  else if (!runs_.empty()) runs_.erase(message.id);
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
  if (!state || closed() || is_late(*state)) return;
  state->failure = message.failure;
  state->fetching = false;
  if (!state->has_value)
    settle(*state, message.failure->kind == ErrorKind::cancelled ? Status::cancelled : Status::error);
}

void FutureTable::on(const protocol::TaskPending& message) {
  FutureState* state = find(message.id);
  if (const auto asked = retries_.find(message.id); message.retried && asked != retries_.end())
    if (--asked->second == 0) retries_.erase(asked);
  if (!state || state->has_value || is_late(*state)) return;
  state->fetching = false;
  state->status.store(Status::pending, std::memory_order_release);
}

bool FutureTable::on_value(TaskId id, const task::Value& value) {
  FutureState* state = find(id);
  if (!state || !state->fetching) return false;
  state->fetching = false;
  state->value = value;
  state->has_value.store(true, std::memory_order_release);
  ring(id);
  return true;
}

std::optional<protocol::LocateTask> FutureTable::on_missing(PeerId from,
                                                            const protocol::ResultMissing& message) {
  const FutureState* state = find(message.id);
  const bool is_answer = state && state->fetching && state->holder == from &&
                         message.request == protocol::ClientRequest::of(run_of(message.id));
  if (!is_answer || message.failure) return {};  // a broken result is reported by its holder
  return protocol::LocateTask{message.id, from, run_of(message.id)};
}

std::vector<protocol::LocateTask> FutureTable::on_peer_gone(PeerId peer) {
  if (peer >= gone_.size()) gone_.resize(peer + 1);
  gone_[peer] = true;
  std::vector<protocol::LocateTask> asked;
  futures_.for_each([&](TaskId id, FutureState* state) {
    if (state->fetching && state->holder == peer) asked.push_back({id, peer, run_of(id)});
  });
  return asked;
}

void FutureTable::close(const std::string& reason) {
  closed_ = reason;
  futures_.for_each([&](TaskId, FutureState* state) { fail_closed(*state); });
}

void FutureTable::fail_closed(FutureState& state) {
  if (state.has_value || state.status == Status::error || state.status == Status::cancelled) return;
  Failure failure;
  failure.kind = ErrorKind::closed;
  failure.task = state.id;
  failure.message = closed_;
  state.failure = std::make_shared<Failure>(std::move(failure));
  settle(state, Status::error);
}

bool FutureTable::cancel(FutureState& state, const std::string& reason) {
  if (state.status == Status::error || state.status == Status::cancelled) return false;
  Failure failure;
  failure.kind = ErrorKind::cancelled;
  failure.task = state.id;
  failure.message = reason.empty() ? "the task was cancelled" : reason;
  state.failure = std::make_shared<Failure>(std::move(failure));
  state.has_value.store(false, std::memory_order_release);
  state.fetching = false;
  settle(state, Status::cancelled);
  return true;
}

bool FutureTable::retry(FutureState& state) {
  if (state.status != Status::error && state.status != Status::cancelled) return false;
  require_open("retry");
  ++retries_[state.id];
  state.status.store(Status::pending, std::memory_order_release);
  state.failure.reset();
  // The next result is another one; who has a reference to this one keeps it.
  if (state.value) former_[state.id].push_back(std::exchange(state.value, {}));
  state.has_small = false;
  return true;
}

void FutureTable::on_done(FutureState& state, std::function<void()> done, bool awaited) {
  callbacks_pending_ += awaited;
  (state.status == Status::pending ? state.callbacks : due_).push_back({std::move(done), awaited});
  has_due_.store(!due_.empty(), std::memory_order_relaxed);
}

std::vector<Callback> FutureTable::take_due() {
  has_due_.store(false, std::memory_order_relaxed);
  return std::exchange(due_, {});
}

}  // namespace weir::detail::client
