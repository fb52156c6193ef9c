// Attempts: a kernel fails by itself, also inside of another one, and a second attempt is a first one.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/detail/stream/graph/element.hpp"
#include "weir/detail/stream/graph/ticket.hpp"
#include "weir/detail/stream/graph/traits.hpp"

namespace weir::detail::stream {

/// An element that is kept, and the ticket it came with.
template <class T>
struct TicketedElement {
  T value;
  TicketRef ticket = hold();
};

/// What a kernel emits into, if that also says what becomes of failures: how often the kernel is tried again,
/// and where the exception in flight goes in the end.
template <class Emit>
concept AnswersFailures = requires(const Emit& emit) {
  { emit.retries() } -> std::convertible_to<unsigned>;
  emit.failed();
};

/// An emit that does `f` with what it is given and answers failures as another one does.
template <class Emit, class F>
struct EmitThrough {
  const Emit& emit;
  F f;
  template <class Y>
  void operator()(Y&& y) const {
    f(std::forward<Y>(y));
  }
  [[nodiscard]] unsigned retries() const requires AnswersFailures<Emit> { return emit.retries(); }
  void failed() const requires AnswersFailures<Emit> { emit.failed(); }
};
template <class Emit, class F>
EmitThrough(const Emit&, F) -> EmitThrough<Emit, F>;

/// Does `push(kernel, emit)` once: all of it, or nothing and throws.
template <class K, class Emit, class Push>
void push_or_go_back(K& kernel, const Emit& emit, const Push& push) {
  using Out = typename K::Out;
  std::vector<TicketedElement<Out>> emitted;
  const EmitThrough keep{
      emit, [&](auto&& y) { emitted.push_back(TicketedElement<Out>{Out(std::forward<decltype(y)>(y))}); }};
  if constexpr (runs_anywhere<K> || !is_copyable<K>) {
    push(kernel, keep);
  } else {
    K before(kernel);
    try {
      push(kernel, keep);
    } catch (...) {
      std::destroy_at(&kernel);  // not assigned: functions with captures cannot be
      std::construct_at(&kernel, std::move(before));
      throw;
    }
  }
  for (auto& each : emitted) {
    const TicketScope scope(std::move(each.ticket));
    emit(std::move(each.value));
  }
}
/// Does `push(kernel, emit)`, and again after a failure as often as `retries` says; throws what the last
/// attempt throws.
template <class K, class Emit, class Push>
void attempt(K& kernel, unsigned retries, const Emit& emit, const Push& push) {
  if (retries == 0) return push(kernel, emit);
  for (;; --retries) {
    try {
      if constexpr (traits_of<K>.all_or_nothing || (runs_anywhere<K> && traits_of<K>.at_most_one))
        return push(kernel, emit);
      else return push_or_go_back(kernel, emit, push);
    } catch (...) {
      if (retries == 0) throw;
    }
  }
}

/// Does `what()`; if that fails, `emit` answers it if it can.
template <class Emit, class What>
void answered(const Emit& emit, const What& what) {
  if constexpr (AnswersFailures<Emit>) {
    try {
      what();
    } catch (...) {
      emit.failed();
    }
  } else {
    what();
  }
}

/// Pushes an element into a kernel; what fails is answered by `emit`, for each kernel inside by itself.
template <class K, class X, class Emit>
void push_answered(K& kernel, X&& x, const Emit& emit) {
  if constexpr (requires { typename K::AnswersItself; }) {
    kernel.push(std::forward<X>(x), emit);
  } else {
    answered(emit, [&] {
      if constexpr (AnswersFailures<Emit> && is_copyable<std::remove_cvref_t<X>>) {
        if (const unsigned retries = emit.retries())
          return attempt(kernel, retries, emit, [&](K& k, const auto& e) { k.push(std::as_const(x), e); });
      }
      kernel.push(std::forward<X>(x), emit);
    });
  }
}
/// What a kernel holds comes out, at the end or at a flush.
template <class K, class Emit>
void put_out_answered(K& kernel, bool is_ending, const Emit& emit) {
  answered(emit, [&] {
    if constexpr (requires { kernel.flush(emit); }) {
      if (!is_ending) return kernel.flush(emit);
    }
    if constexpr (requires { kernel.finish(emit); }) kernel.finish(emit);
  });
}

}  // namespace weir::detail::stream
