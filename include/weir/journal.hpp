// Results that outlive the program: what is asked for again is there.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/journal/key.hpp"
#include "weir/detail/task/invoke.hpp"
#include "weir/options.hpp"

namespace weir {

/// Says that a task's result is kept in the journal, and taken from there when the same is asked for again:
/// `client.submit(weir::cached{.version = 3}, simulate, parameters)`.
///
/// The same is: a function of this name in this version, with these arguments, byte by byte; an argument that
/// is a future counts by what it was made of, if that was cached, else by its value, which is waited for and
/// brought here; an `input_file` by its path, size and time; a function among the arguments by its name.
/// Without a journal, and inside tasks on other ranks, the task runs as any other.
/// **Errors.** A lambda has no name and does not compile; neither do unordered containers in arguments, whose
/// order another run may not repeat. Throws `Error{unsupported}` for a function whose name another one has.
struct cached {
  std::int64_t version = 0;  ///< Another one where the function gives other results than before.
  Options options{};         ///< As for `submit`.
};

/// Keeps results in this folder, made if there is none; before `weir::run`, or in its body. The variable
/// WEIR_JOURNAL and `weir run --journal` do the same.
///
/// **Errors.** Throws `Error{unsupported}` if another program writes there or another journal is open, and
/// `Error{io}` if the folder cannot be read.
void journal(const std::string& folder);

/// An argument that does not decide which result is meant: a number of threads, a name for messages.
template <class T>
struct Unkeyed {
  T value;  ///< What the function is given.
};
/// The argument `value`, left out of the key.
template <class T>
[[nodiscard]] Unkeyed<std::decay_t<T>> unkeyed(T&& value) {
  return {std::forward<T>(value)};
}

/// A file that a cached task reads; the function takes its path, a std::string.
struct InputFile {
  std::string path;      ///< As the function is given it.
  bool content = false;  ///< It counts by its bytes, not by its size and time.
};
/// The argument `path`; a result is computed again when that file has changed.
[[nodiscard]] inline InputFile input_file(std::string path, bool content = false) {
  return {std::move(path), content};
}

namespace detail::task {

template <class T>
struct Argument<Unkeyed<T>> {
  using Held = typename Argument<T>::Held;
  static void put(ArgumentWriter& out, const Unkeyed<T>& argument) { Argument<T>::put(out, argument.value); }
  static decltype(auto) get(ArgumentReader& in) { return Argument<T>::get(in); }
};
template <>
struct Argument<InputFile> {
  using Held = std::string;
  static void put(ArgumentWriter& out, const InputFile& argument) { write(out.writer, argument.path); }
  static std::string get(ArgumentReader& in) { return Argument<std::string>::get(in); }
};

}  // namespace detail::task

namespace detail::journal {

/// Adds what is known of a file. Throws `Error{not_found}` if it is not there.
void add_file(Hasher& hasher, const InputFile& file);

/// Adds a function by its name: where it lies (0: there is none) is another place in another build.
///
/// **Errors.** Throws `Error{unsupported}` if the executable does not tell the name, or it is a lambda.
void add_function(Hasher& hasher, std::uint64_t portable_address);
/// Adds what has been written, functions among it by their names.
void add_written(Hasher& hasher, std::span<const std::byte> bytes,
                 std::span<const WrittenFunction> functions);

/// Whether F is a lambda, or made of one: compilers have no name for it.
template <class F>
constexpr bool is_closure() {
  const std::string_view here = __PRETTY_FUNCTION__;
  return here.find("<lambda") != std::string_view::npos || here.find("(lambda at") != std::string_view::npos;
}

/// Whether the bytes of a value are the same in every run: looks into containers and plain structs. `Seen`:
/// the structs that are being looked into. What a type's own serialize() does cannot be seen.
template <class T, class... Seen>
struct OrderAmong;
template <class T, class... Seen>
constexpr bool has_order() {
  if constexpr ((std::is_same_v<T, Seen> || ...)) return true;
  else return OrderAmong<std::remove_cv_t<T>, Seen...>::value;
}
template <class T, class... Seen>
constexpr bool looks_ordered() {
  if constexpr (task::Bitwise<T>) return true;
  else if constexpr (task::PlainStruct<T>) return []<std::size_t... I>(std::index_sequence<I...>) {
      return (has_order<task::FieldType<T, I>, T, Seen...>() && ...);
    }
  (std::make_index_sequence<task::field_count<T>>{});
  else if constexpr (requires {
                       typename T::value_type;
                     }) return has_order<typename T::value_type, T, Seen...>();
  else if constexpr (requires {
                       typename T::element_type;
                     }) return has_order<typename T::element_type, T, Seen...>();
  else return true; }
template <class T, class... Seen>
struct OrderAmong : std::bool_constant<looks_ordered<T, Seen...>()> {};
template <class T, std::size_t N, class... Seen>
struct OrderAmong<T[N], Seen...> : std::bool_constant<has_order<T, Seen...>()> {};
template <class T, class U, class... Seen>
struct OrderAmong<std::pair<T, U>, Seen...>
    : std::bool_constant<has_order<T, Seen...>() && has_order<U, Seen...>()> {};
template <class... T, class... Seen>
struct OrderAmong<std::tuple<T...>, Seen...> : std::bool_constant<(has_order<T, Seen...>() && ...)> {};
template <class... T, class... Seen>
struct OrderAmong<std::variant<T...>, Seen...> : std::bool_constant<(has_order<T, Seen...>() && ...)> {};
template <class K, class V, class H, class E, class A, class... Seen>
struct OrderAmong<std::unordered_map<K, V, H, E, A>, Seen...> : std::false_type {};
template <class K, class V, class H, class E, class A, class... Seen>
struct OrderAmong<std::unordered_multimap<K, V, H, E, A>, Seen...> : std::false_type {};
template <class K, class H, class E, class A, class... Seen>
struct OrderAmong<std::unordered_set<K, H, E, A>, Seen...> : std::false_type {};
template <class K, class H, class E, class A, class... Seen>
struct OrderAmong<std::unordered_multiset<K, H, E, A>, Seen...> : std::false_type {};
template <class T, class... Seen>
struct OrderAmong<Unkeyed<T>, Seen...> : std::true_type {};

template <class T>
using HasOrder = OrderAmong<std::remove_cv_t<T>>;

template <class T>
struct IsKeyed : std::true_type {};
template <class T>
struct IsKeyed<Unkeyed<T>> : std::false_type {};

}  // namespace detail::journal

}  // namespace weir
