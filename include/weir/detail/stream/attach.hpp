// How operators come into a graph: nodes are made below a stream, and a kernel gets the node it needs.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "weir/detail/stream/forward.hpp"
#include "weir/detail/stream/graph/kernel_node.hpp"
#include "weir/detail/stream/graph/timed_node.hpp"
#include "weir/stream/handle.hpp"

namespace weir::detail::stream {

/// Adds a node that is ready before the first element, which another thread may have in hand, can reach it.
template <class NodeType>
NodeRef add_below(const StreamHandle& upstream, Graph& graph, std::unique_ptr<NodeType> made,
                  std::uint64_t subscription = 0) {
  NodeType& node = *made;
  NodeRef kept = graph.adopt(std::move(made), node.is_boundary() ? nullptr : &upstream.node());
  {
    const Frame inside(node);
    node.attached();
  }
  Graph::connect(upstream.node(), node, subscription);
  return kept;
}

/// Adds a node below `upstream` and gives a handle to it; see Graph::subscribe.
template <class Out, class NodeType>
Stream<Out> attach(const StreamHandle& upstream, std::unique_ptr<NodeType> made,
                   std::uint64_t subscription = 0) {
  NodeType& node = *made;
  const std::shared_ptr<Graph> graph = Graph::of(upstream.node());
  const NodeRef kept = add_below(upstream, *graph, std::move(made), subscription);
  return Stream<Out>(graph, node);
}

/// Adds a node that gives nothing below `upstream`.
template <class NodeType>
Sink attach_sink(const StreamHandle& upstream, std::unique_ptr<NodeType> made) {
  NodeType& node = *made;
  const std::shared_ptr<Graph> graph = Graph::of(upstream.node());
  const NodeRef kept = add_below(upstream, *graph, std::move(made));
  return Sink(graph, node);
}

/// An operator described by a kernel: has `kind` and `kernel<In>()`.
template <class Op, class In>
concept KernelOperator = requires(Op op) {
  { op.kind } -> std::convertible_to<std::string>;
  std::move(op).template kernel<In>();
};
template <class Op, class In>
using KernelOf = decltype(std::declval<Op>().template kernel<In>());
/// What an operator was made with, for people.
template <class Op>
std::string detail_of(const Op& op) {
  if constexpr (requires { op.detail(); }) return op.detail();
  else return {};
}

/// Says in a sentence what a kernel lacks.
template <class K, class In>
constexpr bool check_kernel() {
  static_assert(HasOut<K>, "weir: the kernel of this operator does not say what it emits: using Out = ...;");
  if constexpr (!HasOut<K>) return false;
  else if constexpr (KnowsTime<K>)
    static_assert(
        TimedKernel<K, In>,
        "weir: a kernel with due() or fire() needs all three: push(x, emit, now) for elements of the "
        "stream, std::optional<Time> due() const, and fire(emit, now)");
  else
    static_assert(Kernel<K, In>,
                  "weir: the kernel of this operator cannot take the elements of the stream: template <class "
                  "X, class Emit> void push(X&& x, Emit&& emit)");
  return true;
}

/// Applies an operator: one described by a kernel, or anything that can be called with the stream.
template <class In, class Op>
auto apply(const Stream<In>& stream, Op op) {
  if constexpr (KernelOperator<Op, In>) {
    using K = KernelOf<Op, In>;
    if constexpr (check_kernel<K, In>()) {
      using Made = std::conditional_t<TimedKernel<K, In>, TimedNode<In, K>, KernelNode<In, K>>;
      const std::string detail = detail_of(op);
      auto node = std::make_unique<Made>(op.kind, std::move(op).template kernel<In>());
      node->set_detail(detail);
      return attach<typename K::Out>(stream, std::move(node));
    }
  } else {
    return std::move(op)(stream);
  }
}

}  // namespace weir::detail::stream
