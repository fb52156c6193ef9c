// Children: tasks that tasks of this process have submitted. Whoever waits for one runs it as a call; the
// scheduler hears of it only if somebody else is to run it or needs its result.
#include <algorithm>
#include <cstring>

#include "node/scheduler.hpp"
#include "node/worker.hpp"

namespace weir::detail::node {

namespace {

constexpr std::size_t most_held = 64;         // more are there for all threads to take
constexpr std::size_t most_arguments = 1024;  // bytes that are kept with the future
constexpr std::uint64_t most_result = 64
                                      << 10;  // larger ones are the worker's, which knows where to put them

}  // namespace

// As long as this process has the only worker, and no other one can come.
bool SchedulerNode::may_hold(const protocol::SubmitTask& message) const {
  return message.parent && message.inputs.empty() && !message.options && !message.out_of_band &&
         !message.gang && !message.beside.value && message.arguments.size() <= most_arguments && !keeper_ &&
         here_.size() == 1 && doors_ == 0 && state_.worker_count() == 1;
}

void SchedulerNode::to_scheduler(protocol::SubmitTask&& message) {
  for (const TaskId input : message.inputs) know(input);
  if (!may_hold(message)) return decide(0, std::move(message));
  if (held_.size() == most_held) let_all_go();
  held_.push_back(std::move(message));
  held_count_ = held_.size();
  if (hungry_ > 0) let_go(held_.begin());
}

void SchedulerNode::let_go(std::vector<protocol::SubmitTask>::iterator child) {
  protocol::SubmitTask message = std::move(*child);
  held_.erase(child);
  held_count_.store(held_.size(), std::memory_order_relaxed);
  decide(0, std::move(message));
}

void SchedulerNode::let_all_go() {
  while (!held_.empty()) let_go(held_.begin());
  submitted();
}

void SchedulerNode::before_waiting() {
  if (held_count_.load(std::memory_order_relaxed) == 0) return;
  const Hold hold(*this);
  let_all_go();
}

void SchedulerNode::feed() {
  if (held_count_ == 0 || !baton_.try_lock()) return;
  if (!held_.empty()) let_go(held_.begin());
  flush();
  baton_.unlock();  // callbacks are not for a thread that looks for work
}

void SchedulerNode::end_parent(TaskId parent) {
  if (held_count_.load(std::memory_order_relaxed) == 0) return;
  const Hold hold(*this);
  for (std::size_t i = 0; i < held_.size();)
    if (held_[i].parent == parent) let_go(held_.begin() + static_cast<std::ptrdiff_t>(i));
    else ++i;
  submitted();
}

std::optional<protocol::SubmitTask> SchedulerNode::take_child(TaskId id) {
  if (held_count_.load(std::memory_order_relaxed) == 0) return std::nullopt;
  const Hold hold(*this);
  const auto at = std::find_if(held_.rbegin(), held_.rend(), [&](const auto& held) { return held.id == id; });
  if (at == held_.rend() || futures_.closed()) return std::nullopt;
  std::optional<protocol::SubmitTask> child(std::move(*at));
  held_.erase(std::next(at).base());
  held_count_.store(held_.size(), std::memory_order_relaxed);
  running_children_.push_back({id});
  running_count_.store(running_children_.size(), std::memory_order_relaxed);
  return child;
}

SchedulerNode::Child* SchedulerNode::running_child(TaskId id) {
  const auto at = std::find_if(running_children_.rbegin(), running_children_.rend(),
                               [&](const Child& child) { return child.id == id; });
  return at == running_children_.rend() ? nullptr : &*at;
}

void SchedulerNode::end_child(protocol::SubmitTask&& child, worker::Outcome&& outcome, PeerId worker) {
  const Hold hold(*this);
  Child* const running = running_child(child.id);
  const bool again = running->again;
  *running = running_children_.back();
  running_children_.pop_back();
  running_count_.store(running_children_.size(), std::memory_order_relaxed);
  client::FutureState* const state = futures_.find(child.id);
  if (!state || futures_.closed()) return;
  if (again) {
    decide(0, std::move(child));
    submitted();
  } else if (outcome.failure && state->status != Status::cancelled) {
    state_.submit_failed(now_s_, std::move(child), worker, *outcome.failure, actions_);
    perform();
  } else {
    if (!outcome.failure) state_.count_aside(child.function, worker, outcome.duration_s);
    Buffer call;
    call.append(&child.invoker, sizeof child.invoker);
    call.append(child.arguments.data(), child.arguments.size());
    futures_.finish_here(child.id, std::move(outcome.value), std::move(call));
    if (outcome.bytes > most_result) know(child.id);
  }
  wake();
}

// The task of a future that only this process knows, as it was submitted.
protocol::SubmitTask SchedulerNode::child_of(client::FutureState& state) const {
  const Buffer call = client::FutureTable::hand_over(state);
  protocol::SubmitTask message;
  message.id = state.id;
  message.function = state.function;
  std::memcpy(&message.invoker, call.data(), sizeof message.invoker);
  message.arguments.append(call.data() + sizeof message.invoker, call.size() - sizeof message.invoker);
  return message;
}

// The scheduler must know this task, since another one needs its result.
void SchedulerNode::know(TaskId input) {
  if (held_count_.load(std::memory_order_relaxed) > 0) {
    const auto at =
        std::find_if(held_.begin(), held_.end(), [&](const auto& held) { return held.id == input; });
    if (at != held_.end()) return let_go(at);
  }
  client::FutureState* const state = futures_.find(input);
  if (!state || !client::FutureTable::is_only_here(*state) || state->status != Status::finished) return;
  (void)client::FutureTable::hand_over(*state);
  put(input, state->value, {});
}

// A result that its parent is just computing can be given to another task when it is there.
client::FutureRef SchedulerNode::submit(client::Request&& request) {
  if (running_count_.load(std::memory_order_relaxed) > 0)
    for (const TaskId input : request.inputs)
      wait_until(
          [&] {
            const Hold hold(*this);
            return !running_child(input);
          },
          std::nullopt);
  return Node::submit(std::move(request));
}

void SchedulerNode::to_scheduler(const protocol::ReleaseTask& message) {
  if (held_count_.load(std::memory_order_relaxed) > 0) {
    const auto at =
        std::find_if(held_.begin(), held_.end(), [&](const auto& held) { return held.id == message.id; });
    if (at != held_.end()) {
      held_.erase(at);
      return held_count_.store(held_.size(), std::memory_order_relaxed);
    }
  }
  if (running_count_.load(std::memory_order_relaxed) > 0 && running_child(message.id)) {
    if (const auto worker = here_.front().lock()) worker->tell_unwanted(message.id);
    return;
  }
  decide(0, message);
}

void SchedulerNode::to_scheduler(const protocol::CancelFuture& message) {
  know(message.id);
  if (Child* const child = running_child(message.id)) {
    child->again = false;
    if (const auto worker = here_.front().lock()) worker->tell_unwanted(message.id);
    return;
  }
  decide(0, message);
}

void SchedulerNode::to_scheduler(const protocol::RetryFuture& message) {
  if (Child* const child = running_child(message.id)) {
    child->again = true;
    return;
  }
  client::FutureState* const state = futures_.find(message.id);
  if (state && client::FutureTable::is_only_here(*state)) return decide(0, child_of(*state));
  decide(0, message);
}

}  // namespace weir::detail::node
