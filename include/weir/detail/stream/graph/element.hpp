// What a stream has to know of its elements.
#pragma once

#include <deque>
#include <iterator>
#include <list>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace weir::detail::stream {

/// Whether values of T can be copied; looks into the standard containers, whose own answer is always yes.
template <class T>
inline constexpr bool is_copyable = std::is_copy_constructible_v<T>;
template <class T, class A>
inline constexpr bool is_copyable<std::vector<T, A>> = is_copyable<T>;
template <class T, class A>
inline constexpr bool is_copyable<std::deque<T, A>> = is_copyable<T>;
template <class T, class A>
inline constexpr bool is_copyable<std::list<T, A>> = is_copyable<T>;
template <class T>
inline constexpr bool is_copyable<std::optional<T>> = is_copyable<T>;
template <class A, class B>
inline constexpr bool is_copyable<std::pair<A, B>> = is_copyable<A>&& is_copyable<B>;
template <class... T>
inline constexpr bool is_copyable<std::tuple<T...>> = (is_copyable<T> && ...);
template <class... T>
inline constexpr bool is_copyable<std::variant<T...>> = (is_copyable<T> && ...);

/// What a range gives; of one that gives proxies, such as `std::vector<bool>`, what they stand for.
template <class Iterator>
struct Pointed {
  using type = std::remove_cvref_t<decltype(*std::declval<Iterator&>())>;
};
template <std::indirectly_readable Iterator>
struct Pointed<Iterator> {
  using type = std::iter_value_t<Iterator>;
};
template <class Range>
using ItemOf = typename Pointed<decltype(std::begin(std::declval<Range&>()))>::type;

/// Whether an element stands for some that are on the cluster.
template <class T>
inline constexpr bool is_chunk = false;

}  // namespace weir::detail::stream
