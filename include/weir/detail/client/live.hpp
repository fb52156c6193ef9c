// Arguments that need not be written: what is given up, or shared and not changed, goes to a task of the same
// process as it is.
#pragma once

#include <optional>

#include "weir/detail/client/arguments.hpp"
#include "weir/detail/task/faithful.hpp"
#include "weir/journal.hpp"
#include "weir/serialize.hpp"

namespace weir::detail::client {

/// Whether what goes as it is goes as a cluster would have it, on its way to it: the default of Weir's debug
/// build, and WEIR_CHECK_ARGUMENTS=1.
[[nodiscard]] bool checks_arguments() noexcept;
/// The value written and read back, which every process of a cluster would see.
///
/// **Errors.** Throws `Error{serialization}` if that is written as something else; `is_ordered`: the same
/// value always has the same bytes.
[[nodiscard]] task::Value checked(const task::Value& value, bool is_ordered);
/// The value that goes with a task.
template <class T>
task::Value on_its_way(task::Value value) {
  if (!checks_arguments()) [[likely]]
    return value;
  return checked(value, journal::HasOrder<T>::value);
}

}  // namespace weir::detail::client

namespace weir::detail::task {

template <class T>
struct IsSharedConst : std::false_type {};
template <class T>
struct IsSharedConst<std::shared_ptr<const T>> : std::true_type {};

/// An argument that may go as it is. `ByReference`: the function takes a `const T&`. `GivenUp`: the caller
/// has moved it here, or it was made for the call.
template <class T, bool ByReference, bool GivenUp>
struct Live {};
template <class T, bool ByReference, bool GivenUp>
struct Travels<Live<T, ByReference, GivenUp>> : std::true_type {};
template <class T, bool ByReference, bool GivenUp>
struct AcceptedAs<Live<T, ByReference, GivenUp>>
    : std::type_identity<std::conditional_t<GivenUp, T&&, const T&>> {};

/// What the task is called for: how an argument came to be there makes no difference.
template <class Held>
struct LandedAs : std::type_identity<Held> {};
template <class T, bool ByReference>
struct LandedAs<Live<T, ByReference, true>> : std::type_identity<Live<T, ByReference, false>> {};

/// A `const T&` for a function, and what is behind it if nobody else has that.
template <class T>
class Borrowed {
 public:
  explicit Borrowed(const T& there) noexcept : there_(&there) {}
  explicit Borrowed(Reader& reader) { weir::read(reader, own_.emplace()); }
  operator const T&() const noexcept { return there_ ? *there_ : *own_; }

 private:
  const T* there_ = nullptr;
  std::optional<T> own_;
};

/// How many bytes it is when it is written.
template <class T>
std::size_t bytes_of(const T& object) {
  if constexpr (PlainSequence<T>) {
    return object.size() * sizeof(*object.data());
  } else {
    Writer counter;
    write(counter, object);
    return static_cast<std::size_t>(counter.written());
  }
}

template <class T, bool ByReference, bool GivenUp>
struct Argument<Live<T, ByReference, GivenUp>> {
  using Held = T;
  template <class X>
  static void put(ArgumentWriter& out, X&& object) {
    const bool goes_live = out.live && bytes_of<T>(object) >= out.gives_from;
    out.writer.bytes(&goes_live, 1);
    if (goes_live) out.live->push_back(client::on_its_way<T>(Value::make<T>(std::forward<X>(object))));
    else write(out.writer, object);
  }
  static std::conditional_t<ByReference, Borrowed<T>, T> get(ArgumentReader& in) {
    unsigned char goes_live = 0;
    in.reader.bytes(&goes_live, 1);
    if constexpr (ByReference) {
      return goes_live ? Borrowed<T>(in.reader.live().template as<T>()) : Borrowed<T>(in.reader);
    } else {
      return goes_live ? in.reader.live().template take<T>() : Argument<T>::get(in);
    }
  }
};

}  // namespace weir::detail::task

namespace weir::detail::client {

template <class F, std::size_t I, class T>
constexpr bool takes_reference() {
  if constexpr (std::is_member_function_pointer_v<F> && I == 0) return false;
  else if constexpr (!task::Parameters<F>::value) return false;
  else if constexpr (I >= std::tuple_size_v<typename task::Parameters<F>::Types>) return false;
  else return std::is_same_v<std::tuple_element_t<I, typename task::Parameters<F>::Types>, const T&>;
}

/// How an argument goes to a task.
///
/// What is the same after a copy goes as it is: a function that takes a value of its own is given a copy, so
/// that the task can run again. Of a type with functions of its own that write it, which may share what it is
/// made of with others, only what was given up goes so, and only to a function that just looks at it.
template <class F, std::size_t I, class A>
constexpr auto sent_as() {
  using T = task::HeldType<F, I, A>;
  constexpr bool stands_for_itself = std::is_same_v<typename task::Argument<T>::Held, T>;
  if constexpr (!stands_for_itself || !task::Travels<T>::value || !std::is_class_v<T> ||
                (task::Bitwise<T> && sizeof(T) < worth_giving_bytes) || task::Stateless<T> ||
                !passes_live<T>) {
    return std::type_identity<T>{};
  } else {
    constexpr bool by_reference = takes_reference<F, I, T>();
    constexpr bool is_given_up =
        !(std::is_lvalue_reference_v<A> || std::is_const_v<std::remove_reference_t<A>>) ||
        !std::is_same_v<std::remove_cvref_t<A>, T>;
    if constexpr (task::Faithful<T> || task::IsSharedConst<T>::value)
      return std::type_identity<task::Live<T, by_reference, is_given_up>>{};
    else if constexpr (by_reference && is_given_up && std::is_move_constructible_v<T>)
      return std::type_identity<task::Live<T, true, true>>{};
    else return std::type_identity<T>{};
  }
}
template <class F, std::size_t I, class A>
using SentAs = typename decltype(sent_as<F, I, A>())::type;

}  // namespace weir::detail::client
