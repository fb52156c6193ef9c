// Stream<T>: a handle to a node that gives elements of T. Includes every operator.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/chain.hpp"
#include "weir/detail/stream/graph/emission.hpp"
#include "weir/detail/stream/graph/forward.hpp"
#include "weir/detail/stream/graph/handle.hpp"
#include "weir/detail/stream/graph/kernel.hpp"

namespace weir {

namespace detail::stream {

/// Where streams begin, and what `connect` ends at.
template <class T>
class PassNode final : public PassingNode<T> {
 public:
  explicit PassNode(std::string kind = "stream") : PassingNode<T>(std::move(kind)) {}
  void input_ended(unsigned number) override {
    if (!this->upstreams().empty()) Node::input_ended(number);
  }
};

/// Makes a graph that holds `node` alone.
std::pair<std::shared_ptr<Graph>, Node*> make_graph(std::unique_ptr<Node> node,
                                                    std::optional<EventLoop> loop);

}  // namespace detail::stream

/// A stream of elements of T: emit into it, and chain operators to it.
///
/// A Stream is a handle; the graph owns the nodes, and a node stays although nobody holds a handle to it. The
/// graph ends when the last handle to any of its nodes goes; it drains first.
///
/// **Threads.** `emit` from any thread; one emission at a time runs through nodes that call each other
/// directly. A node's function runs on the thread that emits, or on the thread of the `buffer`, `map_async`,
/// `gather` or timed operator above it.
/// **Backpressure.** `emit` waits until every bounded node it could reach has room.
/// **Source.** streamz `Stream`.
template <class T>
class Stream : public Handle, public Chain<T> {
 public:
  using Element = T;

  Stream()
      : Stream(detail::stream::make_graph(std::make_unique<detail::stream::PassNode<T>>(), std::nullopt)) {}
  /// A stream whose timers, and what they start, run on a loop with its own thread.
  explicit Stream(OwnLoop) : Stream() {}
  /// A stream whose timers and buffers run on `loop`.
  explicit Stream(EventLoop loop)
      : Stream(detail::stream::make_graph(std::make_unique<detail::stream::PassNode<T>>(), std::move(loop))) {
  }
  explicit Stream(ManualClock& clock) : Stream(EventLoop(clock)) {}
  Stream(std::shared_ptr<detail::stream::Graph> graph, detail::stream::Outlet<T>& outlet)
      : Handle(std::move(graph), outlet) {}

  [[nodiscard]] detail::stream::Outlet<T>& outlet() const noexcept {
    return static_cast<detail::stream::Outlet<T>&>(*node_);
  }

  /// Pushes `x` through everything below, depth first, in the order of subscription.
  ///
  /// **Errors.** Throws what a node's function throws (policy `raise`), after the other branches got the
  /// element; `Error{closed}` after `close`.
  /// **Backpressure.** Waits until every bounded node below has room; see Emission for `co_await`.
  detail::stream::Emission<T> emit(const T& x) const requires detail::stream::is_copyable<T> {
    return emit_any(x);
  }
  detail::stream::Emission<T> emit(T&& x) const { return emit_any(std::move(x)); }

  /// The same; `on_done` is called exactly once when everything `x` caused is done, also behind buffers and
  /// windows, with the error that hurt it or null.
  template <class X = T>
  requires std::is_constructible_v<T, X&&> detail::stream::Emission<T> emit(X&& x,
                                                                            detail::stream::Done on_done)
  const {
    detail::stream::Tickets tickets;
    tickets.push_back(detail::stream::TicketRef(new detail::stream::Ticket(std::move(on_done))));
    detail::stream::hold(tickets);
    const detail::stream::TicketScope scope(detail::stream::combine(tickets));
    return emit_any(T(std::forward<X>(x)));
  }
  /// Emits if there is room now; says whether the element was taken. It is untouched if not.
  template <class X = T>
  [[nodiscard]] bool try_emit(X&& x) const {
    const detail::stream::Entry state = outlet().offer(std::forward<X>(x));
    if (state == detail::stream::Entry::closed) detail::stream::refuse_closed(*node_);
    return state == detail::stream::Entry::open;
  }
  /// Emits if there is room within `timeout`; says whether the element was taken. An emission of another
  /// thread that is under way is waited for in any case.
  template <class X = T>
  [[nodiscard]] bool emit_for(X&& x, Duration timeout) const {
    return emit_any(T(std::forward<X>(x))).wait_for(timeout);
  }

