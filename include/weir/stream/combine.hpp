// Several inputs into one: zip, combine_latest, zip_latest, merge.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/join_node.hpp"
#include "weir/detail/stream/refusal.hpp"
#include "weir/stream/windows.hpp"

namespace weir {

/// How far one input of a join may run ahead: `a.zip(b, weir::max_ahead{3})`.
struct max_ahead {
  /// Elements it may be ahead.
  std::size_t elements;
};
/// Which inputs make `combine_latest` emit: `a.combine_latest(b, weir::emit_on(a))`, or by position:
/// `weir::emit_on(0, 2)`.
struct emit_on {
  /// Streams among the inputs, or their positions from 0.
  template <class... Inputs>
  explicit emit_on(const Inputs&... inputs) {
    (add(inputs), ...);
  }
  /// Those named by number.
  std::vector<std::size_t> positions;
  /// Those named by stream.
  std::vector<const detail::stream::Node*> nodes;

 private:
  template <class Input>
  void add(const Input& input) {
    if constexpr (std::is_integral_v<Input>) {
      if (input < 0)
        throw Error(ErrorKind::invalid_argument,
                    "emit_on: a position must not be negative (got " + std::to_string(input) + ")");
      positions.push_back(static_cast<std::size_t>(input));
    } else {
      nodes.push_back(detail::stream::node_of(input));
    }
  }
};

namespace detail::stream {

template <class... In>
struct ZipKernel {
  using Out = std::tuple<In...>;
  static constexpr Traits traits{.order_matters = false};
  std::size_t limit;
  std::tuple<std::deque<TicketedElement<In>>...> queues = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    std::get<port>(queues).push_back({std::forward<X>(x)});
    if (!all([](const auto& queue) { return !queue.empty(); })) return;
    Tickets tickets;
    const auto first = [&](auto& queue) {
      auto held = std::move(queue.front());
      queue.pop_front();
      if (held.ticket) tickets.push_back(std::move(held.ticket));
      return std::move(held.value);
    };
    Out together = std::apply([&](auto&... queue) { return Out{first(queue)...}; }, queues);
    const TicketScope scope(combine(tickets));
    emit(std::move(together));
  }
  [[nodiscard]] bool is_full(std::size_t port) const { return size(port) > limit; }
  [[nodiscard]] bool is_over(const Ended& ended) const {
    for (std::size_t port = 0; port < sizeof...(In); ++port) {
      if (ended[port] && size(port) == 0) return true;
    }
    return false;
  }
  template <class Emit>
  void finish(Emit&&) {}
  void reset() { queues = {}; }
  auto kept() { return std::tie(queues); }
  [[nodiscard]] std::size_t held() const {
    return std::apply([](const auto&... queue) { return (queue.size() + ...); }, queues);
  }

 private:
  template <class Test>
  [[nodiscard]] bool all(Test test) const {
    return std::apply([&](const auto&... queue) { return (test(queue) && ...); }, queues);
  }
  [[nodiscard]] std::size_t size(std::size_t port) const {
    return std::apply([&](const auto&... queue) { return std::array{queue.size()...}[port]; }, queues);
  }
};

template <class... In>
struct CombineLatestKernel {
  using Out = std::tuple<In...>;
  Ended emits_on;
  std::tuple<std::optional<TicketedElement<In>>...> slots = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    std::get<port>(slots).emplace(TicketedElement<In_<port>>{std::forward<X>(x)});
    if (!emits_on[port] || !std::apply([](const auto&... slot) { return (slot.has_value() && ...); }, slots))
      return;
    Tickets tickets;  // of those that come out for the first time; afterwards a value is state
    const auto first_time = [&](auto& slot) {
      if (slot->ticket) tickets.push_back(std::exchange(slot->ticket, {}));
    };
    std::apply([&](auto&... slot) { (first_time(slot), ...); }, slots);
    const TicketScope scope(combine(tickets));
    emit(std::apply([](const auto&... slot) { return Out{slot->value...}; }, slots));
  }
  void reset() { slots = {}; }
  auto kept() { return std::tie(slots); }
  template <class Emit>
  void finish(Emit&&) {
    std::apply([](auto&... slot) { ((slot ? slot->ticket.reset() : void()), ...); }, slots);
  }

 private:
  template <std::size_t port>
  using In_ = std::tuple_element_t<port, std::tuple<In...>>;
};

