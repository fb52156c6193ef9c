// What an operator is made of, for those who write their own: kernels and what they say about themselves.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/detail/core/callable.hpp"
#include "weir/detail/stream/attach.hpp"

namespace weir::op {

/// What a kernel says about itself; where it may run on the cluster. See `Kernel`.
using detail::stream::Traits;
using detail::stream::Where;
/// A kernel is the semantics of an operator, written once for streams here and on the cluster:
///
///     template <class In>
///     struct EveryOther {
///       using Out = In;
///       bool next = true;
///       template <class X, class Emit>
///       void push(X&& x, Emit&& emit) {
///         if (std::exchange(next, !next)) emit(std::forward<X>(x));
///       }
///     };
///     const auto every_other = [] {
///       return op::ByKernel{"every_other", []<class In>(std::type_identity<In>) { return EveryOther<In>{};
///       }};
///     };
///     source.apply(every_other());            source.scatter().apply(every_other()).gather();
///
/// It may have besides: `finish(emit)`, which puts out what it holds at the end and at a flush (`flush(emit)`
/// if that differs), `reset()`, `bool is_done() const`, `std::size_t held() const`, `traits`, and, for
/// `Resumable`, `auto kept()`: `std::tie` of the members that are its state.
///
/// **Errors.** What `push` throws is answered by the node's policy. To be tried again it is copied before,
/// and what a failed attempt emitted is not given.
/// **Threads.** One call at a time; it needs no lock. It changes its state before it calls `emit`.
/// **Backpressure.** It keeps a `hold()` beside every element it keeps (`TicketedElement` does), and emits
/// what stands for several elements under a `TicketScope` of all their tickets.
/// **Cost.** On the cluster it is copied with its state from task to task, so that everything in it must be
/// able to travel: plain structs, the standard containers, types with a cereal `serialize()`.
using detail::stream::Kernel;
/// A kernel that knows the time: `push(x, emit, now)`, `std::optional<Time> due() const` says when it wants
/// to be woken, `fire(emit, now)` is what happens then. It may have `begin(now)`, `bool is_full(now) const`
/// (emitters wait), `std::size_t pending() const` (elements that come out by themselves) and `outlives_input`
/// (the end of the stream waits for them).
using detail::stream::TimedKernel;
/// A kernel with several inputs: `push<port>(x, emit)`. It may have `bool is_full(port) const`,
/// `ended(port, emit)` and `bool is_over(Ended) const`.
using detail::stream::JoinKernel;
using detail::stream::Time;

using detail::stream::combine;
using detail::stream::hold;
using detail::stream::TicketedElement;
using detail::stream::TicketRef;
using detail::stream::Tickets;
using detail::stream::TicketScope;

/// An operator made of a name and a function that makes its kernel, a timed one or not, for elements of In:
/// `make(std::type_identity<In>{})`; with text for people about what it was made with.
template <class Make>
struct ByKernel {
  /// The operator's name, for errors and pictures.
  const char* kind;
  /// Makes the kernel.
  Make make;
  /// What it was made with, for people.
  std::string text = {};
  /// The kernel for elements of In.
  template <class In>
  auto kernel() && {
    return std::move(make)(std::type_identity<In>{});
  }
  /// What it was made with.
  [[nodiscard]] std::string detail() const { return text; }
};
template <class Make>
ByKernel(const char*, Make) -> ByKernel<Make>;
template <class Make>
ByKernel(const char*, Make, std::string) -> ByKernel<Make>;

/// Two operators as one node: `source | (op::map(f) | op::filter(p))` calls nothing virtual in between.
template <class A, class B>
struct Sequence {
  /// The first operator.
  A first;
  /// The one behind it.
  B second;
  /// The name of both together.
  std::string kind = "fused";
  /// The kernel for elements of In.
  template <class In>
  auto kernel() && {
    using First = decltype(std::move(first).template kernel<In>());
    using Second = decltype(std::move(second).template kernel<typename First::Out>());
    if constexpr (detail::stream::IsRefused<First>) return First{};
    else if constexpr (detail::stream::IsRefused<Second>) return Second{};
    else return fused<In, First, Second>();
  }

 private:
  template <class In, class First, class Second>
  auto fused() {
    static_assert(!detail::stream::KnowsTime<First> && !detail::stream::KnowsTime<Second>,
                  "weir: an operator that knows time cannot be part of another one; apply it by itself: "
                  "source | a | b");
    return detail::stream::Fused<First, Second>{std::move(first).template kernel<In>(),
                                                std::move(second).template kernel<typename First::Out>()};
  }
};
/// An operator that is made of a kernel: it has `kind` and `kernel<In>()`.
template <class Op>
concept MadeByKernel = requires(Op op) {
  { op.kind } -> std::convertible_to<std::string>;
};

template <class A, class B>
requires MadeByKernel<A> && MadeByKernel<B>
auto operator|(A a, B b) { return Sequence<A, B>{std::move(a), std::move(b)}; }

/// Makes one pipeline of several: `const auto clean = op::link(op::filter(is_good), op::map(scale), average);
/// raw | clean`. Parts are operators or functions of a stream.
///
/// **Errors.** Does not compile where a part cannot take what the one before it gives.
/// **Source.** rapidz `link`, which composes by names.
template <class... Parts>
auto link(Parts... parts) {
  return [... parts = std::move(parts)](const auto& s) { return (s | ... | parts); };
}

}  // namespace weir::op
