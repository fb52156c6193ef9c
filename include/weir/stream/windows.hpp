// Windows by count: partition, partition_unique, sliding_window.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/duration.hpp"
#include "weir/stream/elements.hpp"

namespace weir {

/// Whether `sliding_window` emits the first, shorter windows.
enum class Partial { emit, hold };
/// Which of several elements with the same key stays.
enum class Keep { first, last };

namespace detail::stream {

/// The key of operators that have none.
struct NoKey {
  template <class T>
  std::monostate operator()(const T&) const noexcept {
    return {};
  }
};

/// Batches of n, each key by itself.
template <class In, class KeyOf>
struct PartitionKernel {
  using Out = std::vector<In>;
  static constexpr Traits traits{.all_or_nothing = true};
  using Key = KeyFor<KeyOf, In>;
  struct Batch {
    Out items;
    Tickets tickets;
    std::uint64_t number = 0;  // batches in the order they began
    Time due{};
  };
  std::size_t n;
  Time timeout{};  // after which a batch is due
  KeyOf key{};
  KeyMap<Key, Batch> batches = {};
  std::uint64_t begun = 0;
  std::size_t count = 0;  // elements kept

  template <class X, class Emit>
  void push(X&& x, Emit&& emit, Time now = {}) {
    auto which = std::invoke(key, std::as_const(x));
    In item(std::forward<X>(x));  // a copy may throw
    const auto place = batches.try_emplace(std::move(which)).first;
    Batch& batch = place->second;
    if (batch.items.empty()) {
      batch.items.reserve(n);
      batch.number = begun++;
      batch.due = now + timeout;
    }
    batch.items.push_back(std::move(item));
    hold(batch.tickets);
    ++count;
    if (batch.items.size() >= n) put_out(place, emit);
  }
  /// When the batch that began first is due.
  [[nodiscard]] std::optional<Time> first_due() const {
    return batches.empty() ? std::nullopt : std::optional(oldest(batches)->second.due);
  }
  template <class Emit>
  void put_out_due(Emit&& emit, Time now) {
    while (!batches.empty()) {
      const auto first = oldest(batches);
      if (first->second.due > now) return;
      put_out(first, emit);
    }
  }
  template <class Emit>
  void finish(Emit&& emit) {
    while (!batches.empty()) put_out(oldest(batches), emit);
  }
  void reset() {
    batches.clear();
    count = 0;
  }
  auto kept() { return std::tie(batches, begun, count); }
  [[nodiscard]] std::size_t held() const { return count; }

 private:
  template <class Place, class Emit>
  void put_out(Place place, Emit&& emit) {
    Batch batch = std::move(place->second);
    batches.erase(place);
    count -= batch.items.size();
    const TicketScope scope(combine(batch.tickets));
    emit(std::move(batch.items));
  }
  template <class Batches>
  static auto oldest(Batches& batches) {
    return std::min_element(batches.begin(), batches.end(),
                            [](const auto& a, const auto& b) { return a.second.number < b.second.number; });
  }
};

/// The same; a batch that began longer ago than its timeout comes out as it is.
template <class In, class KeyOf>
struct TimedPartitionKernel {
  using Out = std::vector<In>;
  static constexpr Traits traits{.all_or_nothing = true};
  PartitionKernel<In, KeyOf> partition;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit, Time now) {
    partition.push(std::forward<X>(x), emit, now);
  }
  [[nodiscard]] std::optional<Time> due() const { return partition.first_due(); }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    partition.put_out_due(emit, now);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    partition.finish(emit);
  }
  void reset() { partition.reset(); }
  auto kept() { return std::tuple(); }  // a drained one is empty
  [[nodiscard]] std::size_t held() const { return partition.held(); }
  [[nodiscard]] std::size_t pending() const { return held(); }
};

/// Elements with different keys, in order; what a newcomer with a known key does depends on `keep`.
template <class In, class KeyOf>
struct UniqueItems {
  KeyOf key;
  Keep keep;
  std::vector<std::pair<KeyFor<KeyOf, In>, TicketedElement<In>>> items;

