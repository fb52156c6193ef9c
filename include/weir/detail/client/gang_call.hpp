// How a function and its arguments become the tasks of a gang.
#pragma once

#include "weir/detail/client/arguments.hpp"
#include "weir/gang.hpp"

namespace weir::detail::client {

/// How an argument reaches each rank.
template <class Held>
struct GangArgument {
  using In = Held;
  static void put(task::ArgumentWriter& out, const Held& argument, std::size_t, std::size_t) {
    task::Argument<Held>::put(out, argument);
  }
};
template <class T>
struct GangArgument<SplitAmongRanks<T>> {
  using In = std::vector<T>;
  static void put(task::ArgumentWriter& out, const SplitAmongRanks<T>& argument, std::size_t rank,
                  std::size_t size) {
    const std::size_t all = argument.items.size(), each = all / size, more = all % size;
    const std::size_t begin = rank * each + std::min(rank, more);
    const auto first = argument.items.begin() + static_cast<std::ptrdiff_t>(begin);
    task::Argument<In>::put(out, In(first, first + static_cast<std::ptrdiff_t>(each + (rank < more))));
  }
};
template <class Held>
using GangIn = typename GangArgument<Held>::In;

template <class Held>
inline constexpr bool gang_travels =
    task::HoldsFutures<GangIn<Held>>::value || task::Travels<GangIn<Held>>::value;

template <class F, class... Held>
inline constexpr bool gang_can_call = std::is_invocable_v<F&, Gang&, task::Passed<GangIn<Held>>&&...>;
template <class F, class... Held>
using GangResult = std::decay_t<std::invoke_result_t<F&, Gang&, task::Passed<GangIn<Held>>&&...>>;

/// Reads the arguments and calls the user's function with the gang of this thread's task.
template <class F, bool Each, class... In>
task::Value invoke_gang(Reader& reader, std::span<const task::Value> inputs) {
  F function = task::Callable<F>::get(reader);
  [[maybe_unused]] task::ArgumentReader in{reader, inputs};
  std::tuple<task::Passed<In>...> arguments{task::Argument<In>::get(in)...};
  Gang gang(*GangLink::current());
  using Result = std::invoke_result_t<F&, Gang&, task::Passed<In>&&...>;
  const auto call = [&](auto&&... passed) -> decltype(auto) {
    return std::invoke(function, gang, std::forward<decltype(passed)>(passed)...);
  };
  if constexpr (std::is_void_v<Result>) {
    std::apply(call, std::move(arguments));
    return task::Value::make(task::Nothing{});
  } else {
    std::decay_t<Result> result = std::apply(call, std::move(arguments));
    if (!Each && gang.rank() != 0) return task::Value::make(task::Nothing{});
    return task::Value::make<std::decay_t<Result>>(std::move(result));
  }
}

}  // namespace weir::detail::client