/// Every element of the first input, with the latest of the others.
template <class Lossless, class... In>
struct ZipLatestKernel {
  using Out = std::tuple<Lossless, In...>;
  std::size_t limit;
  std::deque<TicketedElement<Lossless>> queue = {};
  std::tuple<std::optional<In>...> slots = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if constexpr (port == 0) queue.push_back({std::forward<X>(x)});
    else std::get<port - 1>(slots).emplace(std::forward<X>(x));
    if (!std::apply([](const auto&... slot) { return (slot.has_value() && ...); }, slots)) return;
    while (!queue.empty()) {
      TicketedElement<Lossless> first = std::move(queue.front());
      queue.pop_front();
      const TicketScope scope(std::move(first.ticket));
      emit(std::apply([&](const auto&... slot) { return Out{std::move(first.value), *slot...}; }, slots));
    }
  }
  [[nodiscard]] bool is_full(std::size_t port) const { return port == 0 && queue.size() > limit; }
  [[nodiscard]] bool is_over(const Ended& ended) const { return ended[0] && queue.empty(); }
  void reset() {
    queue.clear();
    slots = {};
  }
  auto kept() { return std::tie(queue, slots); }
  [[nodiscard]] std::size_t held() const { return queue.size(); }
};

/// What comes, as it comes.
template <class T>
struct MergeKernel {
  using Out = T;
  static constexpr Traits traits{.where = Where::on_whole_chunks};
  static constexpr bool takes_each_stream_once = true;
  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(std::forward<X>(x));
  }
};

/// The option of this type among the arguments, or `otherwise`.
template <class Option, class... Args>
Option option(Option otherwise, const Args&... args) {
  const auto look = [&](const auto& arg) {
    if constexpr (std::is_same_v<std::decay_t<decltype(arg)>, Option>) otherwise = arg;
  };
  (look(args), ...);
  return otherwise;
}
template <class T>
inline constexpr bool is_literal =
    !is_any_stream<T> && !std::is_same_v<T, max_ahead> && !std::is_same_v<T, emit_on>;

/// The inputs of combine_latest that make it emit: those that were named, or all.
inline Ended inputs_that_emit(const emit_on& which, const std::vector<const Node*>& nodes) {
  const std::size_t count = nodes.size();
  Ended on;
  for (const std::size_t position : which.positions) {
    if (position >= count)
      throw Error(ErrorKind::invalid_argument, "combine_latest: emit_on must be less than " +
                                                   std::to_string(count) + " (got " +
                                                   std::to_string(position) + ")");
    on.set(position);
  }
  for (const Node* node : which.nodes) {
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      throw Error(ErrorKind::invalid_argument,
                  "combine_latest: emit_on names " + node->label() + ", which is not among the streams");
    for (std::size_t i = 0; i < count; ++i) on[i] = on[i] || nodes[i] == node;
  }
  if (on.none()) on.set();
  return on;
}

/// The place of a stream among the arguments of zip. What is kept of the arguments must not hold the stream,
/// whose graph would hold it for ever.
struct Gap {};
template <class T>
auto literal_or_gap(const T& arg) {
  if constexpr (is_stream<T>) return Gap{};
  else return arg;
}

/// Puts the literals among the arguments of zip back into their places. (A type for each tuple: what the
/// compiler deduces for `std::tuple(pair)` is its two parts.)
template <class... Args>
struct WithLiterals {
  std::tuple<Args...> args;

  template <class Items>
  requires std::is_constructible_v<std::decay_t<Items>, Items>
  auto operator()(Items&& items) const { return put_in<0, 0>(std::forward<Items>(items), std::tuple<>()); }

 private:
  template <std::size_t arg, std::size_t item, class Items, class... Put>
  auto put_in(Items&& items, std::tuple<Put...>&& before) const {
    if constexpr (arg == sizeof...(Args)) {
      return std::move(before);
    } else {
      using Arg = std::tuple_element_t<arg, std::tuple<Args...>>;
      if constexpr (std::is_same_v<Arg, Gap>) {
        using Item = std::tuple_element_t<item, std::decay_t<Items>>;
        return put_in<arg + 1, item + 1>(
            std::forward<Items>(items),
            std::tuple_cat(std::move(before), std::tuple<Item>(std::get<item>(std::forward<Items>(items)))));
      } else if constexpr (is_literal<Arg>) {
        return put_in<arg + 1, item>(std::forward<Items>(items),
                                     std::tuple_cat(std::move(before), std::tuple<Arg>(std::get<arg>(args))));
      } else {
        return put_in<arg + 1, item>(std::forward<Items>(items), std::move(before));
      }
    }
  }
};
template <class... Args>
auto with_literals(const Args&... args) {
  using All = WithLiterals<decltype(literal_or_gap(args))...>;
  return All{{literal_or_gap(args)...}};
}