  template <class X>
  void add(X&& x) {
    auto k = std::invoke(key, std::as_const(x));
    const auto old =
        std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.first == k; });
    if (old != items.end()) {
      if (keep == Keep::first) return;
      items.erase(old);
    }
    items.emplace_back(std::move(k), TicketedElement<In>{In(std::forward<X>(x))});
  }
  template <class Emit>
  void put_out(Emit&& emit) {
    std::vector<In> out;
    Tickets tickets;
    for (auto& [k, held] : std::exchange(items, {})) {
      out.push_back(std::move(held.value));
      if (held.ticket) tickets.push_back(std::move(held.ticket));
    }
    const TicketScope scope(combine(tickets));
    emit(std::move(out));
  }
};

template <class In, class KeyOf>
struct PartitionUniqueKernel {
  using Out = std::vector<In>;
  std::size_t n;
  UniqueItems<In, KeyOf> unique;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    unique.add(std::forward<X>(x));
    if (unique.items.size() >= n) unique.put_out(emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    if (!unique.items.empty()) unique.put_out(emit);
  }
  void reset() { unique.items.clear(); }
  auto kept() { return std::tie(unique.items); }
  [[nodiscard]] std::size_t held() const { return unique.items.size(); }
};

/// Gives its own window out to be looked at; who wants to keep it copies it.
template <class In>
struct SlidingWindowKernel {
  static_assert(
      is_copyable<In>,
      "weir: sliding_window: the elements of this stream cannot be copied, and each stands in several "
      "windows; use partition");
  using Out = std::vector<In>;
  std::size_t size;
  Partial partial;
  Out window = {};
  std::deque<TicketRef> tickets = {};  // of its elements, each until its last window is consumed
  std::uint64_t resets = 0;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    drop_first();  // if that failed before
    window.push_back(In(std::forward<X>(x)));
    tickets.push_back(hold());
    const bool is_full = window.size() >= size;
    if (!is_full && partial == Partial::hold) return;
    TicketRef leaving;
    if (is_full) {
      leaving = std::move(tickets.front());
      tickets.pop_front();
    }
    put_out(std::move(leaving), emit);
    drop_first();
  }
  void reset() {
    window.clear();
    tickets.clear();
    ++resets;
  }
  auto kept() { return std::tie(window, tickets); }
  template <class Emit>
  void flush(Emit&&) {}
  template <class Emit>
  void finish(Emit&&) {
    for (TicketRef& ticket : tickets) ticket.reset();  // all their windows are out
  }
  [[nodiscard]] std::size_t held() const { return window.size(); }

 private:
  /// Keeps the window safe from a reset by whoever looks at it.
  struct Lent {
    SlidingWindowKernel& kernel;
    Out window = std::exchange(kernel.window, {});
    const std::uint64_t resets = kernel.resets;
    explicit Lent(SlidingWindowKernel& from) : kernel(from) {}
    Lent(const Lent&) = delete;
    ~Lent() {
      if (kernel.resets == resets) kernel.window = std::move(window);
    }
  };
  template <class Emit>
  void put_out(TicketRef leaving, Emit&& emit) {
    const auto give = [&](TicketRef ticket) {
      const TicketScope scope(std::move(ticket));
      const Lent lent(*this);
      emit(lent.window);
    };
    if (!leaving) return give(hold());
    if (!flow.ticket || leaving.get() == flow.ticket) return give(std::move(leaving));
    Tickets both;
    both.push_back(std::move(leaving));
    both.push_back(hold());
    give(combine(both));
  }
  /// The oldest has been in its last window.
  void drop_first() {
    if (window.size() < size) return;
    if constexpr (std::is_nothrow_move_assignable_v<In>) {
      window.erase(window.begin());
    } else {
      Out rest;
      rest.reserve(size);
      for (auto each = window.begin() + 1; each != window.end(); ++each) rest.push_back(std::move(*each));
      window = std::move(rest);
    }
  }
};

inline void at_least_one(const char* name, const char* what, std::uint64_t value) {
  if (value == 0)
    throw Error(ErrorKind::invalid_argument, std::string(name) + ": " + what + " must be at least 1 (got 0)");
}
inline std::chrono::nanoseconds positive(const char* name, const char* what, Duration value) {
  if (value.value() <= std::chrono::nanoseconds::zero())
    throw Error(ErrorKind::invalid_argument,
                std::string(name) + ": " + what + " must be positive (got " +
                    (value.value().count() == 0 ? "0s" : "-" + to_string(-value.value())) + ")");
  return value.value();
}
template <class S, class KeyOf, class... None>
concept EqualBy = CanGo<S, KeyOf> && gives_equal_key<KeyOf, typename S::Element>();
/// What `partition` is given besides the number: a timeout, a key or both.
template <class S, class TimeoutOrKey, class... Key>
concept PartitionsBy = (std::is_convertible_v<TimeoutOrKey, Duration> && sizeof...(Key) < 2 &&
                        (FunctionOfElement<S, Key> && ...)) ||
                       (sizeof...(Key) == 0 && FunctionOfElement<S, TimeoutOrKey>);

}  // namespace detail::stream

