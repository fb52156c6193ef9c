// Finished and InFlight: what an asynchronous sink has begun and not ended.
#include "weir/stream/sink_async.hpp"

namespace weir::detail::stream {

struct Finished::State {
  Done done;
  std::atomic<bool> called{false};
  explicit State(Done d) : done(std::move(d)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!called)
      done(std::make_exception_ptr(
          Error(ErrorKind::internal, "sink_async: the function lost `finished` without calling it")));
  }
};

Finished::Finished(Done done) : state_(std::make_shared<State>(std::move(done))) {}

void Finished::operator()(std::exception_ptr error) const {
  if (!state_->called.exchange(true)) std::exchange(state_->done, nullptr)(std::move(error));
}

void InFlight::begin() {
  const std::lock_guard lock(mutex_);
  gate_.set(count_.fetch_add(1) + 1 >= limit_);
}

void InFlight::end(const std::exception_ptr& error) noexcept {
  const std::lock_guard lock(mutex_);
  if (!node_) return;
  if (error) {
    node_->errors.add();
    node_->graph().report(error);
  }
  const std::size_t left = count_.fetch_sub(1) - 1;
  gate_.set(left >= limit_);
  if (left == 0) node_->graph().changed();
}

void InFlight::let_go(TicketRef& ticket) noexcept {
  if (!ticket) return;
  const std::unique_lock lock(alive_mutex_, std::try_to_lock);  // this thread may be in a domain
  if (!lock || !alive_) return ticket.reset();
  Frame frame(*node_, Frame::beside);
  ticket.reset();
  frame.finish_late();
}

void InFlight::while_alive(const std::function<void()>& act) {
  const std::lock_guard lock(alive_mutex_);
  if (alive_) act();
}

bool InFlight::is_in(const Graph& graph) {
  const std::lock_guard lock(mutex_);
  return node_ && &node_->graph() == &graph;
}

void InFlight::shut() noexcept {
  {
    const std::lock_guard lock(alive_mutex_);
    alive_ = false;
  }
  const std::lock_guard lock(mutex_);
  node_ = nullptr;
}

}  // namespace weir::detail::stream
