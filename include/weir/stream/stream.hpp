// Stream<T>: a handle to a node that gives elements of T, with every operator. What scatters includes
// weir/stream.hpp.
#pragma once

#include "weir/stream/members.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/emission.hpp"

namespace weir {

namespace detail::stream {

/// What `emit` takes as it is, and what an element can be made of.
template <class X, class T>
concept BecomesElement = std::is_convertible_v<X, T>;
template <class X, class T>
concept MakesElement = std::is_constructible_v<T, X&&>;
/// Whether `emit` takes so many arguments, whatever the first is: an element, and on_done.
template <class... X>
inline constexpr bool can_be_emitted = sizeof...(X) == 1;
template <class X, class OnDone>
inline constexpr bool can_be_emitted<X, OnDone> = std::is_convertible_v<OnDone, Done>;

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
class Stream : public StreamHandle, public op::Members<Stream<T>> {
  using Self = Stream;

 public:
  /// Type of the elements.
  using Element = T;

  Stream()
      : Stream(detail::stream::make_graph(std::make_unique<detail::stream::PassNode<T>>(), std::nullopt)) {}
  /// A stream whose timers, and what they start, run on a loop with its own thread.
  explicit Stream(OwnLoop) : Stream() {}
  /// A stream whose timers and buffers run on `loop`.
  explicit Stream(EventLoop loop)
      : Stream(detail::stream::make_graph(std::make_unique<detail::stream::PassNode<T>>(), std::move(loop))) {
  }
  /// A stream whose time is that of `clock`; for tests.
  explicit Stream(ManualClock& clock) : Stream(EventLoop(clock)) {}
  /// Of a node of a graph; for the library.
  Stream(std::shared_ptr<detail::stream::Graph> graph, detail::stream::Outlet<T>& outlet)
      : StreamHandle(std::move(graph), outlet) {}

  /// The node; for the library.
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
  /// The same, moving the element.
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
  requires detail::stream::MakesElement<X, T>
  [[nodiscard]] bool try_emit(X&& x) const {
    const detail::stream::Entry state = outlet().offer(std::forward<X>(x));
    if (state == detail::stream::Entry::closed) detail::stream::refuse_closed(*node_);
    return state == detail::stream::Entry::open;
  }
  /// Emits if there is room within `timeout`; says whether the element was taken. It is untouched if not. An
  /// emission of another thread that is under way is waited for in any case.
  template <class X = T>
  requires detail::stream::MakesElement<X, T>
  [[nodiscard]] bool emit_for(X&& x, Duration timeout) const {
    bool is_in = false;
    const auto enter = [&] { return is_in = is_in || try_emit(std::forward<X>(x)); };
    if (enter()) return true;
    const Stream kept = *this;  // while it waits
    const auto deadline = std::chrono::steady_clock::now() + timeout.value();
    return detail::stream::Graph::wait(*node_, "emit_for", enter, deadline);
  }
  /// \cond
#define WEIR_REFUSES_ELEMENT(name, right, ...)                                         \
  template <class X>                                                                   \
  requires(!detail::stream::right<X, T>)                                               \
      WEIR_REFUSES("weir: " #name                                                      \
                   ": this is no element of the stream (T below), nor becomes one by " \
                   "itself; what cannot be copied must be moved")                      \
  detail::Refused name(__VA_ARGS__) const { return {}; }
  WEIR_REFUSES_ELEMENT(emit, BecomesElement, X&&)
  WEIR_REFUSES_ELEMENT(emit, MakesElement, X&&, const detail::stream::Done&)
  WEIR_REFUSES_ELEMENT(try_emit, MakesElement, X&&)
  WEIR_REFUSES_ELEMENT(emit_for, MakesElement, X&&, const Duration&)
#undef WEIR_REFUSES_ELEMENT
  template <class... X>
  requires(!detail::stream::can_be_emitted<X...>) WEIR_REFUSES(
      "weir: emit: takes one element, and on_done if that is wanted; several values are one "
      "std::pair or std::tuple: emit({a, b})")
  detail::Refused emit(const X&...) const { return {}; }
  /// \endcond

