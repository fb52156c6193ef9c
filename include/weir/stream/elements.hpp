// Element by element: map, starmap, filter, remove, flatten, pluck, enumerate, slice, take, skip, take_while.
#pragma once

#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/refusal.hpp"
#include "weir/error.hpp"
#include "weir/stream/extend.hpp"

namespace weir {
namespace detail::stream {

/// Writes a key into a sentence if it can be written.
template <class Key>
std::string shown(const Key& key) {
  if constexpr (std::is_convertible_v<const Key&, std::string>) return "'" + std::string(key) + "'";
  else if constexpr (std::is_arithmetic_v<Key>) return std::to_string(key);
  else return "?";
}

template <class In, class F>
struct MapKernel {
  using Out = std::decay_t<Called<F, In>>;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(call(f, std::forward<X>(x))));
  }
};

template <class In, class F>
struct StarmapKernel {
  using Out = std::decay_t<decltype(std::apply(std::declval<F&>(), std::declval<const In&>()))>;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(std::apply(f, std::forward<X>(x))));
  }
};

template <class In, class F>
struct FilterKernel {
  using Out = In;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  F f;
  bool keep = true;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (static_cast<bool>(std::invoke(f, std::as_const(x))) == keep) emit(std::forward<X>(x));
  }
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class In>
struct FlattenKernel {
  template <class C>
  static auto element() {
    if constexpr (is_optional<C>) return std::type_identity<typename C::value_type>{};
    else return std::type_identity<ItemOf<C>>{};
  }
  using Out = typename decltype(element<In>())::type;
  static constexpr Traits traits{.where = Where::anywhere};
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if constexpr (is_optional<In>) {
      if (x) emit(Out(*std::forward<X>(x)));
    } else {
      for (auto&& item : x) {
        if constexpr (std::is_rvalue_reference_v<X&&> &&
                      !std::is_const_v<std::remove_reference_t<decltype(item)>>)
          emit(Out(std::move(item)));
        else emit(Out(item));
      }
    }
  }
};

/// Items of a tuple-like element, chosen at compile time.
template <class In, std::size_t First, std::size_t... More>
struct PluckTupleKernel {
  static_assert(First < std::tuple_size_v<In> && ((More < std::tuple_size_v<In>)&&...),
                "pluck: the element has no item with this index");
  template <std::size_t I>
  using Item = std::remove_cvref_t<std::tuple_element_t<I, In>>;
  using Out = std::conditional_t<sizeof...(More) == 0, Item<First>, std::tuple<Item<First>, Item<More>...>>;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if constexpr (sizeof...(More) == 0) emit(Out(std::get<First>(std::forward<X>(x))));
    else emit(Out(std::get<First>(x), std::get<More>(x)...));
  }
};

/// One of several keys.
template <class Key>
struct KeyIn : std::type_identity<Key> {};
template <class Key>
struct KeyIn<std::vector<Key>> : std::type_identity<Key> {};

/// Whether `In` has an item by a key: a map, a sequence with its index, or a struct with a member pointer.
template <class In, class Key>
inline constexpr bool has_item = requires(const In& x, const Key& key) {
  x.find(key)->second;
}
|| requires(const In& x, const Key& key) {
  std::size(x);
  x[static_cast<std::size_t>(key)];
}
|| (std::is_member_pointer_v<Key> && std::is_invocable_v<const Key&, const In&>);

