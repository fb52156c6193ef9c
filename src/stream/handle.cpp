// StreamHandle: ending, flushing, starting.
#include "weir/stream/stream.hpp"

#include <set>
#include <thread>

namespace weir {
namespace detail::stream {

void refuse_closed(const Node& node) {
  throw Error(ErrorKind::closed, "emit: " + node.label() + " is closed");
}

std::pair<std::shared_ptr<Graph>, Node*> make_graph(std::unique_ptr<Node> node,
                                                    std::optional<EventLoop> loop) {
  // The last handle may go inside one of the graph's own functions, which cannot wait for the graph's
  // threads: another thread ends it then.
  const auto end = [](Graph* graph) {
    if (flow.frame) std::thread([graph] { delete graph; }).detach();
    else delete graph;
  };
  const std::shared_ptr<Graph> graph(loop ? new Graph(std::move(*loop)) : new Graph(), end);
  Node& made = graph->adopt(std::move(node));
  return {graph, &made};
}

namespace {

/// This node and everything above it.
std::set<Node*> with_ancestors(Node& node) {
  std::set<Node*> seen{&node};
  std::vector<Node*> open{&node};
  while (!open.empty()) {
    Node* const last = open.back();
    open.pop_back();
    for (Node* above : last->upstreams()) {
      if (seen.insert(above).second) open.push_back(above);
    }
  }
  return seen;
}

}  // namespace
}  // namespace detail::stream

void StreamHandle::flush() const {
  detail::stream::Frame frame(*node_);
  node_->flush();
  frame.finish();
}

void StreamHandle::close() const {
  detail::stream::Graph& graph = node_->graph();
  const bool is_inside = graph.is_at_work_here();
  if (!is_inside && node_->finishes())
    detail::stream::Graph::wait(*node_, "close", [this] { return node_->graph().is_idle(); });
  else node_->stop();
  {
    detail::stream::Frame frame(*node_);
    node_->end();
    frame.finish();
  }
  if (!is_inside) drain();
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