  /// Draws an edge to `below`, which then also gets this stream's elements. Cycles are allowed: an element
  /// that comes back to a node that is still working on an earlier one waits for that one.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the two run on different event loops.
  void connect(const Stream<T>& below) const {
    auto* const inlet = dynamic_cast<detail::stream::PassNode<T>*>(&below.node());
    if (!inlet)
      throw Error(ErrorKind::invalid_argument,
                  "connect: " + below.label() + " has inputs of its own; connect to a Stream made by itself");
    detail::stream::Graph::connect(*node_, *static_cast<detail::stream::Inlet<T>*>(inlet));
  }

  /// Applies an operator of the library (`op::map(f)`) or of your own: one made of a kernel (see
  /// `weir/stream/extend.hpp`), or anything that can be called with the stream.
  template <class Op>
  auto apply(Op op) const& requires detail::stream::Fits<Stream, Op> {
    return detail::stream::apply(*this, std::move(op));
  }
  /// The same: `stream | op::map(f)`.
  template <class Op>
  auto operator|(Op op) const& requires detail::stream::Fits<Stream, Op> {
    return detail::stream::apply(*this, std::move(op));
  }
  /// \cond
  WEIR_REFUSES_OPERATORS
  /// \endcond
  /// Sends the elements to the cluster, where what is chained to it works on them until `gather()`: to the
  /// cluster of `client`, or of the program that runs. Include `weir/stream.hpp`.
  ///
  /// **Errors.** Does not compile if the elements cannot travel to another process.
  /// **Source.** streamz `Stream.scatter`.
  template <class... To, class S = Stream>
  requires detail::stream::Scatters<S>
  auto scatter(const To&... client) const { return detail::stream::Scatter<T>::to(*this, client...); }
  /// \cond
  template <class... To, class S = Stream>
  requires(!detail::stream::Scatters<S>) WEIR_REFUSES(
      "weir: scatter: elements of this type cannot travel to another process. Give the type a cereal "
      "serialize() function or make it a plain struct.")
  detail::Refused scatter(const To&...) const { return {}; }
  /// \endcond

  /// The rows of the stream as a frame, in batches: `weir::to_frame(stream, ...)` as a member, so that it can
  /// be chained: `source.filter(f).to_frame(20).group_by("sensor").agg(weir::mean("value"))`. Include
  /// `weir/bridge/stream_frame.hpp`, and link `weir::frame`.
  ///
  /// \param row  May be said: `source.to_frame<Reading>()`; elements are of it, or lists of it.
  template <class Row = T>
  auto to_frame() const {
    return detail::stream::ToFrame<T>::template of<Row>(*this);
  }
  /// A batch of each so many rows.
  template <class Row = T>
  auto to_frame(std::size_t batch) const {
    return detail::stream::ToFrame<T>::template of<Row>(*this, batch);
  }
  /// A batch that does not fill within `timeout` goes on as it is.
  template <class Row = T>
  auto to_frame(std::size_t batch, Duration timeout) const {
    return detail::stream::ToFrame<T>::template of<Row>(*this, batch, timeout);
  }
  /// Of a stream of tables, with a table as an example of their columns.
  template <class Table>
  requires(!std::is_convertible_v<Table, std::size_t>) auto to_frame(const Table& example) const {
    return detail::stream::ToFrame<T>::template of<T>(*this, example);
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
  /// \cond
  WEIR_REFUSES_POLICY
  /// \endcond

 private:
  explicit Stream(std::pair<std::shared_ptr<detail::stream::Graph>, detail::stream::Node*> made)
      : StreamHandle(std::move(made.first), *made.second) {}
  template <class X>
  detail::stream::Emission<T> emit_any(X&& x) const {
    const detail::stream::Entry state = outlet().offer(std::forward<X>(x));
    if (state == detail::stream::Entry::open) [[likely]]
      return {};
    if (state == detail::stream::Entry::closed) detail::stream::refuse_closed(*node_);
    return detail::stream::Emission<T>(outlet(), graph_, T(std::forward<X>(x)), detail::stream::hold());
  }
};

}  // namespace weir
