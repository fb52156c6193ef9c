// What clients ask of a node: futures are made, waited for and fetched.
#include <exception>

#include "core/log.hpp"
#include "core/thrown.hpp"
#include "node/node.hpp"
#include "weir/bytes.hpp"
#include "weir/duration.hpp"

namespace weir::detail::node {

using client::Callback;
using client::Deadline;
using client::FutureRef;
using client::FutureState;
using client::Request;
using client::throw_failure;
using client::throw_timeout;

namespace {

// While a task waits, its slot is another task's.
struct Seceded {
  Seceded() : scope(TaskScope::current()) {
    if (scope) scope->thread->secede();
  }
  ~Seceded() {
    if (scope) scope->thread->rejoin();
  }
  bool help(TaskId awaited, const std::function<void()>& begins) const {
    return scope && scope->thread->help(awaited, begins);
  }
  TaskScope* scope;
};

}  // namespace

struct Node::Waiting {
  static constexpr std::chrono::milliseconds between_looks{20};
  Waiting(Node& of, const std::function<bool()>& ready) : node(TaskScope::current() ? nullptr : &of) {
    if (node) node->before_waiting(ready);
  }
  Waiting(const Waiting&) = delete;
  ~Waiting() {
    if (node) node->after_waiting();
  }
  void look(Clock::time_point now) {
    if (!node || now - looked < between_looks) return;
    looked = now;
    node->look_for_stuck();
  }
  Node* const node;
  Clock::time_point looked = Clock::now();
};

/// Every message wakes all who rest: of those who are told when they have waited enough all but a few sleep
/// until then. As long as there are some, two watch, and run or start threads for what becomes ready; who has
/// no time for that any more hands it on.
class Node::Watch {
 public:
  /// `told` is rung when it is ready; null: when the future of `awaited` is settled, if it is not 0.
  Watch(Node& node, TaskId awaited, comm::Bell* told)
      : node_(node),
        awaited_(told ? 0 : awaited),
        bell_(told ? *told : own_),
        most_awake_(told ? least_awake : most_polling()),
        is_told_(told || awaited),
        task_(TaskScope::current()) {}
  Watch(const Watch&) = delete;
  ~Watch() {
    leave();
    if (!is_registered_) return;
    const std::lock_guard hold(node_.baton_);
    node_.futures_.await_no_more(awaited_, bell_);
    node_.leave_callbacks();
  }
  /// This thread does something else for a while.
  void leave() {
    if (!group_) return;
    const std::lock_guard hold(node_.watch_mutex_);
    if (is_awake_) --group_->awake;
    else std::erase(group_->asleep, this);
    call_followers();
    group_ = nullptr;
  }
  /// Whether this thread must watch; if not, `sleep` is called. `will_rest`: it polls no more without pause.
  [[nodiscard]] bool stays_awake(bool will_rest) {
    if (!is_told_) return true;
    if (group_ && (!is_awake_ || !will_rest)) return is_awake_;
    const std::lock_guard hold(node_.watch_mutex_);
    if (!group_) {
      group_ = &node_.watches_[task_ && task_->thread ? task_->thread->worker() : 0];
      is_awake_ = group_->awake < (will_rest ? least_awake : most_awake_);
      if (is_awake_) ++group_->awake;
    } else if (group_->awake > least_awake) {
      is_awake_ = false;
      --group_->awake;
    }
    if (!is_awake_) group_->asleep.push_back(this);
    return is_awake_;
  }
  /// Until it is ready, must watch, or has slept for long.
  void sleep(const std::function<bool()>& ready, Deadline deadline) {
    constexpr std::chrono::nanoseconds longest = std::chrono::seconds(1);
    register_bell();
    const std::uint32_t since = bell_.lie_down();
    if (!ready() && !is_awake_) {
      std::chrono::nanoseconds most = longest;
      if (deadline) most = std::clamp<std::chrono::nanoseconds>(*deadline - Clock::now(), {}, most);
      bell_.sleep(since, most);
    }
    bell_.get_up();
  }
  void ring() { bell_.ring(); }
  [[nodiscard]] bool is_of(TaskId id) const { return task_ && task_->id == id; }

 private:
  static constexpr std::size_t least_awake = 2;
  // They do not sleep yet, and see what has come sooner than they could be woken.
  static std::size_t most_polling() {
    static const std::size_t cores = std::clamp(std::thread::hardware_concurrency(), 4U, 16U);
    return cores;
  }
  void call_followers() {
    for (; group_->awake < least_awake && !group_->asleep.empty(); ++group_->awake) {
      Watch* const next = group_->asleep.front();
      group_->asleep.pop_front();
      next->is_awake_ = true;
      next->ring();
    }
  }
  void register_bell() {
    if (!awaited_ || std::exchange(is_registered_, true)) return;
    const std::lock_guard hold(node_.baton_);
    node_.futures_.await(awaited_, bell_);
    node_.leave_callbacks();
  }

