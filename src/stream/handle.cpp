// StreamHandle: ending, flushing, starting.
#include "weir/stream/stream.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/log.hpp"
#include "stream/graph/structure.hpp"

namespace weir {
namespace detail::stream {

namespace {

/// The last handle of a graph may go inside one of its own functions, which cannot wait for the graph's
/// threads: another thread ends it then. The end of the program waits for these a while.
class Endings {
 public:
  static Endings& instance() {
    static Endings all;
    return all;
  }
  void add(Graph* graph) {
    const std::lock_guard lock(mutex_);
    ++count_;
    std::thread([this, graph] {
      Structure::let_go(graph);
      const std::lock_guard inside(mutex_);
      --count_;
      ended_.notify_all();
    }).detach();
  }
  ~Endings() {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, std::chrono::seconds(10), [this] { return count_ == 0; });
  }

 private:
  Endings() { static_cast<void>(log::logger()); }  // which an ending may need, and which must go later
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t count_ = 0;
};

/// Something to do inside the domain of a node.
template <class Work>
struct DeferredWork final : Deferred {
  Node& node;
  Work work;
  DeferredWork(Node& of, Work what) : node(of), work(std::move(what)) {}
  void run() noexcept override {
    Frame frame(node);
    node.guarded([this] { work(); });
    frame.finish_late();
  }
};

/// Does `work` inside the domain of a node, now or as soon as the thread that is there leaves it.
template <class Work>
void do_inside(Node& node, Work work) {
  Frame frame(node, Frame::unless_stuck);
  if (!frame.is_inside())
    return leave_to_holder(node, std::make_unique<DeferredWork<Work>>(node, std::move(work)));
  work();
  frame.finish();
}

/// The same, once what this thread has in hand in the graph is through.
template <class Work>
void do_after(Node& node, Work work) {
  if (Frame* const outermost = Frame::outermost_in(node.graph()))
    return outermost->put_off(std::make_unique<DeferredWork<Work>>(node, std::move(work)));
  do_inside(node, std::move(work));
}

}  // namespace

std::pair<std::shared_ptr<Graph>, Node*> make_graph(std::unique_ptr<Node> node,
                                                    std::optional<EventLoop> loop) {
  const auto end = [](Graph* graph) {
    if (graph->cannot_wait_here()) Endings::instance().add(graph);
    else Structure::let_go(graph);
  };
  const std::shared_ptr<Graph> graph(loop ? new Graph(std::move(*loop)) : new Graph(), end);
  Node* const made = graph->adopt(std::move(node));  // nobody else knows the graph
  return {graph, made};
}

namespace {

[[noreturn]] void refuse_drain_inside() {
  throw Error(ErrorKind::unsupported, "drain: called from inside the stream it would wait for");
}

}  // namespace

Draining::Draining(std::shared_ptr<Graph> graph, Node& node) : graph_(std::move(graph)) {
  if (node.graph().is_at_work_here()) refuse_drain_inside();
  came_out_ = Graph::came_out(node);
  node_ = &node;
}

Draining::Draining(std::shared_ptr<Graph> graph, Node& node, Closing) : graph_(std::move(graph)) {
  if (node.graph().is_at_work_here()) return;
  came_out_ = Graph::came_out(node);
  node_ = &node;
}

void Draining::wait() {
  if (const NodeRef node = std::exchange(node_, {})) node->graph().drain(*node, came_out_);
}

bool Draining::retry() {
  if (would_wait()) return false;
  if (const NodeRef node = std::exchange(node_, {})) Graph::end_drain(*node);
  return true;
}

void Draining::wait_at_end() {
  if (std::uncaught_exceptions() <= exceptions_) return wait();
  try {
    wait();
  } catch (...) {  // another exception is on its way
    graph_->report(std::current_exception());
  }
}

namespace {

/// This node and everything above it.
std::vector<NodeRef> with_ancestors(Node& node) {
  const std::lock_guard lock(Structure::mutex());
  std::set<Node*> seen{&node};
  std::vector<Node*> open{&node};
  while (!open.empty()) {
    Node* const last = open.back();
    open.pop_back();
    for (Node* above : last->upstreams()) {
      if (seen.insert(above).second) open.push_back(above);
    }
  }
  return {seen.begin(), seen.end()};
}

}  // namespace
}  // namespace detail::stream

void StreamHandle::flush() const {
  detail::stream::do_inside(*node_, [node = node_] { node->flush(); });
}

detail::stream::Draining StreamHandle::drain() const { return {detail::stream::Graph::of(*node_), *node_}; }

detail::stream::Draining StreamHandle::close() const {
  const bool is_inside = node_->graph().is_at_work_here();
  if (is_inside || !node_->finishes()) {  // else it ends by itself, when what it still has is out
    node_->stop();
    if (is_inside) node_->refuse_more();
    detail::stream::do_after(*node_, [node = node_] { node->end(); });
  }
  return {detail::stream::Graph::of(*node_), *node_, detail::stream::Draining::Closing{}};
}

void StreamHandle::set_policy(const ErrorPolicy& policy) const {
  const detail::stream::Frame inside(*node_);
  node_->set_policy(policy);
}

void StreamHandle::start() const {
  for (detail::stream::Node* node : detail::stream::with_ancestors(*node_)) node->start();
}

void StreamHandle::stop() const {
  for (detail::stream::Node* node : detail::stream::with_ancestors(*node_)) node->stop();
}

}  // namespace weir
