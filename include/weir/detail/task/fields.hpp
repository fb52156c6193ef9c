// The members of a plain struct, one by one, also where some of them are C arrays (which Boost.PFR alone does
// not count right).
#pragma once

#include <boost/pfr/detail/core17_generated.hpp>
#include <boost/pfr/detail/size_t_.hpp>
#include <exception>
#include <type_traits>
#include <utility>

namespace weir::detail::task {

/// Converts to anything but an array, which is how an initializer is told from an array member.
template <class Whole>
struct AnyField {
  template <class T>
  requires(!std::is_same_v<std::remove_cv_t<T>, Whole>) operator T() const {
    std::terminate();  // never called; without a body clang warns about structs in anonymous namespaces
  }
};

/// Whether `T` can be copied, with what it contains: std::vector says so of itself whatever that is.
template <class T>
constexpr bool copies_inside() {
  if constexpr (!std::is_copy_constructible_v<T>) return false;
  else if constexpr (requires { typename T::value_type; })
    return std::is_same_v<T, typename T::value_type> || copies_inside<typename T::value_type>();
  else return true;
}
/// What stands between inner braces. clang instantiates the constructor of a std::vector whose elements it
/// could be, which copies them: it must not be elements that cannot be.
template <class Whole>
struct AnyInBraces {
  template <class T>
  requires(!std::is_same_v<std::remove_cv_t<T>, Whole> &&
           !(std::is_aggregate_v<T> && std::is_class_v<T>)&&copies_inside<T>())
  operator T() const {
    std::terminate();
  }
};
template <class T, class Before, class After>
struct InitializableImpl;
template <class T, std::size_t... B, std::size_t... A>
struct InitializableImpl<T, std::index_sequence<B...>, std::index_sequence<A...>> {
  template <std::size_t>
  using Any = AnyField<T>;
  static constexpr bool flat = requires { T{Any<B>{}..., Any<A>{}...}; };
  static constexpr bool braced = requires { T{Any<B>{}..., {AnyInBraces<T>{}}, Any<A>{}...}; };
};
template <class T, std::size_t N>
constexpr bool takes_flat() {
  return InitializableImpl<T, std::make_index_sequence<N>, std::index_sequence<>>::flat;
}
template <class T, std::size_t Before, std::size_t After>
constexpr bool takes_braced() {
  return InitializableImpl<T, std::make_index_sequence<Before>, std::make_index_sequence<After>>::braced;
}

// Most initializers without inner braces: members, with arrays counted by their elements.
template <class T, std::size_t Low, std::size_t High>
constexpr std::size_t flat_count() {
  if constexpr (High - Low <= 1) return Low;
  else if constexpr (constexpr std::size_t middle = (Low + High) / 2; takes_flat<T, middle>())
    return flat_count<T, middle, High>();
  else return flat_count<T, Low, middle>();
}
template <class T, std::size_t Before, std::size_t Low, std::size_t High>
constexpr std::size_t tail_count() {
  if constexpr (High - Low <= 1) return Low;
  else if constexpr (constexpr std::size_t middle = (Low + High) / 2; takes_braced<T, Before, middle>())
    return tail_count<T, Before, middle, High>();
  else return tail_count<T, Before, Low, middle>();
}
template <class T, std::size_t At, std::size_t All>
constexpr std::size_t members_from() {
  if constexpr (At >= All) return 0;
  else if constexpr (!takes_braced<T, At, 0>()) return 1 + members_from<T, At + 1, All>();
  else return 1 + members_from<T, All - tail_count<T, At, 0, All - At>(), All>();
}

/// Number of members of a plain struct.
template <class T>
inline constexpr std::size_t field_count = [] {
  if constexpr (std::is_empty_v<T>) return std::size_t{0};
  else return members_from<T, 0, flat_count<T, 0, sizeof(T) + 1>()>();
}();

/// References to the members of a plain struct.
template <class T>
constexpr auto fields_of(T& value) {
  return boost::pfr::detail::tie_as_tuple(value,
                                          boost::pfr::detail::size_t_<field_count<std::remove_cv_t<T>>>{});
}

/// The type of a member, without const.
template <class T, std::size_t I>
using FieldType = std::remove_cvref_t<decltype(boost::pfr::detail::sequence_tuple::get<I>(
    std::declval<decltype(fields_of(std::declval<T&>()))&>()))>;

/// Calls `f` with each member in turn.
template <class T, class F>
constexpr void for_each_field(T& value, F&& f) {
  if constexpr (!std::is_empty_v<T>) {
    auto fields = fields_of(value);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (f(boost::pfr::detail::sequence_tuple::get<I>(fields)), ...);
    }
    (std::make_index_sequence<field_count<std::remove_cv_t<T>>>{});
  }
}

}  // namespace weir::detail::task
