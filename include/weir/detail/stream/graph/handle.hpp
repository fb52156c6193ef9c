// Handle and Sink: cheap names for a node; the graph lives while anybody holds one. And what a node does with
// errors.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/forward.hpp"
#include "weir/detail/stream/graph/kernel.hpp"
#include "weir/detail/stream/graph/node.hpp"

namespace weir {

/// Asks for an event loop on a thread of its own: `Stream<int> s{weir::own_loop};`
struct OwnLoop {};
inline constexpr OwnLoop own_loop{};

/// What a node does with an element its function throws on; see `raise`, `skip`, `retry`, `dead_letter`.
using detail::stream::ErrorPolicy;
using detail::stream::Letter;

/// The default: the exception comes out of `emit`, or of `drain` if the node runs elsewhere.
inline const ErrorPolicy raise{};
/// Counts the failure and drops the element.
inline const ErrorPolicy skip{ErrorPolicy::Action::skip};
/// Calls the function up to `times` times more before the policy `then` applies.
[[nodiscard]] inline ErrorPolicy retry(unsigned times, ErrorPolicy then = {}) {
  then.retries = times;
  return then;
}

/// A name for a node of any element type; copies are cheap, and the graph lives while one exists.
class Handle {
 public:
  Handle(std::shared_ptr<detail::stream::Graph> graph, detail::stream::Node& node)
      : graph_(std::move(graph)), node_(&node) {}

  [[nodiscard]] detail::stream::Node& node() const noexcept { return *node_; }
  [[nodiscard]] const std::string& name() const noexcept { return node_->name(); }
  /// `<map>`, `<name; buffer: 8>`: how errors and pictures name it.
  [[nodiscard]] std::string label() const { return node_->label(); }

  /// Waits until everything emitted before has come out, as far as it comes out by itself (a partial window
  /// does not; see `flush`).
  ///
  /// **Errors.** Throws the first error of a node behind a buffer, delay or window since the last drain.
  /// Throws `Error{unsupported}` from inside the stream.
  /// **Threads.** Any thread but one that works for the stream. On a manual clock it moves the time.
  void drain() const { node_->graph().drain(*node_); }
  /// Makes this node and everything below put out what they hold: partial windows, collected elements.
  void flush() const;
  /// Ends the stream here: everything below puts out what it holds and ends; then drains. Later emissions
  /// throw `Error{closed}`.
  void close() const;
  /// Removes the edges into this node: it gets nothing more.
  void destroy() const { detail::stream::Graph::destroy(*node_); }
  /// Destroys everything below this node.
  void destroy_pipeline() const { detail::stream::Graph::destroy_below(*node_); }
  /// Puts this node first in the execution order of what feeds it.
  void move_to_first() const { detail::stream::Graph::move_to_first(*node_); }
  /// Removes the edge from here to `below`. **Errors.** Throws `Error{not_found}` if there is none.
  void disconnect(const Handle& below) const { detail::stream::Graph::disconnect(*node_, *below.node_); }
  /// Starts the sources above this node; does nothing where there is none.
  void start() const;
  /// Stops the sources above this node after the element in hand; they can be started again.
  void stop() const;

 protected:
  void set_policy(const ErrorPolicy& policy) const;

  std::shared_ptr<detail::stream::Graph> graph_;
  detail::stream::Node* node_;
};

/// The end of a chain, as `sink` returns it.
class Sink : public Handle {
 public:
  using Handle::Handle;
  const Sink& named(std::string name) const {
    node_->set_name(std::move(name));
    return *this;
  }
  const Sink& on_error(ErrorPolicy policy) const {
    set_policy(policy);
    return *this;
  }
};

namespace detail::stream {

/// Adds a node that gives nothing below `upstream`.
template <class NodeType>
Sink attach_sink(const Handle& upstream, std::unique_ptr<NodeType> made) {
  NodeType& node = *made;
  const std::shared_ptr<Graph> graph = Graph::of(upstream.node());
  graph->adopt(std::move(made), node.is_boundary() ? nullptr : &upstream.node());
  Graph::connect(upstream.node(), node);
  const Frame inside(node);
  node.attached();
  return Sink(graph, node);
}

}  // namespace detail::stream
}  // namespace weir