/// Items of a container, by key or index; `Key` may be a vector of keys.
template <class In, class Key>
struct PluckKernel {
  template <class K>
  static const auto& item(const In& x, const K& key) {
    if constexpr (requires {
                    x.find(key) == x.end();
                    x.find(key)->second;
                  }) {
      const auto found = x.find(key);
      if (found == x.end()) throw Error(ErrorKind::not_found, "pluck: the element has no key " + shown(key));
      return found->second;
    } else {
      const auto size = static_cast<std::size_t>(std::size(x));
      if (static_cast<std::size_t>(key) >= size)
        throw Error(ErrorKind::not_found, "pluck: the element has no index " + shown(key) + " (its size is " +
                                              std::to_string(size) + ")");
      return x[static_cast<std::size_t>(key)];
    }
  }
  using Out = std::decay_t<decltype(item(std::declval<const In&>(), std::declval<const Key&>()))>;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  Key key;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(item(x, key)));
  }
};
template <class In, class Key>
struct PluckManyKernel {
  using Out = std::vector<typename PluckKernel<In, Key>::Out>;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  std::vector<Key> keys;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    Out items;
    items.reserve(keys.size());
    for (const Key& key : keys) items.push_back(PluckKernel<In, Key>::item(x, key));
    emit(std::move(items));
  }
};

template <class In>
struct EnumerateKernel {
  using Out = std::pair<std::uint64_t, In>;
  std::uint64_t next;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(Out(next++, std::forward<X>(x)));
  }
  auto kept() { return std::tie(next); }
};

template <class In>
struct SliceKernel {
  using Out = In;
  static constexpr Traits traits{.all_or_nothing = true};
  std::uint64_t start, end, step;
  std::uint64_t seen = 0;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    const std::uint64_t i = seen++;
    if (i >= start && i < end && (i - start) % step == 0) emit(std::forward<X>(x));
  }
  [[nodiscard]] bool is_done() const { return seen >= end; }
  void reset() { seen = 0; }
  auto kept() { return std::tie(seen); }
};

template <class In, class F>
struct TakeWhileKernel {
  using Out = In;
  static constexpr Traits traits{.all_or_nothing = true};
  F f;
  bool over = false;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (over) return;
    if (std::invoke(f, std::as_const(x))) emit(std::forward<X>(x));
    else over = true;
  }
  [[nodiscard]] bool is_done() const { return over; }
  auto kept() { return std::tie(over); }
};

/// A function and further arguments behind the element's; travels if they do.
template <class F, class... More>
struct Bound {
  F f;
  std::tuple<More...> more;
  template <class... X>
  requires std::is_invocable_v<F&, X..., More&...>
  decltype(auto) operator()(X&&... x) {
    return std::apply(
        [&](auto&... last) -> decltype(auto) { return std::invoke(f, std::forward<X>(x)..., last...); },
        more);
  }
};
/// The same name for `starmap`, before the items of a tuple or pair.
template <class In, class... More>
struct SeveralFormsOfItems;
template <template <class...> class Tuple, class First, class... Rest, class... More>
struct SeveralFormsOfItems<Tuple<First, Rest...>, More...>
    : std::type_identity<NeedsWeirOverload<First, First, Rest..., More...>> {};

template <class F, class... More>
using BoundTo = std::conditional_t<sizeof...(More) == 0, F, Bound<F, More...>>;

// What members that take functions ask of them, so that the compiler says at the call, and first of all, what
// is wrong.
template <class S, class F, class... More>
concept TakesElement = CanGo<S, F, More...> && CallableWith < BoundTo<F, More...>,
typename S::Element > ;
template <class S, class F, class... More>
concept MapsElement =
    TakesElement<S, F, More...> && !std::is_void_v<Called<BoundTo<F, More...>, typename S::Element>>;
template <class S, class F, class... More>
concept TakesItems = CanGo<S, F, More...> && is_callable_with_items < BoundTo<F, More...>,
typename S::Element > ();
template <class S, class F, class... More>
concept MapsItems = TakesItems<S, F, More...> && !std::is_void_v<decltype(std::apply(
    std::declval<BoundTo<F, More...>&>(), std::declval<const typename S::Element&>()))>;
template <class S, class F, class... More>
concept JudgesElement = CanGo<S, F, More...> && std::is_invocable_r_v < bool,
        BoundTo<F, More...>
