// What the compiler says of calls that cannot be tasks: one sentence each, before anything else.
#pragma once

#include <type_traits>

#include "weir/detail/client/arguments.hpp"
#include "weir/detail/core/several_forms.hpp"

namespace weir::detail::client {

/// Stands for the future, or futures, of a call that was refused, so that the compiler says nothing more of
/// it.
struct Refused {
  template <class T>
  operator T() const;
  template <class... A>
  Refused result(const A&...) const;
  const Refused& at(std::size_t) const;
  const Refused& operator[](std::size_t) const;
  const Refused* begin() const;
  const Refused* end() const;
};

/// Whether `f(args...)` can be a task.
template <class F, class... Held>
struct Call {
  static constexpr bool function_travels = task::Callable<F>::travels;
  static constexpr bool arguments_travel =
      ((task::HoldsFutures<Held>::value || task::Travels<Held>::value) && ...);
  static constexpr bool fits = [] {
    if constexpr (arguments_travel) return task::CanCall<F, Held...>::value;
    else return true;
  }();
  static constexpr bool result_travels = [] {
    if constexpr (arguments_travel && fits) return task::ResultTravels<F, Held...>::value;
    else return true;
  }();
  static constexpr bool value = function_travels && arguments_travel && fits && result_travels;
};
template <class F, class Indices, class... A>
struct CallOf;
template <class F, std::size_t... I, class... A>
struct CallOf<F, std::index_sequence<I...>, A...> : Call<F, task::HeldType<F, I, A>...> {};

template <class F, class... A>
using CallFor = CallOf<std::decay_t<F>, std::index_sequence_for<A...>, A...>;
template <class F, class... A>
inline constexpr bool can_run = CallFor<F, A...>::value;

/// Says why a call cannot be a task, to the member which the user called: the compiler prints the whole way
/// before the sentence.
template <class F, class... A>
requires(!CallFor<F, A...>::function_travels) __attribute__((
    unavailable("weir: this function object cannot travel to another process. A lambda must not capture: "
                "pass the values as arguments of submit instead "
                "(a captured reference would dangle on another machine). A functor with members needs a "
                "cereal serialize() function or must be a plain struct."))) Refused refuse();
template <class F, class... A>
requires(CallFor<F, A...>::function_travels && !CallFor<F, A...>::arguments_travel) __attribute__((
    unavailable("weir: this argument cannot travel to another process. Give its type a cereal serialize() "
                "function or make it a plain struct of members that travel; "
                "pointers, references, mutexes, streams and threads cannot travel."))) Refused refuse();
template <class F, class... A>
requires(CallFor<F, A...>::function_travels && !CallFor<F, A...>::fits) __attribute__((
    unavailable("weir: the function cannot be called with these arguments. Check their number and types; a "
                "parameter must be taken by value or const reference, "
                "since a task cannot change what others use."))) Refused refuse();
template <class F, class... A>
requires(CallFor<F, A...>::function_travels && !CallFor<F, A...>::result_travels) __attribute__((
    unavailable("weir: the result of this function cannot travel to another process. Return a type with a "
                "cereal serialize() function or a plain struct."))) Refused refuse();

template <class A>
struct Plain : std::type_identity<A> {};
template <class T>
struct Plain<Future<T>> : std::type_identity<T> {};

/// What a name with several forms may return, by what it is given: the same, as `square` does.
template <class... A>
struct ResultLike : std::type_identity<double> {};
template <class A, class... More>
struct ResultLike<A, More...>
    : std::conditional<std::is_abstract_v<std::decay_t<A>>, double, std::decay_t<A>> {};
/// What such a name is taken as before `args`.
template <class... A>
using SeveralForms =
    NeedsWeirOverload<typename ResultLike<typename Plain<A>::type...>::type, typename Plain<A>::type...>;

}  // namespace weir::detail::client