namespace op {

/// The member `partition` as an operator, which has its contract.
inline auto partition(std::size_t n) {
  detail::stream::at_least_one("partition", "n", n);
  return ByKernel{"partition",
                  [n]<class In>(std::type_identity<In>) {
                    return detail::stream::PartitionKernel<In, detail::stream::NoKey>{n};
                  },
                  std::to_string(n)};
}
template <class KeyOf>
requires(!std::is_convertible_v<KeyOf, Duration>) auto partition(std::size_t n, KeyOf key) {
  detail::stream::at_least_one("partition", "n", n);
  return ByKernel{
      "partition",
      [n, key = detail::callable("partition", "the key", std::move(key))]<class In>(std::type_identity<In>) {
        constexpr bool is_right = detail::stream::FunctionOf<KeyOf, In>;
        if constexpr (is_right) return detail::stream::PartitionKernel<In, KeyOf>{n, {}, key};
        else return detail::stream::Refused<In, detail::stream::Misfit::key>{};
      },
      std::to_string(n)};
}
template <class KeyOf = detail::stream::NoKey>
auto partition(std::size_t n, Duration timeout, KeyOf key = {}) {
  detail::stream::at_least_one("partition", "n", n);
  const detail::stream::Time limit = detail::stream::positive("partition", "timeout", timeout);
  return ByKernel{"partition",
                  [n, limit, key = detail::callable("partition", "the key", std::move(key))]<class In>(
                      std::type_identity<In>) {
                    return detail::stream::TimedPartitionKernel<In, KeyOf>{{n, limit, key}};
                  },
                  std::to_string(n) + ", " + to_string(limit)};
}

/// The member `partition_unique` as an operator, which has its contract.
template <class KeyOf = detail::stream::Identity>
auto partition_unique(std::size_t n, KeyOf key = {}, Keep keep = Keep::first) {
  detail::stream::at_least_one("partition_unique", "n", n);
  return ByKernel{"partition_unique",
                  [n, key = detail::callable("partition_unique", "the key", std::move(key)),
                   keep]<class In>(std::type_identity<In>) {
                    if constexpr (detail::stream::gives_equal_key<KeyOf, In>())
                      return detail::stream::PartitionUniqueKernel<In, KeyOf>{n, {key, keep, {}}};
                    else return detail::stream::Refused<In, detail::stream::Misfit::key>{};
                  },
                  std::to_string(n)};
}

/// The member `sliding_window` as an operator, which has its contract.
inline auto sliding_window(std::size_t size, Partial partial = Partial::emit) {
  detail::stream::at_least_one("sliding_window", "size", size);
  return ByKernel{"sliding_window",
                  [size, partial]<class In>(std::type_identity<In>) {
                    return detail::stream::SlidingWindowKernel<In>{size, partial};
                  },
                  std::to_string(size)};
}

/// By count; members of `Stream` and `ClusterStream`.
template <class Self>
class WindowMembers {
 public:
  /// Emits batches of `n` elements that do not overlap.
  ///
  /// With `key`, every key has a batch of its own. With `timeout`, a batch comes out incomplete that long
  /// after its first element.
  ///
  /// **Shape.** `T` in, `std::vector<T>` of `n` out, in the order the batches become full. The end of the
  /// stream and `flush` give what is left.
  /// **Errors.** Throws `Error{invalid_argument}` if `n` is 0, `timeout` is not positive, or `key` is an
  /// empty std::function or a null pointer.
  /// **Threads.** With a timeout, incomplete batches come out on the stream's event loop.
  /// **Backpressure.** Holds an element's ticket until its batch has been consumed.
  /// **Source.** streamz `Stream.partition`; the remainder at the end is ours.
  ///
  /// \return `numbers.partition(2)` turns `0 1 2 3 4` and the end into `{0,1} {2,3} {4}`.
  auto partition(std::size_t n) const& { return static_cast<const Self&>(*this).apply(op::partition(n)); }
  /// The same of a temporary, whose operators share a task.
  auto partition(std::size_t n) && requires detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::partition(n));
  }
  /// The same with a timeout, a key, or both.
  template <class TimeoutOrKey, class... Key>
  auto partition(std::size_t n, TimeoutOrKey what,
                 Key... key) const& requires detail::stream::PartitionsBy<Self, TimeoutOrKey, Key...> {
    return static_cast<const Self&>(*this).apply(op::partition(n, std::move(what), std::move(key)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class TimeoutOrKey, class... Key>
      auto partition(std::size_t n, TimeoutOrKey what, Key... key) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::PartitionsBy<Self, TimeoutOrKey, Key...> {
    return static_cast<Self&&>(*this).apply(op::partition(n, std::move(what), std::move(key)...));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(partition, PartitionsBy,
                        "behind the number comes a timeout, a key or both; the key must be a function of an "
                        "element of this stream",
                        std::size_t, F, More...)
  /// \endcond
  /// Emits batches of `n` elements with `n` different keys.
  ///
  /// **Shape.** `T` in, `std::vector<T>` of `n` out. Of elements with the same key in one batch the first
  /// stays, or with `Keep::last` the last one, at its own place.
  /// **Errors.** Throws `Error{invalid_argument}` if `n` is 0.
  /// **Backpressure.** Holds the ticket of an element that stays until its batch has been consumed; one that
  /// does not stay is done at once.
  /// **Source.** streamz `Stream.partition_unique`.
  template <class KeyOf = detail::stream::Identity>
  auto partition_unique(std::size_t n, KeyOf key = {},
                        Keep keep = Keep::first) const& requires detail::stream::EqualBy<Self, KeyOf> {
    return static_cast<const Self&>(*this).apply(op::partition_unique(n, std::move(key), keep));
  }
  /// The same of a temporary, whose operators share a task.
  template <class KeyOf = detail::stream::Identity>
      auto partition_unique(std::size_t n, KeyOf key = {}, Keep keep = Keep::first) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::EqualBy<Self, KeyOf> {
    return static_cast<Self&&>(*this).apply(op::partition_unique(n, std::move(key), keep));
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::EqualBy<S, detail::stream::Identity>) WEIR_REFUSES(
      "weir: partition_unique: the elements of this stream must have an operator ==; or give a key")
  detail::Refused partition_unique(std::size_t) const& { return {}; }
  WEIR_REFUSES_FUNCTION(partition_unique, EqualBy,
                        "the key must be a function of an element of this stream and have an operator ==",
                        std::size_t, F, Keep = Keep::first)
  /// \endcond
  /// Emits the most recent `size` elements each time a new one arrives.
  ///
  /// Consecutive windows overlap by `size - 1` elements. Use `partition` for windows that do not overlap and
  /// `timed_window` for windows measured in time.
  ///
  /// **Shape.** `T` in, `std::vector<T>` out, oldest first. One window per element; with `Partial::hold` the
  /// first `size - 1` elements give none.
  /// **Units.** `size` counts elements.
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0.
  /// **Threads.** Runs on the thread that emits; no lock of its own.
  /// **Backpressure.** Holds an element's ticket until the window `size - 1` arrivals later has been
  /// consumed, or the stream ends.
  /// **Cost.** Stores `size` elements and moves them by one place per arrival. They are copied by who takes
  /// the window as his own, as a `buffer` does, and not by a function that takes a `const std::vector<T>&`.
  /// **Source.** streamz `Stream.sliding_window`; same windows, same order of release.
  ///
  /// \return `numbers.sliding_window(3, Partial::hold)` turns `0 1 2 3` into `{0,1,2} {1,2,3}`.
  auto sliding_window(std::size_t size, Partial partial = Partial::emit) const& {
    return static_cast<const Self&>(*this).apply(op::sliding_window(size, partial));
  }
  /// The same of a temporary, whose operators share a task.
  auto sliding_window(std::size_t size, Partial partial = Partial::emit) && requires
      detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::sliding_window(size, partial));
  }
};

}  // namespace op
}  // namespace weir