/// The nodes of the streams among the arguments, in order.
template <class... Args>
std::vector<const Node*> nodes_of(const Args&... args) {
  std::vector<const Node*> nodes;
  const auto add = [&]<class Arg>(const Arg& arg) {
    if constexpr (is_any_stream<Arg>) nodes.push_back(node_of(arg));
  };
  (add(args), ...);
  return nodes;
}

}  // namespace detail::stream

namespace op {

/// A join of your own below streams of one side: `make(std::type_identity<T>{}...)` gives its kernel for
/// inputs of these types.
///
/// **Errors.** Does not compile if the streams are not all here or all on the cluster, or if what `make`
/// gives is no `JoinKernel` of their elements.
template <class Make, class First, class... More>
auto join_by_kernel(const char* kind, Make make, const First& first, const More&... more) {
  return detail::stream::join(kind, std::move(make), first, more...);
}

/// The member `zip` as a function, which has its contract.
template <class First, class... Args>
auto zip(const First& first, const Args&... args) {
  constexpr bool has_literals =
      detail::stream::is_literal<First> || (detail::stream::is_literal<Args> || ...);
  constexpr bool is_here =
      !detail::stream::is_on_cluster<First> && (!detail::stream::is_on_cluster<Args> && ...);
  static_assert(is_here || !has_literals, "zip: every argument is a stream on the cluster or max_ahead{n}");
  const max_ahead limit = detail::stream::option(max_ahead{10}, args...);
  const auto together = detail::stream::join(
      "zip",
      [&]<class... E>(std::type_identity<E>...) { return detail::stream::ZipKernel<E...>{limit.elements}; },
      first, args...);
  if constexpr (has_literals && is_here) return together.map(detail::stream::with_literals(first, args...));
  else return together;
}

/// The member `combine_latest` as a function, which has its contract.
template <class First, class... Args>
auto combine_latest(const First& first, const Args&... args) {
  static_assert(((detail::stream::is_any_stream<Args> || std::is_same_v<Args, emit_on>)&&...),
                "combine_latest: every argument is a stream or emit_on(...)");
  const detail::stream::Ended on = detail::stream::inputs_that_emit(
      detail::stream::option(emit_on(), args...), detail::stream::nodes_of(first, args...));
  return detail::stream::join(
      "combine_latest",
      [&]<class... E>(std::type_identity<E>...) { return detail::stream::CombineLatestKernel<E...>{on}; },
      first, args...);
}

/// The member `zip_latest` as a function, which has its contract.
template <class First, class... Args>
auto zip_latest(const First& first, const Args&... args) {
  static_assert(((detail::stream::is_any_stream<Args> || std::is_same_v<Args, max_ahead>)&&...),
                "zip_latest: every argument is a stream or max_ahead{n}");
  const max_ahead limit = detail::stream::option(max_ahead{static_cast<std::size_t>(-1)}, args...);
  return detail::stream::join(
      "zip_latest",
      [&]<class... E>(std::type_identity<E>...) {
        return detail::stream::ZipLatestKernel<E...>{limit.elements};
      },
      first, args...);
}

}  // namespace op

namespace detail::stream {
/// Whether two streams have elements of different types.
template <class A, class B>
inline constexpr bool elements_differ = false;
template <class A, class B>
requires requires {
  typename A::Element;
  typename B::Element;
}
inline constexpr bool elements_differ<A, B> = !std::is_same_v<typename A::Element, typename B::Element>;

// What the joins ask of their arguments.
template <class S, class... Args>
concept Zips = OnOneSide<S, Args...> &&(!is_on_cluster<S> || !(is_literal<Args> || ...));
template <class S, class... Args>
concept Combines = OnOneSide<S, Args...> &&((is_any_stream<Args> || std::is_same_v<Args, emit_on>)&&...);
template <class S, class... Args>
concept ZipsLatest = OnOneSide<S, Args...> &&((is_any_stream<Args> || std::is_same_v<Args, max_ahead>)&&...);
template <class S, class... More>
concept Merges = OnOneSide<S, More...> &&((is_any_stream<More> && !elements_differ<S, More>)&&...);
}  // namespace detail::stream

