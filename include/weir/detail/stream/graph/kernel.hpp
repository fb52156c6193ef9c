// Kernels: the semantics of an operator, written once; Fused makes two into one.
#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "weir/detail/stream/graph/attempt.hpp"
#include "weir/detail/stream/graph/counts.hpp"
#include "weir/detail/stream/graph/element.hpp"
#include "weir/detail/stream/graph/kept.hpp"
#include "weir/detail/stream/graph/ticket.hpp"
#include "weir/event_loop.hpp"

namespace weir::detail::stream {

using Time = EventLoop::Time;

// A kernel for elements of In is a struct with
//   using Out = ...;
//   template <class X, class Emit> void push(X&& x, Emit&& emit);   X is In&& or const In&;
//                                                 emit takes Out&& or const Out& and never throws
// and, where they make sense,
//   static constexpr Traits traits;               what it may do on the cluster
//   template <class Emit> void finish(Emit&&);    puts out what is held: end of stream, flush
//   template <class Emit> void flush(Emit&&);     the same when the stream goes on, if that differs
//   void reset();                                 forgets everything
//   bool is_done() const;                         no further element will give anything
//   std::size_t held() const;                     elements kept
//   EventTimeSeen event_time() const;             how far it is, if it goes by the time in elements
//   auto kept();                                  std::tie of the members that are its state: what another
//                                                 run goes on with (see Resumable)
// A timed kernel takes the time as a third argument of push, and has besides
//   std::optional<Time> due() const;              when it wants to be woken
//   template <class Emit> void fire(Emit&&, Time now);
// and, where they make sense,
//   void begin(Time now);                         the time it is built into a graph
//   bool is_full(Time now) const;                 emissions should wait (until a later fire or push)
//   std::size_t pending() const;                  elements that come out by themselves
//   static constexpr bool leaves_in_order = true; who waits for these waits for no later ones
//   static constexpr bool outlives_input = true;  the end of the stream waits for what is pending
// The kernel of a join has one push for each input, and no reset of its own accord:
//   template <std::size_t port, class X, class Emit> void push(X&& x, Emit&& emit);
//   bool is_full(std::size_t port) const;         emissions into this input should wait
//   template <class Emit> void ended(std::size_t port, Emit&& emit);
//   bool is_over(const Ended& ended) const;       nothing more can come out; without it when all have ended
// A kernel changes its state completely before it calls emit (an element may come back to it meanwhile),
// keeps a `hold()` beside every element it keeps, and emits what stands for several elements under a
// TicketScope of their tickets. It knows no thread, lock, graph or clock: the same struct runs inside a task.

/// What is below a kernel, as far as the concepts look.
template <class Out>
struct AnyEmit {
  void operator()(Out&& y) const noexcept;
  void operator()(const Out& y) const noexcept;
};
template <class K>
concept HasOut = requires {
  typename K::Out;
};
template <class K, class In>
concept Kernel = HasOut<K> && requires(K& kernel, In&& x, const AnyEmit<typename K::Out>& emit) {
  kernel.push(std::move(x), emit);
};
template <class K, class In>
concept TimedKernel = HasOut<K> &&
    requires(K& kernel, In&& x, const AnyEmit<typename K::Out>& emit, Time now) {
  kernel.push(std::move(x), emit, now);
  { std::as_const(kernel).due() } -> std::convertible_to<std::optional<Time>>;
  kernel.fire(emit, now);
};
template <class K, std::size_t port, class In>
concept TakesInput = HasOut<K> && requires(K& kernel, In&& x, const AnyEmit<typename K::Out>& emit) {
  kernel.template push<port>(std::move(x), emit);
};
template <class K, class... In>
constexpr bool takes_inputs() {
  return []<std::size_t... port>(std::index_sequence<port...>) { return (TakesInput<K, port, In> && ...); }
  (std::index_sequence_for<In...>{});
}
template <class K, class... In>
concept JoinKernel = takes_inputs<K, In...>();

/// Whether a kernel means to be a timed one.
template <class K>
concept KnowsTime = requires(const K& kernel) {
  kernel.due();
}
|| requires(K& kernel, const AnyEmit<int>& emit, Time now) { kernel.fire(emit, now); };

/// Calls a user's function with an element, as the function wants it.
template <class F, class X>
decltype(auto) call(F& f, X&& x) {
  using T = std::remove_cvref_t<X>;
  if constexpr (std::is_invocable_v<F&, X>) {
    return std::invoke(f, std::forward<X>(x));
  } else if constexpr (std::is_invocable_v<F&, T&&>) {
    return std::invoke(f, T(x));
  } else {
    static_assert(std::is_invocable_v<F&, T&>, "the function cannot be called with the stream's element");
    T copy(std::forward<X>(x));
    return std::invoke(f, copy);
  }
}
template <class F, class T>
using Called =
    typename std::conditional_t<std::is_invocable_v<F&, const T&>, std::invoke_result<F&, const T&>,
                                std::conditional_t<std::is_invocable_v<F&, T&&>, std::invoke_result<F&, T&&>,
                                                   std::invoke_result<F&, T&>>>::type;

/// Whether a function can be called with an element, as `call` does it.
template <class F, class T>
concept CallableWith =
    std::is_invocable_v<F&, const T&> || std::is_invocable_v<F&, T&&> || std::is_invocable_v<F&, T&>;
/// Whether a function can be called with the items of a tuple-like element.
template <class F, class T>
constexpr bool is_callable_with_items() {
  if constexpr (requires { std::tuple_size<T>::value; })
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::is_invocable_v<F&, const std::tuple_element_t<I, T>&...>;
    }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
  else return false; }
