// StreamHandle and Sink: cheap names for a node; the graph lives while anybody holds one.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weir/detail/stream/graph/draining.hpp"
#include "weir/detail/stream/graph/outlet.hpp"
#include "weir/stream/policies.hpp"

namespace weir {

/// Asks for an event loop on a thread of its own: `Stream<int> s{weir::own_loop};`
struct OwnLoop {};
inline constexpr OwnLoop own_loop{};

/// A name for a node of any element type; copies are cheap, and the graph lives while one exists.
class StreamHandle {
 public:
  /// Of a node of a graph; for the library.
  StreamHandle(std::shared_ptr<detail::stream::Graph> graph, detail::stream::Node& node)
      : graph_(std::move(graph)), node_(&node) {}
  /// Another name for it.
  StreamHandle(const StreamHandle&) = default;
  /// The same name; the other one names nothing.
  StreamHandle(StreamHandle&&) noexcept = default;
  /// Names another node.
  StreamHandle& operator=(StreamHandle other) noexcept {
    std::swap(graph_, other.graph_);
    std::swap(node_, other.node_);
    return *this;
  }
  ~StreamHandle() = default;

  /// The node; for the library.
  [[nodiscard]] detail::stream::Node& node() const noexcept { return *node_; }
  /// What `named` said; empty if nothing.
  [[nodiscard]] const std::string& name() const noexcept { return node_->name(); }
  /// `<map>`, `<name; buffer: 8>`: how errors and pictures name it.
  [[nodiscard]] std::string label() const { return node_->label(); }

  /// Waits until everything emitted before has come out, as far as it comes out by itself (a partial window
  /// does not; see `flush`).
  ///
  /// **Errors.** Throws the first error of a node behind a buffer, delay or window since the last drain.
  /// Throws `Error{unsupported}` from inside the stream.
  /// **Threads.** Any thread but one that works for the stream. On a manual clock it moves the time.
  /// `co_await s.drain()` suspends a coroutine instead (include `weir/stream/await.hpp`).
  detail::stream::Draining drain() const;
  /// Makes this node and everything below put out what they hold: partial windows, collected elements.
  void flush() const;
  /// Ends the stream here: everything below puts out what it holds and ends; then drains, unless it is called
  /// from inside the stream. Later emissions throw `Error{closed}`. `co_await s.close()` suspends meanwhile.
  detail::stream::Draining close() const;
  /// Removes the edges into this node: it gets nothing more. Operators above it that fed nothing else, and
  /// that nobody has a handle to, go with it. What nothing reaches any more, and nobody has a handle to, is
  /// freed when the emission is through that this is called from; partial windows go with it.
  void destroy() const { detail::stream::Graph::destroy(*node_); }
  /// Destroys everything below this node.
  void destroy_pipeline() const { detail::stream::Graph::destroy_below(*node_); }
  /// Puts this node first in the execution order of what feeds it.
  void move_to_first() const { detail::stream::Graph::move_to_first(*node_); }
  /// Removes the edge from here to `below`. **Errors.** Throws `Error{not_found}` if there is none.
  void disconnect(const StreamHandle& below) const {
    detail::stream::Graph::disconnect(*node_, *below.node_);
  }
  /// Starts the sources above this node; does nothing where there is none.
  void start() const;
  /// Stops the sources above this node after the element in hand; they can be started again.
  void stop() const;

 protected:
  /// Chooses what becomes of elements on which the node's function throws.
  void set_policy(const ErrorPolicy& policy) const;

  /// Keeps the graph.
  std::shared_ptr<detail::stream::Graph> graph_;
  /// The node, which the graph owns; it goes before its graph.
  detail::stream::NodeRef node_;
};

/// The end of a chain, as `sink` returns it.
class Sink : public StreamHandle {
 public:
  /// Of a node of a graph; for the library.
  using StreamHandle::StreamHandle;
  /// Gives the node a name for errors and pictures.
  const Sink& named(std::string name) const {
    node_->set_name(std::move(name));
    return *this;
  }
  /// Chooses what happens to an element this node's function throws on.
  const Sink& on_error(ErrorPolicy policy) const {
    set_policy(policy);
    return *this;
  }
  /// \cond
  WEIR_REFUSES_POLICY
  /// \endcond
};

}  // namespace weir
