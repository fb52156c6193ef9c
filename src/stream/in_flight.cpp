// Finished and InFlight: what an asynchronous sink has begun and not ended.
#include "stream/graph/standstill.hpp"
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
  if (left == 0) node_->graph().finished();
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

void InFlight::shut() noexcept {
  {
    const std::lock_guard lock(alive_mutex_);
    alive_ = false;
  }
  std::unique_lock lock(mutex_);
  if (node_) Waiter::forget(*node_);
  node_ = nullptr;
  left_.wait(lock, [this] { return inside_ == 0; });
}

namespace {

/// What waits, and that what it waits for stays.
struct CoroutineWait {
  std::shared_ptr<Graph> graph;
  NodeRef full;
  Waiter waiter;
};

}  // namespace

std::shared_ptr<void> InFlight::note(std::shared_ptr<Graph> graph, NodeRef full, bool for_all) {
  const std::lock_guard lock(mutex_);
  if (!node_) return {};
  const WaitedFor what{.full = full, .graph = for_all ? graph.get() : nullptr};
  return std::shared_ptr<CoroutineWait>(
      new CoroutineWait{std::move(graph), std::move(full), Waiter(*node_, what)});
}

std::shared_ptr<void> note_for_room(InFlight& sink, Node& node) {
  return sink.note(Graph::of(node), node.look_for_full().value_or(NodeRef()), false);
}
std::shared_ptr<void> note_for_all(InFlight& sink, Node& node) {
  return sink.note(Graph::of(node), {}, true);
}

InsideSink::InsideSink(InFlight& sink, std::uint64_t rounds) : sink_(sink), rounds_(rounds) {
  const std::lock_guard lock(sink_.mutex_);
  if (!sink_.node_) return;
  ++sink_.inside_;
  frame_.emplace(*sink_.node_, Frame::beside);
}

InsideSink::~InsideSink() {
  if (!frame_) return;
  frame_->finish_late();
  frame_.reset();
  const std::lock_guard lock(sink_.mutex_);
  if (--sink_.inside_ == 0) sink_.left_.notify_all();
}

}  // namespace weir::detail::stream