  Node& node_;
  const TaskId awaited_;
  comm::Bell own_;
  comm::Bell& bell_;
  const std::size_t most_awake_;
  const bool is_told_;
  const TaskScope* const task_;
  WatchGroup* group_ = nullptr;  // null: it is in none
  std::atomic<bool> is_awake_{false};
  bool is_registered_ = false;
};

void Node::call_waiting(TaskId id) {
  const std::lock_guard hold(watch_mutex_);
  for (auto& [of, group] : watches_)
    for (Watch* const watch : group.asleep)
      if (watch->is_of(id)) watch->ring();
}

void Node::close_asks() {
  asks_closed_ = true;
  const std::lock_guard hold(watch_mutex_);
  for (auto& [of, group] : watches_)
    for (Watch* const watch : group.asleep) watch->ring();
}

// The callbacks of futures that are done now are called by whoever gives the baton back.
void Node::give_back() {
  if (!baton_.outermost() || !futures_.callbacks_due()) return baton_.unlock();
  std::vector<Callback> due = futures_.take_due();
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
    futures_.called();
    if (futures_.callbacks_pending() == 0) to_scheduler(protocol::AwaitsDone{false});
  }
  wake();  // a condition may hold now that somebody waits for
}

namespace {

void check_request(const Request& request) {
  constexpr std::size_t most = (std::size_t{1} << 30) - (1 << 20);  // what one message can carry
  if (request.arguments.size() > most)
    throw Error(ErrorKind::unsupported,
                "submit: the arguments of a task, without the contiguous arrays in them, must be smaller "
                "than 1 GiB (got " +
                    to_text(request.arguments.size()) + "); scatter the large ones first");
  if (request.options) check(*request.options);
}

}  // namespace

FutureRef Node::submit(Request&& request) {
  check_request(request);
  Hold hold(*this);
  FutureRef handle = send(std::move(request), nullptr);
  submitted();
  return handle;
}

std::vector<FutureRef> Node::submit_gang(std::vector<Request>&& ranks, const client::GangShape& shape) {
  for (const Request& request : ranks) check_request(request);
  Hold hold(*this);
  std::vector<FutureRef> handles;
  protocol::GangPlace place{.size = static_cast<std::uint32_t>(ranks.size()),
                            .per_node = static_cast<std::uint32_t>(shape.per_node),
                            .separate = shape.separate};
  for (Request& request : ranks) {
    handles.push_back(send(std::move(request), &place));
    if (place.rank++ == 0) place.leader = handles.front()->id;
  }
  submitted();
  return handles;
}

// The leader's place is its own.
FutureRef Node::send(Request&& request, const protocol::GangPlace* place) {
  FutureRef handle = futures_.make(self(), shared_from_this(), "submit");
  handle->function = request.function;
  handle->options = request.options;
  protocol::SubmitTask message;
  message.id = handle->id;
  message.invoker = request.invoker;
  message.function = request.function;
  message.arguments = std::move(request.arguments);
  message.beside.value = request.take_beside();
  message.inputs = std::move(request.inputs);
  message.options = std::move(request.options);
  message.out_of_band = request.out_of_band;
  message.part = request.part;
  message.follows = request.follows;
  const TaskScope* const scope = TaskScope::current();
  message.parent = scope ? scope->id : on_behalf();
  if (place) {
    auto gang = std::make_shared<protocol::GangPlace>(*place);
    if (gang->rank == 0) gang->leader = message.id;
    message.gang = std::move(gang);
  }
  to_scheduler(std::move(message));
  return handle;
}

FutureRef Node::scatter(task::Value value, const std::vector<PeerId>& workers) {
  Hold hold(*this);
  FutureRef handle = futures_.make(self(), shared_from_this(), "scatter");
  put(handle->id, std::move(value), workers);
  submitted();
  return handle;
}

void Node::release(FutureState* state) noexcept {
  {
    Hold hold(*this);
    if (futures_.erase(state->id) && !futures_.closed()) to_scheduler(protocol::ReleaseTask{state->id});
  }
  delete state;
}

bool Node::wait_until(const std::function<bool()>& ready, Deadline deadline) {
  return deadline ? wait_for(0, ready, deadline) : wait_within_limit(0, ready, deadline);
}

