// How operators come into a graph: nodes are made below a stream, and a kernel gets the node it needs.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include "weir/detail/stream/forward.hpp"
#include "weir/detail/stream/graph/kernel_node.hpp"
#include "weir/detail/stream/graph/timed_node.hpp"
#include "weir/detail/stream/refusal.hpp"
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

/// Why an operator cannot be applied to a stream `S`, if it cannot.
enum class Unfit {
  fits,
  no_operator,
  no_out,
  time,
  push,
  travel,
  out_travels,
  misfit  // and those of Misfit behind it
};
constexpr Unfit operator+(Unfit unfit, Misfit why) {
  return static_cast<Unfit>(static_cast<int>(unfit) + static_cast<int>(why));
}
template <class S, class Op>
constexpr Unfit unfit() {
  using In = typename S::Element;
  if constexpr (!KernelOperator<Op, In>) {
    if constexpr (requires(Op op, const S& stream) { std::move(op)(stream); }) {
      using Made = decltype(std::declval<Op>()(std::declval<const S&>()));
      if constexpr (IsRefused<Made>) return Unfit::misfit + std::remove_cvref_t<Made>::why;
      else return Unfit::fits;
    } else {
      return Unfit::no_operator;
    }
  } else {
    using K = KernelOf<Op, In>;
    if constexpr (IsRefused<K>) return Unfit::misfit + K::why;
    else if constexpr (!HasOut<K>) return Unfit::no_out;
    else if constexpr (KnowsTime<K> && !TimedKernel<K, In>) return Unfit::time;
    else if constexpr (!KnowsTime<K> && !Kernel<K, In>) return Unfit::push;
    else if constexpr (!CanGo<S, K>) return Unfit::travel;
    else if constexpr (!CanGo<S, typename K::Out>) return Unfit::out_travels;
    else return Unfit::fits;
  }
}
template <class S, class Op>
concept Fits = unfit<S, Op>()
== Unfit::fits;

/// Applies an operator: one described by a kernel, or anything that can be called with the stream.
template <class In, class Op>
auto apply(const Stream<In>& stream, Op op) {
  if constexpr (KernelOperator<Op, In>) {
    using K = KernelOf<Op, In>;
    using Made = std::conditional_t<TimedKernel<K, In>, TimedNode<In, K>, KernelNode<In, K>>;
    const std::string detail = detail_of(op);
    auto node = std::make_unique<Made>(op.kind, std::move(op).template kernel<In>());
    node->set_detail(detail);
    return attach<typename K::Out>(stream, std::move(node));
  } else {
    return std::move(op)(stream);
  }
}

}  // namespace weir::detail::stream

/// What `apply` of a stream, or `stream | op`, says of operators that do not fit.
#define WEIR_REFUSES_IF(reason, sentence)                                                   \
  template <class Op, class S = Self>                                                       \
  requires(detail::stream::unfit<S, Op>() == reason) WEIR_REFUSES("weir: apply: " sentence) \
  detail::Refused apply(Op) const& { return {}; }                                           \
  template <class Op, class S = Self>                                                       \
  requires(detail::stream::unfit<S, Op>() == reason) WEIR_REFUSES("weir: |: " sentence)     \
  detail::Refused operator|(Op) const& { return {}; }
#define WEIR_REFUSES_OPERATOR(reason, sentence) WEIR_REFUSES_IF(detail::stream::Unfit::reason, sentence)
#define WEIR_REFUSES_MISFIT(reason, sentence) \
  WEIR_REFUSES_IF(detail::stream::Unfit::misfit + detail::stream::Misfit::reason, sentence)
#define WEIR_REFUSES_OPERATORS                                                                               \
  WEIR_REFUSES_OPERATOR(no_operator,                                                                         \
                        "an operator is made of a kernel, as those of weir::op, or is "                      \
                        "anything that can be called with the stream")                                       \
  WEIR_REFUSES_OPERATOR(no_out, "the kernel of this operator does not say what it emits: using Out = ...;")  \
  WEIR_REFUSES_OPERATOR(time,                                                                                \
                        "a kernel with due() or fire() needs all three: push(x, emit, now) for "             \
                        "elements of the stream, std::optional<Time> due() const, and fire(emit, now)")      \
  WEIR_REFUSES_OPERATOR(push,                                                                                \
                        "the kernel of this operator cannot take the elements of the stream: "               \
                        "template <class X, class Emit> void push(X&& x, Emit&& emit)")                      \
  WEIR_REFUSES_OPERATOR(travel,                                                                              \
                        "a function or an argument of this operator cannot travel to another "               \
                        "process. Below scatter() a lambda must not capture: pass the values as "            \
                        "further arguments (map(f, x, y)); a functor with members needs a cereal "           \
                        "serialize() function or must be a plain struct.")                                   \
  WEIR_REFUSES_OPERATOR(out_travels,                                                                         \
                        "what this operator emits cannot travel to another process. Give the "               \
                        "type a cereal serialize() function or make it a plain struct.")                     \
  WEIR_REFUSES_MISFIT(function,                                                                              \
                      "the function of this operator cannot be called with an element of the stream and "    \
                      "the further arguments")                                                               \
  WEIR_REFUSES_MISFIT(nothing,                                                                               \
                      "the function of this operator must return a value; use sink for one that does not")   \
  WEIR_REFUSES_MISFIT(predicate,                                                                             \
                      "the function of this operator must take an element of the stream and the further "    \
                      "arguments, and return a bool")                                                        \
  WEIR_REFUSES_MISFIT(items,                                                                                 \
                      "the function of this operator cannot be called with the items of an element, a "      \
                      "tuple or pair, and the further arguments")                                            \
  WEIR_REFUSES_MISFIT(range,                                                                                 \
                      "an element of the stream must be a container, a string, a range or an optional")      \
  WEIR_REFUSES_MISFIT(item,                                                                                  \
                      "an element of the stream has no item by this key; it must be a map of such keys, or " \
                      "a sequence and the key its index, or have this member")                               \
  WEIR_REFUSES_MISFIT(key,                                                                                   \
                      "the key, time or size of this operator must be a function of an element of the "      \
                      "stream; keys must have an operator == (or <, or a hash, as the member says)")         \
  WEIR_REFUSES_MISFIT(order, "the elements of the stream must have an operator <")                           \
  WEIR_REFUSES_MISFIT(state,                                                                                 \
                      "the function of this operator must take the state, an element of the stream and "     \
                      "the further arguments, and return the next state (with returns_state, a pair of "     \
                      "state and result), or take State& and change it")                                     \
  WEIR_REFUSES_MISFIT(start,                                                                                 \
                      "without a start the function of this operator must take two elements of the "         \
                      "stream, the state and the next one, and return the next state, and the first "        \
                      "element is emitted; give a start if the state is of another type")                    \
  WEIR_REFUSES_MISFIT(finished,                                                                              \
                      "the function of this operator takes (element, finished), or an element and returns "  \
                      "boost::asio::awaitable<void>")
