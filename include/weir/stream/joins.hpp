// By key and by time: join, left_join, merge_by_time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/stream/combine.hpp"

namespace weir {
namespace detail::stream {

/// The smallest first; waits until every input that has not ended shows its next element.
template <class T, class TimeOf, std::size_t inputs>
struct MergeByTimeKernel {
  using Out = T;
  static constexpr Traits traits{.order_matters = false, .all_or_nothing = true};
  using When = KeyFor<TimeOf, T>;
  std::size_t limit;
  TimeOf time;
  std::array<std::deque<std::pair<When, TicketedElement<T>>>, inputs> queues = {};
  Ended over = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    When when = std::invoke(time, std::as_const(x));
    queues[port].emplace_back(std::move(when), TicketedElement<T>{T(std::forward<X>(x))});
    drain(emit);
  }
  template <class Emit>
  void ended(std::size_t port, Emit&& emit) {
    over.set(port);
    drain(emit);
  }
  [[nodiscard]] bool is_full(std::size_t port) const { return queues[port].size() > limit; }
  void reset() { queues = {}; }
  auto kept() { return std::tie(queues, over); }
  [[nodiscard]] std::size_t held() const {
    std::size_t count = 0;
    for (const auto& queue : queues) count += queue.size();
    return count;
  }

 private:
  [[nodiscard]] bool knows_next() const {
    for (std::size_t i = 0; i < inputs; ++i) {
      if (queues[i].empty() && !over[i]) return false;
    }
    return held() > 0;
  }
  template <class Emit>
  void drain(Emit&& emit) {
    while (knows_next()) {
      const auto first = std::min_element(queues.begin(), queues.end(), [&](const auto& a, const auto& b) {
        if (a.empty() || b.empty()) return !a.empty();
        return a.front().first < b.front().first;
      });
      TicketedElement<T> held = std::move(first->front().second);
      first->pop_front();
      const TicketScope scope(std::move(held.ticket));
      emit(std::move(held.value));
    }
  }
};

/// Pairs with equal keys; each side remembers its newest elements.
template <class A, class B, class KeyA, class KeyB, bool keep_unmatched>
struct KeyedJoinKernel {
  using Key = KeyFor<KeyA, A>;
  static constexpr Traits traits{.all_or_nothing = true};
  using Right = std::conditional_t<keep_unmatched, std::optional<B>, B>;
  using Out = std::pair<A, Right>;
  template <class T>
  struct Kept {
    T value;
    bool matched = false;
  };
  template <class T>
  struct Side {
    std::deque<std::pair<Key, Kept<T>>> order;  // oldest first
    std::uint64_t first = 0;                    // number of the oldest
    KeyMap<Key, std::deque<std::uint64_t>> index;
    Kept<T>& at(std::uint64_t number) { return order[static_cast<std::size_t>(number - first)].second; }
  };
  std::size_t limit;
  KeyA key_a;
  KeyB key_b;
  Side<A> left = {};
  Side<B> right = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if constexpr (port == 0)
      match(key_a, left, right, std::forward<X>(x), emit, [](const A& a, const B& b) { return Out(a, b); });
    else
      match(key_b, right, left, std::forward<X>(x), emit, [](const B& b, const A& a) { return Out(a, b); });
  }
  template <class Emit>
  void finish(Emit&& emit) {
    while (!left.order.empty()) forget(left, emit);
    while (!right.order.empty()) forget(right, emit);
  }
  void reset() {
    left = {};
    right = {};
  }
  auto kept() { return std::tie(left, right); }
  [[nodiscard]] std::size_t held() const { return left.order.size() + right.order.size(); }