/// Whether a function gives a key, a time or a size for an element.
template <class F, class In>
concept FunctionOf =
    std::is_invocable_v<F&, const In&> && !std::is_void_v<std::invoke_result_t<F&, const In&>>;

/// Why an operator does not take the elements of a stream.
enum class Misfit { function, nothing, predicate, items, range, item, key, order, state, start, finished };
/// In place of a kernel, or a stream, that cannot be made; who applies the operator says why.
template <class In, Misfit misfit>
struct [[nodiscard]] Refused {
  static constexpr Misfit why = misfit;
  using Out = In;
  template <class X, class Emit>
  void push(X&&, Emit&&) {}
};
template <class K>
concept IsRefused = requires {
  { std::remove_cvref_t<K>::why } -> std::convertible_to<Misfit>;
};

/// Where the function of a kernel is, if it is one that may have a name; else null.
template <class K>
const void* function_of(const K& kernel) noexcept {
  if constexpr (requires { kernel.f.f; }) return function_of(kernel.f);
  else if constexpr (requires { requires std::is_function_v<std::remove_pointer_t<decltype(kernel.f)>>; })
    return reinterpret_cast<const void*>(kernel.f);
  else return nullptr;
}

template <class Key>
concept Hashable = requires(const Key& key) {
  { std::hash<Key>{}(key) } -> std::convertible_to<std::size_t>;
  { key == key } -> std::convertible_to<bool>;
};
/// A map by hash if the key has one, else by order.
template <class Key, class Value>
using KeyMap = typename std::conditional_t<Hashable<Key>, std::type_identity<std::unordered_map<Key, Value>>,
                                           std::type_identity<std::map<Key, Value>>>::type;

/// The element itself as its key.
struct Identity {
  template <class T>
  const T& operator()(const T& x) const noexcept {
    return x;
  }
};
template <class KeyOf, class In>
using KeyFor = std::decay_t<std::invoke_result_t<KeyOf&, const In&>>;
/// Whether a function gives a key that is known again, by hash or by order.
template <class KeyOf, class In>
constexpr bool gives_known_key() {
  if constexpr (!FunctionOf<KeyOf, In>) return false;
  else {
    using Key = KeyFor<KeyOf, In>;
    return Hashable<Key> || requires(const Key& x) { x < x; };
  }
}
/// The same, by comparison with each of a few others.
template <class KeyOf, class In>
constexpr bool gives_equal_key() {
  if constexpr (!FunctionOf<KeyOf, In>) return false;
  else return std::equality_comparable<KeyFor<KeyOf, In>>;
}

/// Two kernels, one after the other, as one. Each of them fails by itself, as two nodes would.
template <class First, class Second>
struct Fused {
  using Out = typename Second::Out;
  using AnswersItself = void;  // see push_answered
  static constexpr Traits traits{
      .where = runs_anywhere<First> && runs_anywhere<Second> ? Where::anywhere : Where::in_order,
      .at_most_one = traits_of<First>.at_most_one && traits_of<Second>.at_most_one};
  static constexpr KeptState keeps = all_kept({kept_of<First>(), kept_of<Second>()});
  First first;
  Second second;

  template <class X, class Emit>
  void push(X&& x, const Emit& emit) {
    push_answered(first, std::forward<X>(x), into_second(emit));
  }
  template <class Emit>
  void finish(const Emit& emit) {
    put_out(true, emit);
  }
  template <class Emit>
  void flush(const Emit& emit) {
    put_out(false, emit);
  }
  void reset() requires(
      requires(First& f) { f.reset(); } || requires(Second & s) { s.reset(); }) {
    if constexpr (requires { first.reset(); }) first.reset();
    if constexpr (requires { second.reset(); }) second.reset();
  }
  void write_kept(Writer& writer) {
    stream::write_kept(writer, first);
    stream::write_kept(writer, second);
  }
  void read_kept(Reader& reader) {
    stream::read_kept(reader, first);
    stream::read_kept(reader, second);
  }
  [[nodiscard]] bool is_done() const requires(
      requires(const First& f) { f.is_done(); } || requires(const Second& s) { s.is_done(); }) {
    bool done = false;
    if constexpr (requires { first.is_done(); }) done = done || first.is_done();
    if constexpr (requires { second.is_done(); }) done = done || second.is_done();
    return done;
  }
  [[nodiscard]] EventTimeSeen event_time() const requires(
      requires(const First& f) { f.event_time(); } || requires(const Second& s) { s.event_time(); }) {
    EventTimeSeen seen = event_time_of(first);
    const EventTimeSeen last = event_time_of(second);
    if (last.unit != EventTimeSeen::Unit::none) seen = {seen.late, last.watermark, last.unit};
    seen.late += last.late;
    return seen;
  }
  [[nodiscard]] std::size_t held() const {
    std::size_t count = 0;
    if constexpr (requires { first.held(); }) count += first.held();
    if constexpr (requires { second.held(); }) count += second.held();
    return count;
  }

 private:
  template <class Emit>
  auto into_second(const Emit& emit) {
    return EmitThrough{
        emit, [this, &emit](auto&& y) { push_answered(second, std::forward<decltype(y)>(y), emit); }};
  }
  template <class Emit>
  void put_out(bool is_ending, const Emit& emit) {
    put_out_answered(first, is_ending, into_second(emit));
    put_out_answered(second, is_ending, emit);
  }
};

}  // namespace weir::detail::stream
