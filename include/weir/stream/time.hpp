// Operators that know time: timed_window, timed_window_unique, delay, rate_limit, debounce, throttle, sample,
// distinct_within.
#pragma once

#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/stream/windows.hpp"

namespace weir {
namespace detail::stream {

/// Ticks at a fixed rate; ticks that were missed are left out.
struct Ticks {
  Time interval;
  Time next{};
  void begin(Time now) { next = now + interval; }
  void passed(Time now) {
    next += interval;
    if (next <= now) next = now + interval;
  }
};

template <class In>
struct TimedWindowKernel {
  using Out = std::vector<In>;
  static constexpr bool leaves_in_order = true;
  Ticks ticks;
  Out items = {};
  Tickets tickets = {};
  void begin(Time now) { ticks.begin(now); }
  template <class X, class Emit>
  void push(X&& x, Emit&&, Time) {
    items.push_back(std::forward<X>(x));
    hold(tickets);
  }
  [[nodiscard]] std::optional<Time> due() const { return ticks.next; }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    ticks.passed(now);
    put_out(emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    if (!items.empty()) put_out(emit);
  }
  [[nodiscard]] std::size_t held() const { return items.size(); }
  [[nodiscard]] std::size_t pending() const { return items.size(); }

 private:
  template <class Emit>
  void put_out(Emit&& emit) {
    Out all = std::exchange(items, {});
    const TicketScope scope(combine(tickets));
    emit(std::move(all));
  }
};

template <class In, class KeyOf>
struct TimedWindowUniqueKernel {
  using Out = std::vector<In>;
  Ticks ticks;
  UniqueItems<In, KeyOf> unique;
  void begin(Time now) { ticks.begin(now); }
  template <class X, class Emit>
  void push(X&& x, Emit&&, Time) {
    unique.add(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const { return ticks.next; }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    ticks.passed(now);
    unique.put_out(emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    if (!unique.items.empty()) unique.put_out(emit);
  }
  [[nodiscard]] std::size_t held() const { return unique.items.size(); }
  [[nodiscard]] std::size_t pending() const { return unique.items.size(); }
};

/// A queue of elements with their tickets.
template <class In>
struct HeldQueue {
  std::deque<std::pair<Time, TicketedElement<In>>> items;
  template <class X>
  void add(Time due, X&& x) {
    items.emplace_back(due, TicketedElement<In>{In(std::forward<X>(x))});
  }
  template <class Emit>
  void emit_front(Emit&& emit) {
    TicketedElement<In> first = std::move(items.front().second);
    items.pop_front();
    const TicketScope scope(std::move(first.ticket));
    emit(std::move(first.value));
  }
};

template <class In>
struct DelayKernel {
  using Out = In;
  static constexpr bool leaves_in_order = true;
  static constexpr Traits traits{.where = Where::on_whole_chunks};
  static constexpr bool outlives_input = true;
  Time interval;
  std::size_t maxsize;
  HeldQueue<In> queue = {};
  template <class X, class Emit>
  void push(X&& x, Emit&&, Time now) {
    queue.add(now + interval, std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const {
    return queue.items.empty() ? std::nullopt : std::optional(queue.items.front().first);
  }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    while (!queue.items.empty() && queue.items.front().first <= now) queue.emit_front(emit);
  }
  [[nodiscard]] bool is_full(Time) const { return queue.items.size() >= maxsize; }
  [[nodiscard]] std::size_t held() const { return queue.items.size(); }
  [[nodiscard]] std::size_t pending() const { return queue.items.size(); }
};

template <class In>
struct RateLimitKernel {
  using Out = In;
  static constexpr bool leaves_in_order = true;
  static constexpr Traits traits{.where = Where::on_whole_chunks, .one_by_one = true};
  static constexpr bool outlives_input = true;
  Time interval;
  HeldQueue<In> queue = {};       // what one emission brought too much of
  std::optional<Time> next = {};  // closed until then
  template <class X, class Emit>
  void push(X&& x, Emit&& emit, Time now) {
    if (next && (now < *next || !queue.items.empty())) return queue.add(*next, std::forward<X>(x));
    next = now + interval;
    emit(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const { return next; }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    next.reset();
    if (queue.items.empty()) return;
    next = now + interval;
    queue.emit_front(emit);
  }
  [[nodiscard]] bool is_full(Time now) const { return next && (now < *next || !queue.items.empty()); }
  [[nodiscard]] std::size_t held() const { return queue.items.size(); }
  [[nodiscard]] std::size_t pending() const { return queue.items.size(); }
};

/// The newest element; one that is replaced is done.
template <class In>
struct HeldLast {
  std::optional<TicketedElement<In>> item;
  template <class X>
  void set(X&& x) {
    item.emplace(TicketedElement<In>{In(std::forward<X>(x))});
  }
  template <class Emit>
  void put_out(Emit&& emit) {
    if (!item) return;
    TicketedElement<In> held = std::move(*std::exchange(item, std::nullopt));
    const TicketScope scope(std::move(held.ticket));
    emit(std::move(held.value));
  }
};

template <class In>
struct DebounceKernel {
  using Out = In;
  static constexpr bool leaves_in_order = true;
  Time quiet;
  HeldLast<In> last = {};
  Time when{};
  template <class X, class Emit>
  void push(X&& x, Emit&&, Time now) {
    last.set(std::forward<X>(x));
    when = now + quiet;
  }
  [[nodiscard]] std::optional<Time> due() const { return last.item ? std::optional(when) : std::nullopt; }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    if (now >= when) finish(emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    last.put_out(emit);
  }
  [[nodiscard]] std::size_t held() const { return last.item ? 1 : 0; }
  [[nodiscard]] std::size_t pending() const { return held(); }
};

template <class In>
struct ThrottleKernel {
  using Out = In;
  Time interval;
  std::optional<Time> next = {};
  template <class X, class Emit>
  void push(X&& x, Emit&& emit, Time now) {
    if (next && now < *next) return;
    next = now + interval;
    emit(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const { return {}; }
  template <class Emit>
  void fire(Emit&&, Time) {}
};

template <class In>
struct SampleKernel {
  using Out = In;
  static constexpr bool leaves_in_order = true;
  Ticks ticks;
  HeldLast<In> last = {};
  void begin(Time now) { ticks.begin(now); }
  template <class X, class Emit>
  void push(X&& x, Emit&&, Time) {
    last.set(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const { return ticks.next; }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    ticks.passed(now);
    finish(emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    last.put_out(emit);
  }
  [[nodiscard]] std::size_t held() const { return last.item ? 1 : 0; }
  [[nodiscard]] std::size_t pending() const { return held(); }
};

template <class In, class KeyOf>
struct DistinctWithinKernel {
  using Out = In;
  using Key = KeyFor<KeyOf, In>;
  Time interval;
  KeyOf key;
  KeyMap<Key, Time> passed = {};
  std::deque<std::pair<Time, Key>> order = {};  // when each is forgotten
  template <class X, class Emit>
  void push(X&& x, Emit&& emit, Time now) {
    for (; !order.empty() && order.front().first <= now; order.pop_front())
      passed.erase(order.front().second);
    Key k = std::invoke(key, std::as_const(x));
    if (!passed.emplace(k, now).second) return;
    order.emplace_back(now + interval, std::move(k));
    emit(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const { return {}; }
  template <class Emit>
  void fire(Emit&&, Time) {}
  void reset() {
    passed.clear();
    order.clear();
  }
};

template <class S, class KeyOf, class... None>
concept DistinctBy = CanGo<S, KeyOf> && gives_known_key<KeyOf, typename S::Element>();

}  // namespace detail::stream

namespace op {

/// The member `timed_window` as an operator, which has its contract.
inline auto timed_window(Duration interval) {
  const detail::stream::Time period = detail::stream::positive("timed_window", "interval", interval);
  return ByKernel{
      "timed_window",
      [period]<class In>(std::type_identity<In>) { return detail::stream::TimedWindowKernel<In>{{period}}; },
      to_string(period)};
}

/// The member `timed_window_unique` as an operator, which has its contract.
template <class KeyOf = detail::stream::Identity>
auto timed_window_unique(Duration interval, KeyOf key = {}, Keep keep = Keep::first) {
  const detail::stream::Time period = detail::stream::positive("timed_window_unique", "interval", interval);
  return ByKernel{"timed_window_unique",
                  [period, key = detail::callable("timed_window_unique", "the key", std::move(key)),
                   keep]<class In>(std::type_identity<In>) {
                    if constexpr (detail::stream::gives_equal_key<KeyOf, In>())
                      return detail::stream::TimedWindowUniqueKernel<In, KeyOf>{{period}, {key, keep, {}}};
                    else return detail::stream::Refused<In, detail::stream::Misfit::key>{};
                  },
                  to_string(period)};
}

/// The member `delay` as an operator, which has its contract.
inline auto delay(Duration interval, std::size_t maxsize = std::numeric_limits<std::size_t>::max()) {
  const detail::stream::Time wait = detail::stream::positive("delay", "interval", interval);
  detail::stream::at_least_one("delay", "maxsize", maxsize);
  return ByKernel{"delay",
                  [=]<class In>(std::type_identity<In>) {
                    return detail::stream::DelayKernel<In>{wait, maxsize};
                  },
                  to_string(wait)};
}

/// The member `rate_limit` as an operator, which has its contract.
inline auto rate_limit(Duration interval) {
  const detail::stream::Time period = detail::stream::positive("rate_limit", "interval", interval);
  return ByKernel{
      "rate_limit",
      [period]<class In>(std::type_identity<In>) { return detail::stream::RateLimitKernel<In>{period}; },
      to_string(period)};
}

/// The member `debounce` as an operator, which has its contract.
inline auto debounce(Duration quiet) {
  const detail::stream::Time wait = detail::stream::positive("debounce", "quiet", quiet);
  return ByKernel{
      "debounce",
      [wait]<class In>(std::type_identity<In>) { return detail::stream::DebounceKernel<In>{wait}; },
      to_string(wait)};
}

/// The member `throttle` as an operator, which has its contract.
inline auto throttle(Duration interval) {
  const detail::stream::Time period = detail::stream::positive("throttle", "interval", interval);
  return ByKernel{
      "throttle",
      [period]<class In>(std::type_identity<In>) { return detail::stream::ThrottleKernel<In>{period}; },
      to_string(period)};
}

/// The member `sample` as an operator, which has its contract.
inline auto sample(Duration interval) {
  const detail::stream::Time period = detail::stream::positive("sample", "interval", interval);
  return ByKernel{
      "sample",
      [period]<class In>(std::type_identity<In>) { return detail::stream::SampleKernel<In>{{period}}; },
      to_string(period)};
}

/// The member `distinct_within` as an operator, which has its contract.
template <class KeyOf = detail::stream::Identity>
auto distinct_within(Duration interval, KeyOf key = {}) {
  const detail::stream::Time period = detail::stream::positive("distinct_within", "interval", interval);
  return ByKernel{"distinct_within",
                  [period, key = detail::callable("distinct_within", "the key", std::move(key))]<class In>(
                      std::type_identity<In>) {
                    constexpr bool is_right = detail::stream::gives_known_key<KeyOf, In>();
                    if constexpr (is_right)
                      return detail::stream::DistinctWithinKernel<In, KeyOf>{period, key};
                    else return detail::stream::Refused<In, detail::stream::Misfit::key>{};
                  },
                  to_string(period)};
}

/// By the clock, which on the cluster is that of the stream's program; members of `Stream` and
/// `ClusterStream`.
template <class Self>
class TimeMembers {
 public:
  /// Emits, every `interval`, what arrived since the last time.
  ///
  /// **Shape.** `T` in, `std::vector<T>` out, also empty ones; the first one `interval` after the operator
  /// was made. The end of the stream and `flush` give what is left.
  /// **Units.** `interval` is a duration or text such as "500ms"; ticks that were missed because the consumer
  /// was slow are left out.
  /// **Errors.** Throws `Error{invalid_argument}` if `interval` is not positive or not a duration.
  /// **Threads.** Windows are emitted on the stream's event loop.
  /// **Backpressure.** Emitters wait while a window is being consumed; while a node below is full the window
  /// grows.
  /// **Source.** streamz `Stream.timed_window`, whose period adds the consumer's time.
  auto timed_window(Duration interval) const {
    return static_cast<const Self&>(*this).apply(op::timed_window(interval));
  }
  /// The same with one element per key; see `partition_unique` for which stays.
  template <class KeyOf = detail::stream::Identity>
  auto timed_window_unique(Duration interval, KeyOf key = {},
                           Keep keep = Keep::first) const requires detail::stream::EqualBy<Self, KeyOf> {
    return static_cast<const Self&>(*this).apply(op::timed_window_unique(interval, std::move(key), keep));
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::EqualBy<S, detail::stream::Identity>) WEIR_REFUSES(
      "weir: timed_window_unique: the elements of this stream must have an operator ==; or give a key")
  detail::Refused timed_window_unique(Duration) const { return {}; }
  WEIR_REFUSES_FUNCTION(timed_window_unique, EqualBy,
                        "the key must be a function of an element of this stream and have an operator ==",
                        Duration, F, Keep = Keep::first)
  /// \endcond
  /// Emits every element `interval` after it came, in the same order.
  ///
  /// **Units.** `maxsize` counts elements under way; `emit` waits beyond it. Without it memory grows with
  /// rate times interval.
  /// **Errors.** Throws `Error{invalid_argument}` if `interval` is not positive or `maxsize` is 0.
  /// **Threads.** Elements come out on the stream's event loop.
  /// **Backpressure.** `emit` returns at once unless `maxsize` are under way; the ticket is held until the
  /// element came out.
  /// **Source.** streamz `Stream.delay` spaces elements instead; that is `rate_limit`.
  template <class... Limit>
  auto delay(Duration interval, Limit... maxsize) const {
    return static_cast<const Self&>(*this).apply(op::delay(interval, maxsize...));
  }
  /// Lets no more than one element through per `interval`.
  ///
  /// **Shape.** Every element, same order; the first one at once.
  /// **Errors.** Throws `Error{invalid_argument}` if `interval` is not positive or not a duration.
  /// **Threads.** An element that had to wait inside (a list that was flattened) comes out on the stream's
  /// event loop.
  /// **Backpressure.** `emit` waits until its turn.
  /// **Source.** streamz `Stream.rate_limit`.
  auto rate_limit(Duration interval) const {
    return static_cast<const Self&>(*this).apply(op::rate_limit(interval));
  }
  /// Emits the last element of a burst, once nothing has come for `quiet`.
  auto debounce(Duration quiet) const { return static_cast<const Self&>(*this).apply(op::debounce(quiet)); }
  /// Passes an element, then drops what comes within `interval` of it.
  auto throttle(Duration interval) const {
    return static_cast<const Self&>(*this).apply(op::throttle(interval));
  }
  /// Emits the newest element every `interval`, if one came since the last time.
  auto sample(Duration interval) const { return static_cast<const Self&>(*this).apply(op::sample(interval)); }
  /// Drops elements whose key has passed within the last `interval`.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if `interval` is not positive; what `key` throws is
  /// answered by the node's policy.
  /// **Cost.** Remembers the keys that passed within `interval`.
  template <class KeyOf = detail::stream::Identity>
  auto distinct_within(Duration interval,
                       KeyOf key = {}) const requires detail::stream::DistinctBy<Self, KeyOf> {
    return static_cast<const Self&>(*this).apply(op::distinct_within(interval, std::move(key)));
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::DistinctBy<S, detail::stream::Identity>) WEIR_REFUSES(
      "weir: distinct_within: an element of this stream must have a hash or an operator <; or give a key")
  detail::Refused distinct_within(Duration) const { return {}; }
  WEIR_REFUSES_FUNCTION(
      distinct_within, DistinctBy,
      "the key must be a function of an element of this stream and have a hash or an operator <", Duration, F)
  /// \endcond
};

}  // namespace op
}  // namespace weir