&, const typename S::Element& > ;
template <class S, class Key, class... None>
concept PlucksItem = CanGo<S, Key> && has_item<typename S::Element, typename KeyIn<Key>::type>;
template <class In, std::size_t... I>
constexpr bool has_items_at() {
  if constexpr (requires { std::tuple_size<In>::value; }) return ((I < std::tuple_size_v<In>)&&...);
  else return false;
}
template <class In>
concept HasItems = is_optional<In> || requires(In& x) {
  std::begin(x) != std::end(x);
};
template <class S>
concept OfItems = HasItems<typename S::Element>;

/// The function of the operator `who`, with further arguments bound to it.
template <class F, class... More>
auto bind_back(const char* who, F f, More... more) {
  F called = detail::callable(who, "the function", std::move(f));
  if constexpr (sizeof...(More) == 0) {
    return called;
  } else {
    return Bound<F, More...>{std::move(called), {std::move(more)...}};
  }
}

}  // namespace detail::stream

namespace op {

/// The member `map` as an operator, which has its contract.
template <class F, class... More>
auto map(F f, More... more) {
  return ByKernel{"map", [f = detail::stream::bind_back("map", std::move(f), std::move(more)...)]<class In>(
                             std::type_identity<In>) mutable {
                    constexpr bool is_callable = detail::stream::CallableWith<decltype(f), In>;
                    if constexpr (is_callable) {
                      constexpr bool gives = !std::is_void_v<detail::stream::Called<decltype(f), In>>;
                      if constexpr (gives) return detail::stream::MapKernel<In, decltype(f)>{std::move(f)};
                      else return detail::stream::Refused<In, detail::stream::Misfit::nothing>{};
                    } else {
                      return detail::stream::Refused<In, detail::stream::Misfit::function>{};
                    }
                  }};
}

/// The member `starmap` as an operator, which has its contract.
template <class F, class... More>
auto starmap(F f, More... more) {
  return ByKernel{"starmap",
                  [f = detail::stream::bind_back("starmap", std::move(f), std::move(more)...)]<class In>(
                      std::type_identity<In>) mutable {
                    constexpr bool is_callable = detail::stream::is_callable_with_items<decltype(f), In>();
                    if constexpr (is_callable)
                      return detail::stream::StarmapKernel<In, decltype(f)>{std::move(f)};
                    else return detail::stream::Refused<In, detail::stream::Misfit::items>{};
                  }};
}

/// The member `filter` as an operator, which has its contract.
template <class F, class... More>
auto filter(F predicate, More... more) {
  return ByKernel{
      "filter", [f = detail::stream::bind_back("filter", std::move(predicate), std::move(more)...)]<class In>(
                    std::type_identity<In>) mutable {
        constexpr bool is_predicate = std::is_invocable_r_v<bool, decltype(f)&, const In&>;
        if constexpr (is_predicate) return detail::stream::FilterKernel<In, decltype(f)>{std::move(f), true};
        else return detail::stream::Refused<In, detail::stream::Misfit::predicate>{};
      }};
}
/// The member `remove` as an operator, which has its contract.
template <class F, class... More>
auto remove(F predicate, More... more) {
  return ByKernel{
      "remove", [f = detail::stream::bind_back("remove", std::move(predicate), std::move(more)...)]<class In>(
                    std::type_identity<In>) mutable {
        constexpr bool is_predicate = std::is_invocable_r_v<bool, decltype(f)&, const In&>;
        if constexpr (is_predicate) return detail::stream::FilterKernel<In, decltype(f)>{std::move(f), false};
        else return detail::stream::Refused<In, detail::stream::Misfit::predicate>{};
      }};
}

/// The member `flatten` as an operator, which has its contract.
inline auto flatten() {
  return ByKernel{"flatten", []<class In>(std::type_identity<In>) {
                    constexpr bool has_items = detail::stream::HasItems<In>;
                    if constexpr (has_items) return detail::stream::FlattenKernel<In>{};
                    else return detail::stream::Refused<In, detail::stream::Misfit::range>{};
                  }};
}

/// The member `pluck` as an operator, which has its contract.
template <std::size_t First, std::size_t... More>
auto pluck() {
  return ByKernel{"pluck", []<class In>(std::type_identity<In>) {
                    return detail::stream::PluckTupleKernel<In, First, More...>{};
                  }};
}
/// Emits one item of each element: a member pointer, the key of a map, or the index of a sequence.
///
/// **Errors.** An element without the key or index fails with `Error{not_found}`.
/// **Source.** streamz `Stream.pluck`.
template <class Key>
auto pluck(Key key) {
  return ByKernel{"pluck", [key = detail::callable("pluck", "the key", std::move(key))]<class In>(
                               std::type_identity<In>) {
                    constexpr bool has_item = detail::stream::has_item<In, Key>;
                    if constexpr (!has_item)
                      return detail::stream::Refused<In, detail::stream::Misfit::item>{};
                    else if constexpr (std::is_member_pointer_v<Key>)
                      return detail::stream::MapKernel<In, Key>{key};
                    else return detail::stream::PluckKernel<In, Key>{key};
                  }};
}
/// Emits a vector of items of each element, one for each key.
template <class Key>
auto pluck(std::vector<Key> keys) {
  return ByKernel{"pluck", [keys = std::move(keys)]<class In>(std::type_identity<In>) {
                    constexpr bool has_item = detail::stream::has_item<In, Key>;
                    if constexpr (has_item) return detail::stream::PluckManyKernel<In, Key>{keys};
                    else return detail::stream::Refused<In, detail::stream::Misfit::item>{};
                  }};
}

/// The member `enumerate` as an operator, which has its contract.
inline auto enumerate(std::uint64_t first = 0) {
  return ByKernel{"enumerate", [first]<class In>(std::type_identity<In>) {
                    return detail::stream::EnumerateKernel<In>{first};
                  }};
}

/// The member `slice` as an operator, which has its contract.
inline auto slice(std::int64_t start, std::optional<std::int64_t> end = {}, std::int64_t step = 1) {
  const auto refuse = [](const char* rule, std::int64_t value) {
    throw Error(ErrorKind::invalid_argument,
                std::string("slice: ") + rule + " (got " + std::to_string(value) + ")");
  };
  if (start < 0) refuse("start must not be negative", start);
  if (end && *end < 0) refuse("end must not be negative", *end);
  if (step < 1) refuse("step must be at least 1", step);
  const auto limit = end ? static_cast<std::uint64_t>(*end) : std::numeric_limits<std::uint64_t>::max();
  return ByKernel{
      "slice",
      [=]<class In>(std::type_identity<In>) {
        return detail::stream::SliceKernel<In>{static_cast<std::uint64_t>(start), limit,
                                               static_cast<std::uint64_t>(step)};
      },
      std::to_string(start) + ":" + (end ? std::to_string(*end) : "") + ":" + std::to_string(step)};
}
/// The member `take` as an operator, which has its contract.
inline auto take(std::uint64_t n) {
  return ByKernel{"take",
                  [n]<class In>(std::type_identity<In>) {
                    return detail::stream::SliceKernel<In>{0, n, 1};
                  },
                  std::to_string(n)};
}
/// The member `skip` as an operator, which has its contract.
inline auto skip(std::uint64_t n) {
  return ByKernel{"skip",
                  [n]<class In>(std::type_identity<In>) {
                    return detail::stream::SliceKernel<In>{n, std::numeric_limits<std::uint64_t>::max(), 1};
                  },
                  std::to_string(n)};
}
/// The member `take_while` as an operator, which has its contract.
template <class F>
auto take_while(F predicate) {
  return ByKernel{"take_while",
                  [f = detail::callable("take_while", "the function", std::move(predicate))]<class In>(
                      std::type_identity<In>) mutable {
                    constexpr bool is_predicate = std::is_invocable_r_v<bool, F&, const In&>;
                    if constexpr (is_predicate) return detail::stream::TakeWhileKernel<In, F>{std::move(f)};
                    else return detail::stream::Refused<In, detail::stream::Misfit::predicate>{};
                  }};
}

/// Element by element; members of `Stream` and `ClusterStream`.
template <class Self>
class ElementMembers {
 public:
  /// Emits `f(x, more...)` for each element.
  ///
  /// **Shape.** One element out for one in, of the type `f` returns; order kept.
  /// **Errors.** What `f` throws is answered by the node's policy. Does not compile if `f` returns nothing.
  /// **Threads.** `f` runs on the thread that emits, one call at a time.
  /// **Source.** streamz `Stream.map`.
  ///
  /// \return `numbers.map([](int x) { return x + 1; })` turns `0 1 2` into `1 2 3`.
  template <class F, class... More>
  auto map(F f, More... more) const& requires detail::stream::MapsElement<Self, F, More...> {
    return static_cast<const Self&>(*this).apply(op::map(std::move(f), std::move(more)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F, class... More>
      auto map(F f, More... more) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::MapsElement<Self, F, More...> {
    return static_cast<Self&&>(*this).apply(op::map(std::move(f), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: map: must be given a function of an element")
  detail::Refused map() const& {
    return {};
  }
  WEIR_REFUSES_FUNCTION(
      map, TakesElement,
      "the function cannot be called with an element of this stream and the further arguments", F, More...)
  template <class F, class... More, class S = Self>
  requires(detail::stream::TakesElement<S, F, More...> && !detail::stream::MapsElement<S, F, More...>)
      WEIR_REFUSES("weir: map: the function must return a value; use sink for one that does not")
  detail::Refused map(F, More...) const& { return {}; }
  template <class... More, class S = Self>
  WEIR_REFUSES(
      "weir: map: this function has several forms, or is a template: choose one, "
      ".map(weir::overload<double(double)>(std::sqrt)), or name it in a lambda")
  detail::Refused
      map(detail::NeedsWeirOverload<typename S::Element, typename S::Element, More...>, More...) const& {
    return {};
  }
  /// \endcond

  /// Emits `f(items..., more...)` for each tuple or pair.
  ///
  /// **Shape.** A tuple-like element in, one element of the type `f` returns out.
  /// **Errors.** What `f` throws is answered by the node's policy.
  /// **Source.** streamz `Stream.starmap`.
  template <class F, class... More>
  auto starmap(F f, More... more) const& requires detail::stream::MapsItems<Self, F, More...> {
    return static_cast<const Self&>(*this).apply(op::starmap(std::move(f), std::move(more)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F, class... More>
      auto starmap(F f, More... more) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::MapsItems<Self, F, More...> {
    return static_cast<Self&&>(*this).apply(op::starmap(std::move(f), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: starmap: must be given a function of the items of an element")
  detail::Refused starmap() const& {
    return {};
  }
  WEIR_REFUSES_FUNCTION(starmap, TakesItems,
                        "the function cannot be called with the items of an element, a tuple or pair, and "
                        "the further arguments",
                        F, More...)
  template <class F, class... More, class S = Self>
  requires(detail::stream::TakesItems<S, F, More...> && !detail::stream::MapsItems<S, F, More...>)
      WEIR_REFUSES("weir: starmap: the function must return a value; use starsink for one that does not")
  detail::Refused starmap(F, More...) const& { return {}; }
  template <class... More, class S = Self>
  WEIR_REFUSES(
      "weir: starmap: this function has several forms, or is a template: choose one, "
      ".starmap(weir::overload<double(double, double)>(std::pow)), or name it in a lambda")
  detail::Refused starmap(typename detail::stream::SeveralFormsOfItems<typename S::Element, More...>::type,
                          More...) const& {
    return {};
  }
  /// \endcond
  /// Passes the elements for which `predicate(x, more...)` holds.
  ///
  /// **Shape.** Same elements, same order, fewer of them.
  /// **Errors.** What `predicate` throws is answered by the node's policy.
  /// **Source.** streamz `Stream.filter`.
  template <class F, class... More>
  auto filter(F predicate, More... more) const& requires detail::stream::JudgesElement<Self, F, More...> {
    return static_cast<const Self&>(*this).apply(op::filter(std::move(predicate), std::move(more)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F, class... More>
      auto filter(F predicate, More... more) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::JudgesElement<Self, F, More...> {
    return static_cast<Self&&>(*this).apply(op::filter(std::move(predicate), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: filter: must be given a function of an element that returns a bool")
  detail::Refused filter() const& {
    return {};
  }
  WEIR_REFUSES_FUNCTION(
      filter, JudgesElement,
      "the function must take an element of this stream and the further arguments, and return a bool", F,
      More...)
  template <class... More, class S = Self>
  WEIR_REFUSES(
      "weir: filter: this function has several forms, or is a template: choose one, "
      ".filter(weir::overload<bool(double)>(is_good)), or name it in a lambda")
  detail::Refused filter(detail::NeedsWeirOverload<bool, typename S::Element, More...>, More...) const& {
    return {};
  }
  /// \endcond

  /// Passes the elements for which `predicate(x, more...)` does not hold.
  template <class F, class... More>
  auto remove(F predicate, More... more) const& requires detail::stream::JudgesElement<Self, F, More...> {
    return static_cast<const Self&>(*this).apply(op::remove(std::move(predicate), std::move(more)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F, class... More>
      auto remove(F predicate, More... more) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::JudgesElement<Self, F, More...> {
    return static_cast<Self&&>(*this).apply(op::remove(std::move(predicate), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: remove: must be given a function of an element that returns a bool")
  detail::Refused remove() const& {
    return {};
  }
  WEIR_REFUSES_FUNCTION(
      remove, JudgesElement,
      "the function must take an element of this stream and the further arguments, and return a bool", F,
      More...)
  template <class... More, class S = Self>
  WEIR_REFUSES(
      "weir: remove: this function has several forms, or is a template: choose one, "
      ".remove(weir::overload<bool(double)>(is_good)), or name it in a lambda")
  detail::Refused remove(detail::NeedsWeirOverload<bool, typename S::Element, More...>, More...) const& {
    return {};
  }
  /// \endcond
  /// Emits the items of each element one by one.
  ///
  /// **Shape.** A container, string, range or optional in; its items out, in order. An empty one gives
  /// nothing.
  /// **Errors.** Does not compile for elements without items.
  /// **Backpressure.** The element is done when all its items are.
  /// **Source.** streamz `Stream.flatten`.
  template <class S = Self>
  requires detail::stream::OfItems<S>
  auto flatten() const& { return static_cast<const Self&>(*this).apply(op::flatten()); }
  /// The same of a temporary, whose operators share a task.
  template <class S = Self>
  requires(detail::stream::is_on_cluster<S>&& detail::stream::OfItems<S>) auto flatten() && {
    return static_cast<Self&&>(*this).apply(op::flatten());
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::OfItems<S>) WEIR_REFUSES(
      "weir: flatten: an element of this stream must be a container, a string, a range or an optional")
  detail::Refused flatten() const& { return {}; }
  /// \endcond
  /// Emits items of each tuple-like element: one by itself, several as a tuple. A wrong index does not
  /// compile.
  template <std::size_t First, std::size_t... More, class S = Self>
  requires(detail::stream::has_items_at<typename S::Element, First, More...>()) auto pluck() const& {
    return static_cast<const Self&>(*this).apply(op::pluck<First, More...>());
  }
  /// The same of a temporary, whose operators share a task.
  template <std::size_t First, std::size_t... More, class S = Self>
  requires(detail::stream::is_on_cluster<S>&&
               detail::stream::has_items_at<typename S::Element, First, More...>()) auto pluck() && {
    return static_cast<Self&&>(*this).apply(op::pluck<First, More...>());
  }
  /// \cond
  template <std::size_t First, std::size_t... More, class S = Self>
  requires(!detail::stream::has_items_at<typename S::Element, First, More...>()) WEIR_REFUSES(
      "weir: pluck: an element of this stream has no item with this index; it must be a tuple, a pair or an "
      "array with more items")
  detail::Refused pluck() const& { return {}; }
  /// \endcond
  /// Emits one item of each element: a member pointer, the key of a map, or the index of a sequence; of
  /// several keys in a vector, a vector of their items.
  ///
  /// **Errors.** An element without the key or index fails with `Error{not_found}`.
  /// **Source.** streamz `Stream.pluck`.
  template <class Key>
  auto pluck(Key key) const& requires detail::stream::PlucksItem<Self, Key> {
    return static_cast<const Self&>(*this).apply(op::pluck(std::move(key)));
  }
  /// The same of a temporary, whose operators share a task.
  template <class Key>
      auto pluck(Key key) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::PlucksItem<Self, Key> {
    return static_cast<Self&&>(*this).apply(op::pluck(std::move(key)));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(pluck, PlucksItem,
                        "an element of this stream has no item by this key; it must be a map of such keys, "
                        "or a sequence and the key its index, or have this member",
                        F)
  /// \endcond
  /// Emits `(number, element)`, counting from `first`.
  auto enumerate(std::uint64_t first = 0) const& {
    return static_cast<const Self&>(*this).apply(op::enumerate(first));
  }
  /// The same of a temporary, whose operators share a task.
  auto enumerate(std::uint64_t first = 0) && requires detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::enumerate(first));
  }
  /// Passes the elements a Python slice `[start:end:step]` would, and ends the stream below at `end`.
  ///
  /// **Shape.** Elements `start`, `start + step`, ... before `end`; without `end`, for ever.
  /// **Errors.** Throws `Error{invalid_argument}` if `start` or `end` is negative or `step` is less than 1.
  /// **Source.** Python slices; streamz takes the phase of `step` from 0 and an end of 0 for none.
  auto slice(std::int64_t start, std::optional<std::int64_t> end = {}, std::int64_t step = 1) const& {
    return static_cast<const Self&>(*this).apply(op::slice(start, end, step));
  }
  /// The same of a temporary, whose operators share a task.
  auto slice(std::int64_t start, std::optional<std::int64_t> end = {}, std::int64_t step = 1) && requires
      detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::slice(start, end, step));
  }
  /// Passes the first `n` elements, then ends the stream below.
  ///
  /// What is above goes on, as if this were not there: a source, and a `buffer` that nobody reads any more.
  /// Name it and `destroy` it where it should not.
  auto take(std::uint64_t n) const& { return static_cast<const Self&>(*this).apply(op::take(n)); }
  /// The same of a temporary, whose operators share a task.
  auto take(std::uint64_t n) && requires detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::take(n));
  }
  /// Drops the first `n` elements.
  auto skip(std::uint64_t n) const& { return static_cast<const Self&>(*this).apply(op::skip(n)); }
  /// The same of a temporary, whose operators share a task.
  auto skip(std::uint64_t n) && requires detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::skip(n));
  }
  /// Passes elements until `predicate` fails for the first time, then ends the stream below.
  template <class F>
  auto take_while(F predicate) const& requires detail::stream::JudgesElement<Self, F> {
    return static_cast<const Self&>(*this).apply(op::take_while(std::move(predicate)));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F>
      auto take_while(F predicate) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::JudgesElement<Self, F> {
    return static_cast<Self&&>(*this).apply(op::take_while(std::move(predicate)));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: take_while: must be given a function of an element that returns a bool")
  detail::Refused take_while() const& {
    return {};
  }
  WEIR_REFUSES_FUNCTION(take_while, JudgesElement,
                        "the function must take an element of this stream and return a bool", F)
  /// \endcond
};

}  // namespace op
}  // namespace weir
