// What the compiler says of calls that cannot be tasks: one sentence each, at the call.
#pragma once

#include <memory>
#include <ranges>
#include <type_traits>

#include "weir/detail/client/actor_call.hpp"
#include "weir/detail/client/arguments.hpp"
#include "weir/detail/client/gang_call.hpp"
#include "weir/detail/client/live.hpp"
#include "weir/detail/core/refused.hpp"
#include "weir/detail/core/several_forms.hpp"
#include "weir/journal.hpp"
#include "weir/options.hpp"

namespace weir {
enum class OnDeath : std::uint8_t;
}

namespace weir::detail::client {

/// Why a call cannot be a task, if it cannot.
enum class Why {
  fits,
  function,
  argument,
  call,
  result,
  no_ranges,
  kept_lambda,
  kept_lambda_argument,
  kept_unordered,
  gang_argument,
  gang_call,
  gang_void,
  actor_call,
  actor_made
};

/// Whether `f(args...)` can be a task.
template <class F, class... Held>
struct Call {
  static constexpr Why why = [] {
    if constexpr (!task::Callable<F>::travels) return Why::function;
    else if constexpr (!((task::HoldsFutures<Held>::value || task::Travels<Held>::value) && ...))
      return Why::argument;
    else if constexpr (!task::CanCall<F, Held...>::value) return Why::call;
    else if constexpr (!task::ResultTravels<F, Held...>::value) return Why::result;
    else return Why::fits;
  }();
};
template <class F, class Indices, class... A>
struct CallOf;
template <class F, std::size_t... I, class... A>
struct CallOf<F, std::index_sequence<I...>, A...> : Call<F, SentAs<F, I, A>...> {};
template <class F, class... A>
using CallFor = CallOf<std::decay_t<F>, std::index_sequence_for<A...>, A...>;

/// The same of a call whose result is kept in the journal.
template <class F, class Indices, class... A>
struct KeptCallOf;
template <class F, std::size_t... I, class... A>
struct KeptCallOf<F, std::index_sequence<I...>, A...> {
  static constexpr Why why = [] {
    if constexpr (constexpr Why why = CallFor<F, A...>::why; why != Why::fits) return why;
    else if constexpr (journal::is_closure<F>()) return Why::kept_lambda;
    else if constexpr ((journal::is_closure<
                            std::conditional_t<journal::IsKeyed<std::remove_cvref_t<A>>::value, A, int>>() ||
                        ...))
      return Why::kept_lambda_argument;
    else if constexpr (!(journal::HasOrder<task::HeldType<F, I, A>>::value && ...))
      return Why::kept_unordered;
    else return Why::fits;
  }();
};

/// The same of a function that a gang runs.
template <bool Each, class F, class... Held>
constexpr Why why_no_gang() {
  if constexpr (!task::Callable<F>::travels || !(gang_travels<Held> && ...)) return Why::gang_argument;
  else if constexpr (!gang_can_call<F, Held...>) return Why::gang_call;
  else if constexpr (std::is_void_v<GangResult<F, Held...>>) return Each ? Why::gang_void : Why::fits;
  else return task::Travels<GangResult<F, Held...>>::value ? Why::fits : Why::result;
}
template <bool Each, class F, class Indices, class... A>
struct GangCallOf;
template <bool Each, class F, std::size_t... I, class... A>
struct GangCallOf<Each, F, std::index_sequence<I...>, A...> {
  static constexpr Why why = why_no_gang<Each, F, task::HeldType<F, I + 1, A>...>();
};

/// The same of the call of an actor, and of the arguments it is made of.
template <class T, class F, class Indices, class... A>
struct ActorCallOf;
template <class T, class F, std::size_t... I, class... A>
struct ActorCallOf<T, F, std::index_sequence<I...>, A...> {
  template <class... Held>
  static constexpr Why of() {
    if constexpr (!task::Callable<F>::travels) return Why::function;
    else if constexpr (!((task::HoldsFutures<Held>::value || task::Travels<Held>::value) && ...))
      return Why::argument;
    else if constexpr (!can_call_actor<T, F, Held...>) return Why::actor_call;
    else if constexpr (std::is_void_v<CallResult<T, F, Held...>>) return Why::fits;
    else return task::Travels<CallResult<T, F, Held...>>::value ? Why::fits : Why::result;
  }
  static constexpr Why why = of<SentAs<F, I + 1, A>...>();
};
template <class T, class Indices, class... A>
struct ActorMadeOf;
template <class T, std::size_t... I, class... A>
struct ActorMadeOf<T, std::index_sequence<I...>, A...> {
  template <class... Held>
  static constexpr Why of() {
    if constexpr (!((task::HoldsFutures<Held>::value || task::Travels<Held>::value) && ...))
      return Why::argument;
    else return can_be_made_of<T, task::Passed<Held>&&...> ? Why::fits : Why::actor_made;
  }
  static constexpr Why why = of<task::HeldType<MakeActor<T>, I, A>...>();
};
template <class T, class... A>
constexpr Why why_no_actor() {
  return ActorMadeOf<T, std::index_sequence_for<A...>, A...>::why;
}
template <class T, class First, class... A>
requires std::is_same_v<std::remove_cvref_t<First>, OnDeath>
constexpr Why why_no_actor() { return why_no_actor<T, A...>(); }

/// What may stand before the function.
enum class How { plain, options, kept, gang, each };
template <class T>
constexpr How how_of() {
  if constexpr (std::is_same_v<T, cached>) return How::kept;
  else if constexpr (std::is_same_v<T, gang>) return How::gang;
  else if constexpr (std::is_same_v<T, each_of_gang>) return How::each;
  else if constexpr (std::is_same_v<T, Options> || std::is_same_v<T, std::shared_ptr<const Options>> ||
                     std::is_same_v<T, std::shared_ptr<Options>>)
    return How::options;
  else return How::plain;
}

/// Why `submit(how, f, args...)` is refused.
template <How how, class F, class... A>
constexpr Why why_not() {
  using Function = std::decay_t<F>;
  using Indices = std::index_sequence_for<A...>;
  if constexpr (how_of<Function>() != How::plain) return Why::call;
  else if constexpr (how == How::kept) return KeptCallOf<Function, Indices, A...>::why;
  else if constexpr (how == How::gang) return GangCallOf<false, Function, Indices, A...>::why;
  else if constexpr (how == How::each) return GangCallOf<true, Function, Indices, A...>::why;
  else return CallFor<F, A...>::why;
}
template <class F, class... A>
inline constexpr bool can_run = why_not<How::plain, F, A...>() == Why::fits;
template <class F, class... A>
inline constexpr bool can_keep = why_not<How::kept, F, A...>() == Why::fits;
template <bool Each, class F, class... A>
inline constexpr bool can_gang = why_not<Each ? How::each : How::gang, F, A...>() == Why::fits;
template <class F, class... Ranges>
inline constexpr bool can_map = can_run<F, std::ranges::range_reference_t<Ranges>...>;
template <class F, class... Ranges>
inline constexpr bool can_map_kept = can_keep<F, const std::ranges::range_value_t<Ranges>&...>;

/// The same of `submit`, or of `map`, whose arguments are ranges.
template <bool is_map, How how, class F, class... A>
constexpr Why why_no_call() {
  if constexpr (!is_map) return why_not<how, F, A...>();
  else if constexpr (sizeof...(A) == 0 || !(std::ranges::input_range<A> && ...)) return Why::no_ranges;
  else return why_not<how, F, std::ranges::range_reference_t<A>...>();
}
/// The same of all that they are given.
template <bool is_map, class... All>
inline constexpr Why why_all = is_map ? Why::no_ranges : Why::call;
template <bool is_map, class First, class... Rest>
requires(how_of<std::remove_cvref_t<First>>() == How::plain) inline constexpr Why
    why_all<is_map, First, Rest...> = why_no_call<is_map, How::plain, First, Rest...>();
template <bool is_map, class First, class F, class... A>
requires(how_of<std::remove_cvref_t<First>>() != How::plain) inline constexpr Why
    why_all<is_map, First, F, A...> = why_no_call<is_map, how_of<std::remove_cvref_t<First>>(), F, A...>();
template <class... All>
inline constexpr Why why_submit = why_all<false, All...>;
template <class... All>
inline constexpr Why why_map = why_all<true, All...>;

template <class... All>
inline constexpr Why why_run_on_workers = Why::call;
template <class F, class... A>
requires(how_of<F>() ==
         How::plain) inline constexpr Why why_run_on_workers<F, A...> = why_not<How::plain, F, const A&...>();

template <class A>
struct Plain : std::type_identity<A> {};
template <class T>
struct Plain<Future<T>> : std::type_identity<T> {};

/// Whether it is several futures, as `wait` takes them, or what `gather` does.
template <class T>
inline constexpr bool is_futures = std::same_as<T, Refused>;
template <class T>
inline constexpr bool is_futures<std::vector<Future<T>>> = true;
template <class T>
inline constexpr bool has_futures = is_futures<T>;
template <class T>
inline constexpr bool has_futures<Future<T>> = true;
template <class K, class T, class... Rest>
inline constexpr bool has_futures<std::map<K, Future<T>, Rest...>> = true;
template <class K, class T, class... Rest>
inline constexpr bool has_futures<std::unordered_map<K, Future<T>, Rest...>> = true;

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

// Each reason's sentence.
#define WEIR_SAYS_function                                                                           \
  "this function object cannot travel to another process. A lambda must not capture: pass the "      \
  "values as arguments of submit instead (a captured reference would dangle on another machine). A " \
  "functor with members needs a cereal serialize() function or must be a plain struct."
#define WEIR_SAYS_argument                                                                          \
  "this argument cannot travel to another process. Give its type a cereal serialize() function or " \
  "make it a plain struct of members that travel; pointers, references, mutexes, streams and "      \
  "threads cannot travel."
#define WEIR_SAYS_call                                                                             \
  "the function cannot be called with these arguments. Check their number and types (default "     \
  "arguments are not known here: give them too, or write a lambda); a parameter must be taken by " \
  "value or const reference, since a task cannot change what others use."
#define WEIR_SAYS_result                                                                       \
  "the result of this function cannot travel to another process. Return a type with a cereal " \
  "serialize() function or a plain struct."
#define WEIR_SAYS_kept_lambda                                                                      \
  "weir::cached: a lambda has no name by which another run finds its results; name it: make it a " \
  "function"
#define WEIR_SAYS_kept_lambda_argument                                                             \
  "weir::cached: a lambda among the arguments has no name by which another run finds the result; " \
  "name it: make it a function, or pass weir::unkeyed(f)"
#define WEIR_SAYS_kept_unordered                                                               \
  "weir::cached: an unordered container has another order in another run; pass a std::map or " \
  "std::set, or weir::unkeyed(x) if it does not decide about the result"
#define WEIR_SAYS_gang_argument                                                                     \
  "what a gang is given must travel to its ranks: a function without captures, and arguments that " \
  "are plain structs or have a cereal serialize() function"
#define WEIR_SAYS_gang_call                                                                \
  "a function that a gang runs must take weir::Gang& first, then these arguments: double " \
  "energy(weir::Gang& gang, const System& system)"
#define WEIR_SAYS_gang_void "gang.each(): the function returns nothing; leave each() out"
#define WEIR_SAYS_actor_call                                                                \
  "this cannot be called on the actor with these arguments. Check their number and types: " \
  "counter.call(&Counter::add, 3)"
#define WEIR_SAYS_actor_made                                                                 \
  "an object of this type cannot be made of these arguments. Check their number and types: " \
  "client.actor<Counter>(10)"
#define WEIR_SAYS_no_ranges                                                                  \
  "what follows the function must be ranges, one for each of its parameters: client.map(f, " \
  "std::vector{1, 2}); one task alone is client.submit(f, 1, 2)"

/// Where a function's name means several, none of which is tried. Compilers show its name, or its lines.
struct ChooseOneFormByWeirOverload {
  Refused submit(...) = delete;  // weir: choose one form: weir::overload<double(double)>(f), or a lambda
  Refused map(...) = delete;     // weir: choose one form: weir::overload<double(double)>(f), or a lambda
  Refused run_on_workers(...) = delete;  // weir: choose one form: weir::overload<double(double)>(f)
};

/// The calls of a client that are refused, each with its sentence: those of its `submit` and `map` that do
/// not fit.
class RefusedCalls : public ChooseOneFormByWeirOverload {
 public:
  using ChooseOneFormByWeirOverload::map;
  using ChooseOneFormByWeirOverload::run_on_workers;
  using ChooseOneFormByWeirOverload::submit;
  // Their parameters are not those of the members of `Client`, which would hide them (C++ says so).
// `submit(f, args...)`, `submit(how, f, args...)`, and with options between braces.
#define WEIR_REFUSES_CALL(door, reason)                                                                      \
  template <class... A>                                                                                      \
  requires(why_##door<A...> == Why::reason) WEIR_REFUSES("weir: " #door ": " WEIR_SAYS_##reason)             \
  Refused door(A&&...) { return {}; }                                                                        \
  template <class F, class... A>                                                                             \
  requires(why_##door<Options, F, A...> == Why::reason) WEIR_REFUSES("weir: " #door ": " WEIR_SAYS_##reason) \
  Refused door(const Options&, F&&, A&&...) { return {}; }
  WEIR_REFUSES_CALL(submit, function)
  WEIR_REFUSES_CALL(submit, argument)
  WEIR_REFUSES_CALL(submit, call)
  WEIR_REFUSES_CALL(submit, result)
  WEIR_REFUSES_CALL(submit, kept_lambda)
  WEIR_REFUSES_CALL(submit, kept_lambda_argument)
  WEIR_REFUSES_CALL(submit, kept_unordered)
  WEIR_REFUSES_CALL(submit, gang_argument)
  WEIR_REFUSES_CALL(submit, gang_call)
  WEIR_REFUSES_CALL(submit, gang_void)
  WEIR_REFUSES_CALL(map, function)
  WEIR_REFUSES_CALL(map, argument)
  WEIR_REFUSES_CALL(map, call)
  WEIR_REFUSES_CALL(map, result)
  WEIR_REFUSES_CALL(map, kept_lambda)
  WEIR_REFUSES_CALL(map, kept_lambda_argument)
  WEIR_REFUSES_CALL(map, kept_unordered)
  WEIR_REFUSES_CALL(map, no_ranges)
  WEIR_REFUSES_CALL(run_on_workers, function)
  WEIR_REFUSES_CALL(run_on_workers, argument)
  WEIR_REFUSES_CALL(run_on_workers, call)
  WEIR_REFUSES_CALL(run_on_workers, result)
#undef WEIR_REFUSES_CALL
#define WEIR_REFUSES_ACTOR(reason)                                                                         \
  template <class T, class First, class... A>                                                              \
  requires(why_no_actor<T, First, A...>() == Why::reason) WEIR_REFUSES("weir: actor: " WEIR_SAYS_##reason) \
  Refused actor(First&&, A&&...) { return {}; }
  WEIR_REFUSES_ACTOR(argument)
  WEIR_REFUSES_ACTOR(actor_made)
  template <class T, class None = void>
  requires(why_no_actor<T>() == Why::actor_made) WEIR_REFUSES("weir: actor: " WEIR_SAYS_actor_made)
  Refused actor() { return {}; }
#undef WEIR_REFUSES_ACTOR
#define WEIR_REFUSES_VALUE(door)                                                                          \
  template <class T, class... Workers>                                                                    \
  requires(!task::Travels<T>::value) WEIR_REFUSES("weir: " #door                                          \
                                                  ": a value of this type cannot travel to another "      \
                                                  "process. Give its type a cereal serialize() function " \
                                                  "or make it a plain struct.")                           \
  Refused door(T, const Workers&...) { return {}; }
  WEIR_REFUSES_VALUE(scatter)
  WEIR_REFUSES_VALUE(broadcast)
#undef WEIR_REFUSES_VALUE

  // A function's name that means several.
  template <class... A>
  WEIR_REFUSES(
      "weir: submit: this function has several forms, or is a template: choose one, "
      "client.submit(weir::overload<double(double)>(std::sqrt), x), or name it in a lambda")
  Refused submit(SeveralForms<A...>, const A&...) {
    return {};
  }
  template <class... A>
  WEIR_REFUSES(
      "weir: submit: this function has several forms, or is a template: choose one, "
      "client.submit(options, weir::overload<double(double)>(std::sqrt), x)")
  Refused submit(const Options&, SeveralForms<A...>, const A&...) {
    return {};
  }
  template <std::ranges::input_range... Ranges>
  WEIR_REFUSES(
      "weir: map: this function has several forms, or is a template: choose one, "
      "client.map(weir::overload<double(double)>(std::sqrt), xs), or name it in a lambda")
  Refused map(SeveralForms<std::ranges::range_value_t<Ranges>...>, const Ranges&...) {
    return {};
  }
};

}  // namespace weir::detail::client