// A task ends with its time limit, also while it waits; what is unwinding waits for what it must.
bool Node::wait_within_limit(TaskId awaited, const std::function<bool()>& ready, Deadline deadline) {
  const TaskScope* const task = TaskScope::current();
  const bool is_limited =
      task && task->deadline && (!deadline || *task->deadline < *deadline) && std::uncaught_exceptions() == 0;
  if (!is_limited) return wait_for(awaited, ready, deadline);
  if (wait_for(awaited, ready, task->deadline)) return true;
  throw Error(ErrorKind::timeout, "it still waited for another task");
}

bool Node::wait_for(TaskId awaited, const std::function<bool()>& ready, Deadline deadline, comm::Bell* told) {
  if (ready()) return true;
  Waiting waiting(*this, ready);
  const Seceded seceded;
  const client::Undisturbed undisturbed(deadline.has_value());  // what runs on top cannot be left
  Rest rest(*this);
  Watch watch(*this, awaited, told);
  const std::function<void()> begins = [&] {
    rest.get_up();
    watch.leave();
  };
  // Who has time for it runs what it waits for: waking another thread takes longer than most tasks. One look:
  // what was just submitted is there.
  bool may_run = awaited && !deadline && !TaskScope::current();
  auto last = Clock::now();
  std::chrono::nanoseconds idle{0};
  while (!ready()) {
    bool has_passed = seceded.help(awaited, begins) || (std::exchange(may_run, false) && run_here(awaited));
    if (!has_passed && !watch.stays_awake(rest.is_down() || idle >= patience_.spin)) {
      rest.get_up();
      watch.sleep(ready, deadline);
      has_passed = true;
    }
    if (has_passed) {
      waiting.look(last = Clock::now());
      if (deadline && last >= *deadline) return ready();
      continue;
    }
    const bool moved = drive();
    const auto now = Clock::now();
    if (moved) rest.get_up(), last = now;
    if (deadline && now >= *deadline) return ready();
    waiting.look(now);
    idle = now - last;
    if (!moved && !ready()) deadline ? rest(idle, *deadline - now) : rest(idle);
  }
  return true;
}

void Node::close_futures(const std::string& reason) {
  end();
  futures_.close(reason);
}

bool Node::wait(FutureState& state, Deadline deadline) {
  return wait_within_limit(
      state.id, [&] { return state.status.load(std::memory_order_acquire) != Status::pending; }, deadline);
}

void Node::fetch(FutureState& state, Deadline deadline) {
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
  if (!wait_within_limit(state.id, ready, deadline))
    throw_timeout("result", std::chrono::ceil<std::chrono::milliseconds>(*deadline - start), state);
  if (!state.has_value.load(std::memory_order_acquire)) throw_failure(state);
}

void Node::prefetch(const std::vector<FutureState*>& states) {
  Hold hold(*this);
  for (FutureState* state : states) {
    if (state->has_value || state->fetching || state->status != Status::finished) continue;
    state->fetching = true;
    const std::uint16_t run = futures_.run_of(state->id);
    if (futures_.is_gone(state->holder)) {
      to_scheduler(protocol::LocateTask{state->id, state->holder, run});  // a copy may be elsewhere
    } else if (const task::Value here = result_here(state->holder, state->id)) {
      futures_.on_value(state->id, here);
      wake();  // those who wait for it too
    } else {
      ask_for(state->holder, state->id, run);
    }
  }
  submitted();
}

void Node::cancel(FutureState& state, const std::string& reason) {
  Hold hold(*this);
  if (!futures_.cancel(state, reason)) return;
  call_waiting(state.id);
  if (!futures_.closed()) to_scheduler(protocol::CancelFuture{state.id, reason});
  submitted();
}

void Node::retry(FutureState& state) {
  Hold hold(*this);
  if (state.kept && state.status == Status::cancelled) hand_out(state);  // to be run, it must be a task
  if (!futures_.retry(state)) return;
  to_scheduler(protocol::RetryFuture{state.id});
  submitted();
}

void Node::on_done(FutureState& state, std::function<void()> done, bool awaited) {
  Hold hold(*this);
  const bool is_first = awaited && futures_.callbacks_pending() == 0;
  futures_.on_done(state, std::move(done), awaited);
  if (is_first) to_scheduler(protocol::AwaitsDone{true});
}

void Node::on_missing(PeerId from, const protocol::ResultMissing& message) {
  if (const auto question = futures_.on_missing(from, message)) to_scheduler(*question);
}

void Node::on_peer_gone(PeerId peer) {
  for (const protocol::LocateTask& question : futures_.on_peer_gone(peer)) to_scheduler(question);
}

}  // namespace weir::detail::node
