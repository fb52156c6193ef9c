// Views: which values are gone with what they were made of.
#pragma once

#include <optional>
#include <ranges>
#include <type_traits>

#include "weir/detail/task/serialize.hpp"

namespace weir::detail::bag {

template <class T, int depth>
constexpr bool holds_view();
template <class Tuple, int depth, std::size_t... I>
constexpr bool items_hold_view(std::index_sequence<I...>) {
  return (holds_view<std::tuple_element_t<I, Tuple>, depth>() || ...);
}
template <class Struct, int depth, std::size_t... I>
constexpr bool fields_hold_view(std::index_sequence<I...>) {
  return (holds_view<task::FieldType<Struct, I>, depth>() || ...);
}
/// Whether a value is a view (`std::string_view`, `std::span`) or has one in it, `depth` levels down: in
/// containers, pairs, tuples, optional values and plain structs.
template <class T, int depth = 5>
constexpr bool holds_view() {
  if constexpr (depth == 0) return false;
  else if constexpr (std::ranges::borrowed_range<T>) return true;
  else if constexpr (requires { std::tuple_size<T>::value; })
    return items_hold_view<T, depth - 1>(std::make_index_sequence<std::tuple_size_v<T>>{});
  else if constexpr (std::ranges::range<T>) return holds_view<std::ranges::range_value_t<T>, depth - 1>();
  else if constexpr (requires(const T& value) { value.has_value(), *value; })
    return holds_view<typename T::value_type, depth - 1>();
  else if constexpr (task::PlainStruct<T>)
    return fields_hold_view<T, depth - 1>(std::make_index_sequence<task::field_count<T>>{});
  else return false;
}

/// Whether values can be kept when their line is gone, and brought to others.
template <class... T>
concept Kept = (task::Travels<T>::value && ...);
/// Whether they can be kept in the task that made them.
template <class T>
concept Owns = task::Travels<T>::value || !holds_view<T>();

}  // namespace weir::detail::bag