  /// Draws an edge to `below`, which then also gets this stream's elements. Cycles are allowed: an element
  /// that comes back to a node that is still working on an earlier one waits for that one.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the two run on different event loops.
  void connect(const Stream<T>& below) const {
    auto* const inlet = dynamic_cast<detail::stream::PassNode<T>*>(below.node_);
    if (!inlet)
      throw Error(ErrorKind::invalid_argument,
                  "connect: " + below.label() + " has inputs of its own; connect to a Stream made by itself");
    detail::stream::Graph::connect(*node_, *static_cast<detail::stream::Inlet<T>*>(inlet));
  }

  /// Gives the node a name for errors and pictures.
  const Stream& named(std::string name) const {
    node_->set_name(std::move(name));
    return *this;
  }
  /// Chooses what happens to an element this node's function throws on.
  const Stream& on_error(ErrorPolicy policy) const {
    this->set_policy(policy);
    return *this;
  }

 private:
  explicit Stream(std::pair<std::shared_ptr<detail::stream::Graph>, detail::stream::Node*> made)
      : Handle(std::move(made.first), *made.second) {}
  template <class X>
  detail::stream::Emission<T> emit_any(X&& x) const {
    const detail::stream::Entry state = outlet().offer(std::forward<X>(x));
    if (state == detail::stream::Entry::open) [[likely]]
      return {};
    if (state == detail::stream::Entry::closed) detail::stream::refuse_closed(*node_);
    return detail::stream::Emission<T>(outlet(), graph_, T(std::forward<X>(x)), detail::stream::hold());
  }
};

/// Failed elements go to `letters` as `Letter{element, node, error}`.
template <class T>
[[nodiscard]] ErrorPolicy dead_letter(const Stream<Letter<T>>& letters, unsigned retries = 0) {
  return ErrorPolicy{ErrorPolicy::Action::dead_letter, retries, &letters.node()};
}

namespace detail::stream {

/// Adds a node below `upstream` and gives a handle to it.
template <class Out, class NodeType>
Stream<Out> attach(const Handle& upstream, std::unique_ptr<NodeType> made) {
  NodeType& node = *made;
  const std::shared_ptr<Graph> graph = Graph::of(upstream.node());
  graph->adopt(std::move(made), node.is_boundary() ? nullptr : &upstream.node());
  Graph::connect(upstream.node(), node);
  const Frame inside(node);
  node.attached();
  return Stream<Out>(graph, node);
}

/// An operator described by a kernel: has `kind` and `kernel<In>()`.
template <class Op, class In>
concept KernelOperator = requires(Op op) {
  { op.kind } -> std::convertible_to<std::string>;
  std::move(op).template kernel<In>();
};

/// Applies an operator: one described by a kernel, or anything that can be called with the stream.
template <class In, class Op>
auto apply(const Stream<In>& stream, Op op) {
  if constexpr (KernelOperator<Op, In>) {
    using Kernel = decltype(std::move(op).template kernel<In>());
    std::string detail;
    if constexpr (requires { op.detail(); }) detail = op.detail();
    auto node = std::make_unique<KernelNode<In, Kernel>>(op.kind, std::move(op).template kernel<In>());
    node->set_detail(std::move(detail));
    return attach<typename Kernel::Out>(stream, std::move(node));
  } else {
    return std::move(op)(stream);
  }
}

}  // namespace detail::stream

/// `stream | op`: applies an operator of the library (`op::map(f)`) or of your own (anything callable with
/// the stream).
template <class T, class Op>
auto operator|(const Stream<T>& stream, Op op) {
  return detail::stream::apply(stream, std::move(op));
}

}  // namespace weir
