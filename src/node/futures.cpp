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
  bool help(TaskId awaited) const { return scope && scope->thread->help(awaited); }
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
/// until then. As long as there are some, at least one watches, and starts threads for what becomes ready.
class Node::Watch {
 public:
  Watch(Node& node, comm::Bell* told) : node_(node), told_(told), task_(TaskScope::current()) {}
  Watch(const Watch&) = delete;
  ~Watch() {
    if (!has_place_) return;
    const std::lock_guard hold(node_.watch_mutex_);
    if (is_watching_) --node_.watching_;
    else std::erase(node_.told_, this);
    if (node_.watching_ < most_watching && !node_.told_.empty()) node_.told_.front()->ring();
  }
  /// Sleeps for a while, unless this thread must watch.
  bool slept(const std::function<bool()>& ready, Deadline deadline) {
    constexpr std::chrono::nanoseconds longest = std::chrono::seconds(1);
    if (!told_ || is_watching_ || watches()) return false;
    const std::uint32_t since = told_->lie_down();
    if (!ready() && !watches()) {
      std::chrono::nanoseconds most = task_ ? longest : Waiting::between_looks;
      if (deadline) most = std::clamp<std::chrono::nanoseconds>(*deadline - Clock::now(), {}, most);
      told_->sleep(since, most);
    }
    told_->get_up();
    return true;
  }
  void ring() { told_->ring(); }
  [[nodiscard]] bool is_of(TaskId id) const { return task_ && task_->id == id; }

 private:
  static constexpr std::size_t most_watching = 2;
  // Whether this thread does from now on, if it did not.
  bool watches() {
    const std::lock_guard hold(node_.watch_mutex_);
    const bool is_new = !std::exchange(has_place_, true);
    if (node_.watching_ < most_watching) {
      ++node_.watching_;
      is_watching_ = true;
      if (!is_new) std::erase(node_.told_, this);
    } else if (is_new) {
      node_.told_.push_back(this);
    }
    return is_watching_;
  }

  Node& node_;
  comm::Bell* const told_;
  const TaskScope* const task_;
  bool has_place_ = false, is_watching_ = false;
};

void Node::call_waiting(TaskId id) {
  const std::lock_guard hold(watch_mutex_);
  for (Watch* const watch : told_)
    if (watch->is_of(id)) watch->ring();
}

void Node::close_asks() {
  asks_closed_ = true;
  const std::lock_guard hold(watch_mutex_);
  for (Watch* const watch : told_) watch->ring();
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
  Watch watch(*this, told);
  // Who has time for it runs what it waits for: waking another thread takes longer than most tasks. One look:
  // what was just submitted is there.
  bool may_run = awaited && !deadline && !TaskScope::current();
  auto last = Clock::now();
  while (!ready()) {
    if (seceded.help(awaited) || (std::exchange(may_run, false) && run_here(awaited)) ||
        watch.slept(ready, deadline)) {
      waiting.look(last = Clock::now());
      if (deadline && last >= *deadline) return ready();
      continue;
    }
    const bool moved = drive();
    const auto now = Clock::now();
    if (moved) rest.get_up(), last = now;
    if (deadline && now >= *deadline) return ready();
    waiting.look(now);
    if (!moved && !ready()) deadline ? rest(now - last, *deadline - now) : rest(now - last);
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
