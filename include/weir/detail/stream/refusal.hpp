// What the compiler says of the functions that operators are given, at the call of the member.
#pragma once

#include <functional>
#include <type_traits>
#include <utility>

#include "weir/detail/core/refused.hpp"
#include "weir/detail/core/several_forms.hpp"
#include "weir/detail/stream/forward.hpp"
#include "weir/detail/stream/graph/kernel.hpp"

namespace weir::detail::stream {

/// Whether a kernel with everything in it can travel; looks into plain structs, where Travels itself trusts.
template <class K>
constexpr bool kernel_travels() {
  if constexpr (task::PlainStruct<K> && !std::is_empty_v<K>) {
    using Fields = decltype(task::fields_of(std::declval<K&>()));
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (kernel_travels<std::remove_cvref_t<decltype(boost::pfr::detail::sequence_tuple::get<I>(
                  std::declval<Fields&>()))>>() &&
              ...);
    }
    (std::make_index_sequence<task::field_count<K>>{});
  } else {
    return task::Travels<K>::value;
  }
}

/// Whether it can be where the elements are; of an operator its kernel is asked.
template <class T>
constexpr bool goes() {
  if constexpr (requires(T & op) { op.kind; }) return true;
  else return kernel_travels<T>();
}
/// Whether functions and what is bound to them can be where the elements are: below `scatter` they travel.
template <class S, class... F>
concept CanGo = !is_on_cluster<S> || (goes<F>() && ...);

template <class S>
concept Scatters = task::Travels<typename S::Element>::value;

/// Whether a member is given a function that makes a key, a time or a size of an element.
template <class S, class F, class... More>
concept FunctionOfElement = CanGo<S, F> && FunctionOf<F, typename S::Element>;

template <class T>
inline constexpr bool is_any_stream = is_stream<T> || is_on_cluster<T>;
/// Whether the streams among the arguments of a join are all here, or all on the cluster.
template <class S, class... Args>
concept OnOneSide = (is_on_cluster<S> && !(is_stream<Args> || ...)) ||
                    (!is_on_cluster<S> && !(is_on_cluster<Args> || ...));

}  // namespace weir::detail::stream

/// What a member says of a function `F` with further arguments `More` that is not `right`, or captures below
/// `scatter`; its parameters follow.
#define WEIR_REFUSES_FUNCTION(name, right, sentence, ...)                                                  \
  template <class F, class... More, class S = Self>                                                        \
  requires(detail::stream::CanGo<S, F, More...> && !detail::stream::right<S, F, More...>)                  \
      WEIR_REFUSES("weir: " #name ": " sentence)                                                           \
  detail::Refused name(__VA_ARGS__) const& { return {}; }                                                  \
  template <class F, class... More, class S = Self>                                                        \
  requires(!detail::stream::CanGo<S, F, More...>) WEIR_REFUSES(                                            \
      "weir: " #name                                                                                       \
      ": a function or an argument of it cannot travel to another process. Below scatter() a lambda must " \
      "not capture: pass the values as further arguments (map(f, x, y)); a functor with members needs a "  \
      "cereal serialize() function or must be a plain struct.")                                            \
  detail::Refused name(__VA_ARGS__) const& { return {}; }

/// What a join of this stream and others says of streams on both sides, and of arguments that are not
/// `right`.
#define WEIR_REFUSES_JOIN(name, right, sentence)                                        \
  template <class... More, class S = Self>                                              \
  requires(detail::stream::OnOneSide<S, More...> && !detail::stream::right<S, More...>) \
      WEIR_REFUSES("weir: " #name ": " sentence)                                        \
  detail::Refused name(const More&...) const { return {}; }                             \
  template <class... More, class S = Self>                                              \
  requires(!detail::stream::is_on_cluster<S> && !detail::stream::OnOneSide<S, More...>) \
      WEIR_REFUSES("weir: " #name                                                       \
                   ": gather() is missing: one of the streams is on the cluster, the "  \
                   "first one is not")                                                  \
  detail::Refused name(const More&...) const { return {}; }                             \
  template <class... More, class S = Self>                                              \
  requires(detail::stream::is_on_cluster<S> && !detail::stream::OnOneSide<S, More...>)  \
      WEIR_REFUSES("weir: " #name                                                       \
                   ": scatter() is missing: the first stream is on the cluster, "       \
                   "another one is not")                                                \
  detail::Refused name(const More&...) const { return {}; }