 private:
  template <class KeyOf, class Mine, class Other, class X, class Emit, class Make>
  void match(KeyOf& key_of, Mine& mine, Other& other, X&& x, Emit&& emit, Make make) {
    const Key key = std::invoke(key_of, std::as_const(x));
    std::vector<Out> pairs;
    if (const auto found = other.index.find(key); found != other.index.end()) {
      for (const std::uint64_t number : found->second) {
        auto& kept = other.at(number);
        pairs.push_back(make(x, kept.value));
        kept.matched = true;
      }
    }
    mine.order.push_back({key, {std::forward<X>(x), !pairs.empty()}});
    mine.index[key].push_back(mine.first + mine.order.size() - 1);
    for (Out& pair : pairs) emit(std::move(pair));
    while (mine.order.size() > limit) forget(mine, emit);
  }
  template <class T, class Emit>
  void forget(Side<T>& side, Emit&& emit) {
    auto [key, kept] = std::move(side.order.front());
    const auto found = side.index.find(key);
    found->second.pop_front();
    if (found->second.empty()) side.index.erase(found);
    side.order.pop_front();
    ++side.first;
    if constexpr (keep_unmatched && std::is_same_v<T, A>) {
      if (!kept.matched) emit(Out(std::move(kept.value), std::nullopt));
    }
  }
};

/// Why two streams cannot be joined by these keys, if they cannot.
enum class Unjoined { fits, streams, first_key, second_key, keys };
template <class A, class B, class KeyA, class KeyB>
constexpr Unjoined unjoined() {
  if constexpr (!is_any_stream<A> || !is_any_stream<B>) return Unjoined::streams;
  else if constexpr (!FunctionOf<KeyA, typename A::Element>) return Unjoined::first_key;
  else if constexpr (!FunctionOf<KeyB, typename B::Element>) return Unjoined::second_key;
  else if constexpr (!std::is_same_v<KeyFor<KeyA, typename A::Element>, KeyFor<KeyB, typename B::Element>>)
    return Unjoined::keys;
  else return Unjoined::fits;
}
template <class A, class B, class KeyA, class KeyB>
concept JoinsByKeys = unjoined<A, B, KeyA, KeyB>()
== Unjoined::fits;

/// Why streams cannot be merged by time, if they cannot.
enum class Unmerged { fits, streams, sides, types, time };
template <class TimeOf, class First, class... More>
constexpr Unmerged unmerged() {
  if constexpr (!is_any_stream<First> || !((is_any_stream<More> || std::is_same_v<More, max_ahead>)&&...))
    return Unmerged::streams;
  else if constexpr (!OnOneSide<First, More...>) return Unmerged::sides;
  else if constexpr ((elements_differ<First, More> || ...)) return Unmerged::types;
  else if constexpr (!FunctionOf<TimeOf, typename First::Element>) return Unmerged::time;
  else return Unmerged::fits;
}
template <class TimeOf, class First, class... More>
concept MergesByTime = unmerged<TimeOf, First, More...>()
== Unmerged::fits;

template <bool keep_unmatched, class A, class B, class KeyA, class KeyB>
auto join_by_key(const char* kind, const A& a, const B& b, KeyA key_a, KeyB key_b, std::size_t remembered) {
  at_least_one(kind, "remembered", remembered);
  return join(
      kind,
      [&]<class Left, class Right>(std::type_identity<Left>, std::type_identity<Right>) {
        return KeyedJoinKernel<Left, Right, KeyA, KeyB, keep_unmatched>{
            remembered, detail::callable(kind, "a key", key_a), detail::callable(kind, "a key", key_b)};
      },
      a, b);
}

}  // namespace detail::stream

