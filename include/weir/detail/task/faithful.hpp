// Which values are the same whether they are copied or written and read back.
#pragma once

#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/task/serialize.hpp"

namespace weir::detail::task {

/// Looks into containers and plain structs. `Seen`: the structs that are being looked into, which may own
/// others of their kind.
template <class T, class... Seen>
struct FaithfulAmong;
template <class T, class... Seen>
concept FaithfulWithin =
    (std::is_same_v<T, Seen> || ...) || FaithfulAmong<std::remove_cv_t<T>, Seen...>::value;

/// A copy of such a value cannot be told from one that was written and read back, and neither shares
/// anything with it: numbers, text, the std containers of them, plain structs of these. Not what has
/// functions of its own that write it, and not what points somewhere.
template <class T>
concept Faithful = FaithfulAmong<std::remove_cv_t<T>>::value;

/// Whether what a container is made with says nothing: memory of a program's own would not travel, nor would
/// an order that an object decides.
template <class... Policy>
inline constexpr bool says_nothing = (std::is_empty_v<Policy> && ...);

template <class T, class... Seen>
constexpr bool is_faithful() {
  if constexpr (Bitwise<T>) return true;
  else if constexpr (OwnBytes<T> || !PlainStruct<T> || !std::is_copy_constructible_v<T>) return false;
  else return []<std::size_t... I>(std::index_sequence<I...>) {
      return (FaithfulWithin<FieldType<T, I>, T, Seen...> && ...);
    }
  (std::make_index_sequence<field_count<T>>{});
}
template <class T, class... Seen>
struct FaithfulAmong : std::bool_constant<is_faithful<T, Seen...>()> {};
template <class T, std::size_t N, class... Seen>
struct FaithfulAmong<T[N], Seen...> : std::bool_constant<FaithfulWithin<T, Seen...>> {};
template <class C, class Traits, class A, class... Seen>
struct FaithfulAmong<std::basic_string<C, Traits, A>, Seen...> : std::bool_constant<says_nothing<A>> {};
template <class T, class A, class... Seen>
struct FaithfulAmong<std::vector<T, A>, Seen...>
    : std::bool_constant<FaithfulWithin<T, Seen...> && says_nothing<A>> {};
template <class T, class A, class... Seen>
struct FaithfulAmong<std::deque<T, A>, Seen...> : FaithfulAmong<std::vector<T, A>, Seen...> {};
template <class T, class A, class... Seen>
struct FaithfulAmong<std::list<T, A>, Seen...> : FaithfulAmong<std::vector<T, A>, Seen...> {};
template <class T, class A, class... Seen>
struct FaithfulAmong<std::forward_list<T, A>, Seen...> : FaithfulAmong<std::vector<T, A>, Seen...> {};
template <class T, class C, class A, class... Seen>
struct FaithfulAmong<std::set<T, C, A>, Seen...>
    : std::bool_constant<FaithfulWithin<T, Seen...> && says_nothing<C, A>> {};
template <class T, class C, class A, class... Seen>
struct FaithfulAmong<std::multiset<T, C, A>, Seen...> : FaithfulAmong<std::set<T, C, A>, Seen...> {};
template <class K, class T, class C, class A, class... Seen>
struct FaithfulAmong<std::map<K, T, C, A>, Seen...>
    : std::bool_constant<FaithfulWithin<K, Seen...> && FaithfulWithin<T, Seen...> && says_nothing<C, A>> {};
template <class K, class T, class C, class A, class... Seen>
struct FaithfulAmong<std::multimap<K, T, C, A>, Seen...> : FaithfulAmong<std::map<K, T, C, A>, Seen...> {};
template <class T, class H, class E, class A, class... Seen>
struct FaithfulAmong<std::unordered_set<T, H, E, A>, Seen...>
    : std::bool_constant<FaithfulWithin<T, Seen...> && says_nothing<H, E, A>> {};
template <class T, class H, class E, class A, class... Seen>
struct FaithfulAmong<std::unordered_multiset<T, H, E, A>, Seen...>
    : FaithfulAmong<std::unordered_set<T, H, E, A>, Seen...> {};
template <class K, class T, class H, class E, class A, class... Seen>
struct FaithfulAmong<std::unordered_map<K, T, H, E, A>, Seen...>
    : std::bool_constant<FaithfulWithin<K, Seen...> && FaithfulWithin<T, Seen...> && says_nothing<H, E, A>> {
};
template <class K, class T, class H, class E, class A, class... Seen>
struct FaithfulAmong<std::unordered_multimap<K, T, H, E, A>, Seen...>
    : FaithfulAmong<std::unordered_map<K, T, H, E, A>, Seen...> {};
template <class T, std::size_t N, class... Seen>
struct FaithfulAmong<std::array<T, N>, Seen...> : std::bool_constant<FaithfulWithin<T, Seen...>> {};
template <class T, class... Seen>
struct FaithfulAmong<std::optional<T>, Seen...> : std::bool_constant<FaithfulWithin<T, Seen...>> {};
template <class T, class U, class... Seen>
struct FaithfulAmong<std::pair<T, U>, Seen...>
    : std::bool_constant<FaithfulWithin<T, Seen...> && FaithfulWithin<U, Seen...>> {};
template <class... T, class... Seen>
struct FaithfulAmong<std::tuple<T...>, Seen...> : std::bool_constant<(FaithfulWithin<T, Seen...> && ...)> {};
template <class... T, class... Seen>
struct FaithfulAmong<std::variant<T...>, Seen...> : std::bool_constant<(FaithfulWithin<T, Seen...> && ...)> {
};

}  // namespace weir::detail::task