namespace op {

/// The member `merge` as a function, which has its contract.
template <class First, class... More>
auto merge(const First& first, const More&... more) {
  static_assert((detail::stream::is_any_stream<More> && ...), "merge: every argument is a stream");
  constexpr bool are_alike = (!detail::stream::elements_differ<First, More> && ...);
  static_assert(are_alike, "merge: the streams must have the same element type");
  if constexpr (are_alike)
    return detail::stream::join(
        "merge",
        []<class E, class... Others>(std::type_identity<E>, std::type_identity<Others>...) {
          return detail::stream::MergeKernel<E>{};
        },
        first, more...);
  else return first;
}

/// Several streams into one; members of `Stream` and `ClusterStream`.
template <class Self>
class CombineMembers {
 public:
  /// Emits a tuple when this stream and every other has given one more element.
  ///
  /// **Shape.** `Stream<A>, Stream<B>, ...` in, `std::tuple<A, B, ...>` out, in the order of the arguments;
  /// an argument that is not a stream stands in every tuple. Ends when one input has ended and its elements
  /// are used up.
  /// **Units.** `max_ahead{n}` (10 by default) counts elements one stream may be ahead of the slowest.
  /// **Errors.** Throws `Error{invalid_argument}` for streams of different event loops. A stream with what it
  /// passes itself (`s.zip(s.filter(f))`) runs ahead of it and waits: for ever, which a warning says, and on
  /// a manual clock `Error{unsupported}`.
  /// **Backpressure.** `emit` into a stream waits while more than that many of its elements are unmatched. An
  /// element's ticket is held until its tuple was consumed.
  /// On the cluster every argument is a stream or `max_ahead{n}`, and how far one stream is ahead is known a
  /// little late, so that it may be exceeded by what is on its way.
  /// **Source.** streamz `zip`.
  template <class... Args>
  auto zip(const Args&... args) const requires detail::stream::Zips<Self, Args...> {
    return op::zip(static_cast<const Self&>(*this), args...);
  }
  /// \cond
  WEIR_REFUSES_JOIN(zip, Zips, "on the cluster every argument is a stream on the cluster or max_ahead{n}")
  /// \endcond
  /// Emits a tuple of the latest elements whenever one of the streams gives one, as soon as all have.
  ///
  /// **Shape.** `std::tuple<A, B, ...>` out, in the order of the arguments. With `emit_on(...)`, only
  /// elements of these streams make it emit. An element that reaches it on two ways gives two tuples, the
  /// first of which mixes new and old.
  /// **Errors.** Throws `Error{invalid_argument}` if `emit_on` names what is not among the streams.
  /// **Backpressure.** Holds an element's ticket until the first tuple with it was consumed or it is
  /// replaced.
  /// **Source.** streamz `combine_latest`.
  template <class... Args>
  auto combine_latest(const Args&... args) const requires detail::stream::Combines<Self, Args...> {
    return op::combine_latest(static_cast<const Self&>(*this), args...);
  }
  /// \cond
  WEIR_REFUSES_JOIN(combine_latest, Combines, "every argument is a stream or emit_on(...)")
  /// \endcond
  /// Emits every element of this stream once, with the latest elements of the others.
  ///
  /// **Shape.** `std::tuple<T, A, ...>` out. Elements of this stream that come before all others have
  /// given one wait, and then come out together.
  /// **Units.** `max_ahead{n}` (no limit by default) counts elements of this stream that wait.
  /// **Errors.** Throws `Error{invalid_argument}` for streams of different event loops.
  /// **Backpressure.** With `max_ahead`, `emit` into this stream waits while more than that many wait.
  /// **Source.** streamz `zip_latest`.
  template <class... Args>
  auto zip_latest(const Args&... args) const requires detail::stream::ZipsLatest<Self, Args...> {
    return op::zip_latest(static_cast<const Self&>(*this), args...);
  }
  /// \cond
  WEIR_REFUSES_JOIN(zip_latest, ZipsLatest, "every argument is a stream or max_ahead{n}")
  /// \endcond
  /// Passes on what any of the streams gives, as it comes; on the cluster, in the order of emission.
  ///
  /// **Shape.** Elements of one type, which all streams have; each once, also of a stream that is named
  /// twice. Ends when all have.
  /// **Errors.** Throws `Error{invalid_argument}` for streams of different event loops.
  /// **Source.** streamz `union`.
  template <class... More>
  auto merge(const More&... more) const requires detail::stream::Merges<Self, More...> {
    return op::merge(static_cast<const Self&>(*this), more...);
  }
  /// \cond
  WEIR_REFUSES_JOIN(merge, Merges, "every argument is a stream, and all have the same element type")
  /// \endcond
};

}  // namespace op
}  // namespace weir