namespace op {

/// Merges streams that are each in the order of time into one that is.
///
/// **Shape.** All elements of all streams; of equal times the earlier argument's first. Waits until every
/// stream that has not ended has shown its next element.
/// **Units.** `max_ahead{n}` (1000 by default) counts elements one stream may hold here.
/// **Errors.** What `time` throws is answered by the node's policy. Throws `Error{invalid_argument}` for
/// streams of different event loops.
/// **Backpressure.** `emit` into a stream waits while more than that many of its elements wait for the
/// others, whose silence therefore holds up all.
template <class TimeOf, class First, class... More>
requires detail::stream::MergesByTime<TimeOf, First, More...>
auto merge_by_time(TimeOf time, const First& first, const More&... more) {
  const max_ahead limit = detail::stream::option(max_ahead{1000}, more...);
  return detail::stream::join(
      "merge_by_time",
      [&]<class E, class... Others>(std::type_identity<E>, std::type_identity<Others>...) {
        return detail::stream::MergeByTimeKernel<E, TimeOf, 1 + sizeof...(Others)>{
            limit.elements, detail::callable("merge_by_time", "the time", time)};
      },
      first, more...);
}

/// \cond
#define WEIR_REFUSES_MERGE(reason, sentence)                                                       \
  template <class TimeOf, class First, class... More>                                              \
  requires(detail::stream::unmerged<TimeOf, First, More...>() == detail::stream::Unmerged::reason) \
      WEIR_REFUSES("weir: merge_by_time: " sentence)                                               \
  detail::Refused merge_by_time(TimeOf, const First&, const More&...) { return {}; }
WEIR_REFUSES_MERGE(streams, "the function of the time comes first, then the streams and max_ahead{n}")
WEIR_REFUSES_MERGE(sides, "scatter() or gather() is missing: all streams are here, or all on the cluster")
WEIR_REFUSES_MERGE(types, "the streams must have the same element type")
WEIR_REFUSES_MERGE(time, "the time must be a function of an element of the streams")
#undef WEIR_REFUSES_MERGE
/// \endcond

/// Emits a pair for every two elements of two streams, here or on the cluster, with equal keys.
///
/// **Shape.** `std::pair<A, B>` out, when the second of the two comes.
/// **Units.** `remembered` counts the newest elements of each side that a later one can meet.
/// **Errors.** Throws `Error{invalid_argument}` if `remembered` is 0.
/// **Cost.** Memory for twice `remembered` elements, never more. An element is done when it was compared;
/// being remembered is state.
template <class A, class B, class KeyA, class KeyB>
requires detail::stream::JoinsByKeys<A, B, KeyA, KeyB>
auto join(const A& a, const B& b, KeyA key_a, KeyB key_b, std::size_t remembered) {
  return detail::stream::join_by_key<false>("join", a, b, std::move(key_a), std::move(key_b), remembered);
}
/// The same; an element of `a` that met none is emitted with `std::nullopt` when it is forgotten or the
/// streams end.
template <class A, class B, class KeyA, class KeyB>
requires detail::stream::JoinsByKeys<A, B, KeyA, KeyB>
auto left_join(const A& a, const B& b, KeyA key_a, KeyB key_b, std::size_t remembered) {
  return detail::stream::join_by_key<true>("left_join", a, b, std::move(key_a), std::move(key_b), remembered);
}

/// \cond
#define WEIR_REFUSES_KEYS(name, reason, sentence)                                            \
  template <class A, class B, class KeyA, class KeyB>                                        \
  requires(detail::stream::unjoined<A, B, KeyA, KeyB>() == detail::stream::Unjoined::reason) \
      WEIR_REFUSES("weir: " #name ": " sentence)                                             \
  detail::Refused name(const A&, const B&, KeyA, KeyB, std::size_t) { return {}; }
#define WEIR_REFUSES_ALL_KEYS(name)                                                                        \
  WEIR_REFUSES_KEYS(name, streams, "the first two arguments are the streams that are joined")              \
  WEIR_REFUSES_KEYS(name, first_key, "the first key must be a function of an element of the first stream") \
  WEIR_REFUSES_KEYS(name, second_key,                                                                      \
                    "the second key must be a function of an element of the second stream")                \
  WEIR_REFUSES_KEYS(name, keys, "both keys must return the same type")
WEIR_REFUSES_ALL_KEYS(join)
WEIR_REFUSES_ALL_KEYS(left_join)
#undef WEIR_REFUSES_ALL_KEYS
#undef WEIR_REFUSES_KEYS
/// \endcond

}  // namespace op
}  // namespace weir
