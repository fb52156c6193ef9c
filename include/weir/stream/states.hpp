// Operators with a state: accumulate, collect, frequencies, unique, pairwise, group_by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/stream/elements.hpp"

namespace weir {

/// `accumulate(f, start, returns_state)`: `f` returns `(state, result)`, and the result is emitted.
struct ReturnsState {};
inline constexpr ReturnsState returns_state{};
/// `accumulate(f, start, with_state)`: emits `(state, result)`.
struct WithState {};
inline constexpr WithState with_state{};

namespace detail::stream {

/// How the state goes on: `f(state, x)` returns the next state, or changes the state in place and returns
/// nothing.
template <class In, class State, class F, bool returns, bool with>
struct AccumulateKernel {
  static constexpr bool in_place =
      !std::is_invocable_v<F&, const State&, const In&> && std::is_invocable_v<F&, State&, const In&>;
  static auto result() {
    if constexpr (returns)
      return std::type_identity<std::decay_t<decltype(std::get<1>(
          std::declval<std::invoke_result_t<F&, const State&, const In&>>()))>>{};
    else return std::type_identity<State>{};
  }
  using Result = typename decltype(result())::type;
  using Out = std::conditional_t<with, std::pair<State, Result>, Result>;
  static constexpr Traits traits{.all_or_nothing = !in_place};

  F f;
  std::optional<State> start;
  std::optional<State> state = start;

  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (!state) {
      if constexpr (std::is_constructible_v<State, X>) state.emplace(std::forward<X>(x));
      return emit_state(emit);
    }
    if constexpr (returns) {
      auto [next, result] = std::invoke(f, std::as_const(*state), std::forward<X>(x));
      state = std::move(next);
      if constexpr (with) emit(Out(*state, std::move(result)));
      else emit(Out(std::move(result)));
    } else {
      if constexpr (in_place) std::invoke(f, *state, std::forward<X>(x));
      else state = State(std::invoke(f, std::as_const(*state), std::forward<X>(x)));
      emit_state(emit);
    }
  }
  void reset() { state = start; }
  auto kept() { return std::tie(state); }

 private:
  template <class Emit>
  void emit_state(Emit&& emit) {
    if constexpr (!std::is_constructible_v<Result, const State&>)
      throw Error(ErrorKind::internal, "accumulate: there is no state");  // a start is required then
    else if constexpr (with) emit(Out(*state, Result(*state)));
    else if constexpr (std::is_same_v<Out, State>) emit(std::as_const(*state));
    else emit(Out(*state));
  }
};

template <class In>
struct CollectKernel {
  using Out = std::vector<In>;
  static constexpr Traits traits{.all_or_nothing = true};
  Out items;
  Tickets tickets;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    items.push_back(std::forward<X>(x));
    hold(tickets);
  }
  template <class Emit>
  void flush(Emit&& emit) {
    Out all = std::exchange(items, {});
    const TicketScope scope(combine(tickets));
    emit(std::move(all));
  }
  template <class Emit>
  void finish(Emit&& emit) {
    if (!items.empty()) flush(emit);
  }
  void reset() {
    items.clear();
    tickets.clear();
  }
  auto kept() { return std::tie(items); }
  [[nodiscard]] std::size_t held() const { return items.size(); }
};

template <class In>
struct FrequenciesKernel {
  using Out = std::map<In, std::uint64_t>;
  static constexpr Traits traits{.all_or_nothing = true};
  Out counts;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    ++counts[std::forward<X>(x)];
    emit(std::as_const(counts));
  }
  void reset() { counts.clear(); }
  auto kept() { return std::tie(counts); }
};

/// Keys in the order of their last use, by hash, by order or by comparison, as the key allows.
template <class Key>
class Recent {
 public:
  Recent() = default;
  Recent(Recent&&) noexcept = default;
  Recent(const Recent& other) : order_(other.order_) { find_places(); }
  Recent& operator=(Recent other) noexcept {
    order_.swap(other.order_);
    std::swap(index_, other.index_);
    return *this;
  }
  /// Whether the key was there; afterwards it is, as the newest, and no more than `limit` are (0: all). One
  /// that has to go for it is given to `forget`.
  template <class Forget>
  bool seen(const Key& key, std::size_t limit, Forget&& forget) {
    if (const auto place = find(key); place != order_.end()) {
      order_.splice(order_.begin(), order_, place);
      return true;
    }
    order_.push_front(key);
    if constexpr (indexed) index_.emplace(key, order_.begin());
    if (limit != 0 && order_.size() > limit) {
      if constexpr (indexed) index_.erase(order_.back());
      forget(std::move(order_.back()));
      order_.pop_back();
    }
    return false;
  }
  bool seen(const Key& key, std::size_t limit) {
    return seen(key, limit, [](const Key&) {});
  }
  void clear() {
    order_.clear();
    if constexpr (indexed) index_.clear();
  }
  [[nodiscard]] std::size_t size() const { return order_.size(); }
  template <class Archive>
  void save(Archive& archive) const {
    archive(order_);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(order_);
    find_places();
  }

 private:
  using Place = typename std::list<Key>::iterator;
  static constexpr bool indexed = Hashable<Key> || requires(const Key& a) { a < a; };
  struct None {};
  void find_places() {
    if constexpr (indexed) {
      index_.clear();
      for (Place place = order_.begin(); place != order_.end(); ++place) index_.emplace(*place, place);
    }
  }
  Place find(const Key& key) {
    if constexpr (indexed) {
      const auto found = index_.find(key);
      return found == index_.end() ? order_.end() : found->second;
    } else {
      return std::find(order_.begin(), order_.end(), key);
    }
  }
  static auto index_type() {
    if constexpr (indexed) return std::type_identity<KeyMap<Key, Place>>{};
    else return std::type_identity<None>{};
  }
  std::list<Key> order_;
  [[no_unique_address]] typename decltype(index_type())::type index_;
};

template <class In, class KeyOf>
struct UniqueKernel {
  using Out = In;
  static constexpr Traits traits{.all_or_nothing = true};
  KeyOf key;
  std::size_t maxsize;
  Recent<KeyFor<KeyOf, In>> recent;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if (!recent.seen(std::invoke(key, std::as_const(x)), maxsize)) emit(std::forward<X>(x));
  }
  void reset() { recent.clear(); }
  auto kept() { return std::tie(recent); }
};

template <class In>
struct PairwiseKernel {
  using Out = std::pair<In, In>;
  std::optional<In> last;
  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    std::optional<In> before = std::exchange(last, std::forward<X>(x));
    if (before) emit(Out(std::move(*before), *last));
  }
  void reset() { last.reset(); }
  auto kept() { return std::tie(last); }
};

/// One kernel per key, each with a state of its own.
template <class In, class KeyOf, class Inner>
struct GroupKernel {
  using Key = KeyFor<KeyOf, In>;
  using Out = std::pair<Key, typename Inner::Out>;
  static constexpr Traits traits{.where = Where::by_key, .all_or_nothing = true};  // the group goes back
  KeyOf key;
  Inner fresh;  // copied for each new key
  std::size_t max_keys;
  KeyMap<Key, std::pair<Inner, std::uint64_t>>
      groups;  // and when each was used last, if that matters, or made
  std::map<std::uint64_t, Key> by_use;
  std::uint64_t uses = 0;

  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    const Key k = std::invoke(key, std::as_const(x));
    auto place = groups.find(k);
    if (place == groups.end()) {
      if (max_keys != 0 && groups.size() >= max_keys) evict(emit);
      place = groups.emplace(k, std::pair(fresh, uses)).first;
      by_use.emplace(uses++, k);
    } else if (max_keys != 0) {
      by_use.erase(place->second.second);
      by_use.emplace(place->second.second = uses++, k);
    }
    push_answered(place->second.first, std::forward<X>(x), as_of(k, emit));
  }
  template <class Emit>
  void finish(Emit&& emit) {
    for (const auto& [use, k] : by_use) finish_one(k, groups.find(k)->second.first, emit);
  }
  void reset() {
    groups.clear();
    by_use.clear();
  }
  static constexpr KeptState keeps =
      Travels<Key> && kept_of<Inner>() != KeptState::lost ? KeptState::writable : KeptState::lost;
  void write_kept(Writer& writer) {
    write(writer, by_use);
    write(writer, uses);
    for (const auto& [use, k] : by_use) stream::write_kept(writer, groups.find(k)->second.first);
  }
  void read_kept(Reader& reader) {
    reset();
    task::read_back(reader, by_use);
    task::read_back(reader, uses);
    for (const auto& [use, k] : by_use)
      stream::read_kept(reader, groups.emplace(k, std::pair(fresh, use)).first->second.first);
  }
  [[nodiscard]] std::size_t held() const { return groups.size(); }

 private:
  template <class Emit>
  static void finish_one(const Key& k, Inner& inner, const Emit& emit) {
    put_out_answered(inner, true, as_of(k, emit));
  }
  template <class Emit>
  static auto as_of(const Key& k, const Emit& emit) {
    return EmitThrough{emit, [&](auto&& y) { emit(Out(k, std::forward<decltype(y)>(y))); }};
  }
  template <class Emit>
  void evict(Emit&& emit) {
    const Key oldest = by_use.begin()->second;
    auto node = groups.extract(oldest);
    by_use.erase(by_use.begin());
    finish_one(oldest, node.mapped().first, emit);
  }
};

/// What accumulate takes besides the start and further arguments of the function.
template <class T>
inline constexpr bool is_accumulate_option = std::is_same_v<T, ReturnsState> || std::is_same_v<T, WithState>;
template <class T, class... Among>
inline constexpr bool is_among = (std::is_same_v<T, Among> || ...);
template <class T>
auto further_argument(T&& argument) {
  if constexpr (is_accumulate_option<std::decay_t<T>>) return std::tuple();
  else return std::tuple<std::decay_t<T>>(std::forward<T>(argument));
}

/// Whether a function makes the next state, of a state and an element; or of both a state and a result.
template <bool returns, class F, class State, class In>
constexpr bool is_accumulator() {
  if constexpr (std::is_invocable_v<F&, const State&, const In&> ||
                std::is_invocable_v<F&, const State&, In>) {
    using Next = typename std::conditional_t<std::is_invocable_v<F&, const State&, const In&>,
                                             std::invoke_result<F&, const State&, const In&>,
                                             std::invoke_result<F&, const State&, In>>::type;
    if constexpr (returns) return requires(Next next) {
        std::get<1>(next);
      };
    else return std::is_constructible_v<State, Next>;
  } else {
    return !returns && std::is_invocable_v<F&, State&, const In&>;
  }
}
template <class In, class F, class... More>
inline constexpr bool accumulates = is_accumulator<is_among<ReturnsState, More...>, F, In, In>();
template <class F, class More>
struct BoundToAll;
template <class F, class... More>
struct BoundToAll<F, std::tuple<More...>> : std::type_identity<BoundTo<F, More...>> {};
template <class In, class F, class State, class... More>
requires(!is_accumulate_option<State>) inline constexpr bool accumulates<In, F, State, More...> =
    is_accumulator<
        is_among<ReturnsState, More...>,
        typename BoundToAll<F, decltype(std::tuple_cat(further_argument(std::declval<More>())...))>::type,
        State, In>();
template <class T>
concept HasOrder = requires(const T& x) {
  x < x;
};
/// Whether `unique` can know a key again.
template <class Key>
concept CanBeSeen = Hashable<Key> || HasOrder<Key> || requires(const Key& x) {
  x == x;
};
template <class S>
concept OfOrdered = HasOrder<typename S::Element>;
template <class S, class KeyOf, class... None>
concept UniqueBy = CanGo<S, KeyOf> && FunctionOf<KeyOf, typename S::Element> &&
    CanBeSeen<KeyFor<KeyOf, typename S::Element>>;
template <class S, class KeyOf, class... Op>
concept GroupsBy = CanGo<S, KeyOf> && gives_known_key<KeyOf, typename S::Element>() &&
    ((op::MadeByKernel<Op> || std::is_integral_v<Op>)&&...);
/// What `accumulate` asks of its arguments.
template <class S, class F, class... More>
concept Accumulator = CanGo<S, F, More...> && accumulates<typename S::Element, F, More...>;

template <bool returns, bool with, class F, class State>
auto accumulate(F f, std::optional<State> start) {
  return op::ByKernel{
      "accumulate", [f = detail::callable("accumulate", "the function", std::move(f)),
                     start = std::move(start)]<class In>(std::type_identity<In>) mutable {
        constexpr bool is_right = is_accumulator<returns, F, State, In>();
        if constexpr (is_right)
          return stream::AccumulateKernel<In, State, F, returns, with>{std::move(f), std::move(start)};
        else return stream::Refused<In, Misfit::state>{};
      }};
}
template <bool returns, bool with, class F>
auto accumulate_from_first(F f) {
  return op::ByKernel{"accumulate",
                      [f = detail::callable("accumulate", "the function", std::move(f))]<class In>(
                          std::type_identity<In>) mutable {
                        constexpr bool is_right = is_accumulator<returns, F, In, In>();
                        if constexpr (is_right) {
                          using Kernel = stream::AccumulateKernel<In, In, F, returns, with>;
                          if constexpr (std::is_constructible_v<typename Kernel::Result, const In&>)
                            return Kernel{std::move(f), std::nullopt};
                          else return stream::Refused<In, Misfit::start>{};
                        } else {
                          return stream::Refused<In, Misfit::start>{};
                        }
                      }};
}
}  // namespace detail::stream

namespace op {

/// The member `accumulate` as an operator, which has its contract.
template <class F>
auto accumulate(F f) {
  return detail::stream::accumulate_from_first<false, false>(std::move(f));
}
template <class F>
auto accumulate(F f, ReturnsState) {
  return detail::stream::accumulate_from_first<true, false>(std::move(f));
}
template <class F>
auto accumulate(F f, WithState) {
  return detail::stream::accumulate_from_first<false, true>(std::move(f));
}
template <class F>
auto accumulate(F f, ReturnsState, WithState) {
  return detail::stream::accumulate_from_first<true, true>(std::move(f));
}
template <class F, class State, class... More>
requires(!detail::stream::is_accumulate_option<State>) auto accumulate(F f, State start, More... more) {
  return std::apply(
      [&](auto&&... further) {
        return detail::stream::accumulate<detail::stream::is_among<ReturnsState, More...>,
                                          detail::stream::is_among<WithState, More...>>(
            detail::stream::bind_back("accumulate", std::move(f), std::move(further)...),
            std::optional<State>(std::move(start)));
      },
      std::tuple_cat(detail::stream::further_argument(std::move(more))...));
}

/// The member `collect` as an operator, which has its contract.
inline auto collect() {
  return ByKernel{"collect",
                  []<class In>(std::type_identity<In>) { return detail::stream::CollectKernel<In>{}; }};
}

/// The member `frequencies` as an operator, which has its contract.
inline auto frequencies() {
  return ByKernel{"frequencies", []<class In>(std::type_identity<In>) {
                    constexpr bool has_order = detail::stream::HasOrder<In>;
                    if constexpr (has_order) return detail::stream::FrequenciesKernel<In>{};
                    else return detail::stream::Refused<In, detail::stream::Misfit::order>{};
                  }};
}

/// The member `unique` as an operator, which has its contract.
template <class KeyOf = detail::stream::Identity>
auto unique(std::optional<std::size_t> maxsize = {}, KeyOf key = {}) {
  if (maxsize && *maxsize == 0)
    throw Error(ErrorKind::invalid_argument, "unique: maxsize must be at least 1 (got 0)");
  return ByKernel{"unique",
                  [key = detail::callable("unique", "the key", std::move(key)),
                   limit = maxsize.value_or(0)]<class In>(std::type_identity<In>) mutable {
                    constexpr bool is_key = std::is_invocable_v<KeyOf&, const In&>;
                    if constexpr (is_key) {
                      constexpr bool is_comparable =
                          detail::stream::CanBeSeen<detail::stream::KeyFor<KeyOf, In>>;
                      if constexpr (is_comparable)
                        return detail::stream::UniqueKernel<In, KeyOf>{std::move(key), limit, {}};
                      else return detail::stream::Refused<In, detail::stream::Misfit::key>{};
                    } else {
                      return detail::stream::Refused<In, detail::stream::Misfit::key>{};
                    }
                  },
                  maxsize ? std::to_string(*maxsize) : ""};
}

/// The member `pairwise` as an operator, which has its contract.
inline auto pairwise() {
  return ByKernel{"pairwise",
                  []<class In>(std::type_identity<In>) { return detail::stream::PairwiseKernel<In>{}; }};
}

/// The member `group_by` as an operator, which has its contract.
template <class KeyOf, class Op>
auto group_by(KeyOf key, Op inner, std::size_t max_keys = 0) {
  static_assert(
      MadeByKernel<Op>,
      "weir: group_by applies an operator made of a kernel to each group, such as op::accumulate(f, 0) or "
      "op::map(f) | op::pairwise(); a function of a stream or a lambda is none");
  if constexpr (MadeByKernel<Op>) {
    std::string name = inner.kind;
    return ByKernel{"group_by",
                    [key = detail::callable("group_by", "the key", std::move(key)), inner = std::move(inner),
                     max_keys]<class In>(std::type_identity<In>) mutable {
                      using Inner = detail::stream::KernelOf<Op, In>;
                      if constexpr (detail::stream::IsRefused<Inner>) {
                        return Inner{};
                      } else if constexpr (detail::stream::gives_known_key<KeyOf, In>()) {
                        return detail::stream::GroupKernel<In, KeyOf, Inner>{
                            std::move(key), std::move(inner).template kernel<In>(), max_keys, {}, {}};
                      } else {
                        return detail::stream::Refused<In, detail::stream::Misfit::key>{};
                      }
                    },
                    std::move(name)};
  }
}

/// With a state; members of `Stream` and `ClusterStream`.
template <class Self>
class StateMembers {
 public:
  /// Emits `state = f(state, x)` for each element.
  ///
  /// Without `start` the first element becomes the state and is emitted unchanged. `f` takes the state by
  /// value or const reference and returns the next one; or it takes `State&`, changes it in place and returns
  /// nothing. Further arguments behind `start` are those of `f` behind the element.
  ///
  /// **Shape.** One state out for one element in. With `returns_state`, `f` returns `(state, result)` and the
  /// result is emitted; with `with_state`, `(state, result)` is.
  /// **Errors.** If `f` throws, the state stays as it was (unless `f` changes it in place).
  /// **Threads.** One call of `f` at a time, on the thread that emits.
  /// **Backpressure.** The state does not keep the tickets of the elements in it.
  /// **Source.** streamz `Stream.accumulate`; in-place states are ours.
  ///
  /// \return `numbers.accumulate(std::plus<>{}, 0)` turns `1 2 3` into `1 3 6`.
  template <class F, class... More>
  auto accumulate(F f, More... more) const& requires detail::stream::Accumulator<Self, F, More...> {
    return static_cast<const Self&>(*this).apply(op::accumulate(std::move(f), std::move(more)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F, class... More>
      auto accumulate(F f, More... more) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::Accumulator<Self, F, More...> {
    return static_cast<Self&&>(*this).apply(op::accumulate(std::move(f), std::move(more)...));
  }
  /// \cond
  template <class S = Self>
  WEIR_REFUSES("weir: accumulate: must be given a function of the state and an element")
  detail::Refused accumulate() const& {
    return {};
  }
  WEIR_REFUSES_FUNCTION(
      accumulate, Accumulator,
      "the function must take the state, an element of this stream and the further arguments, and return the "
      "next state (with returns_state, a pair of state and result), or take State& and change it",
      F, More...)
  template <class State, class... More, class S = Self>
  WEIR_REFUSES(
      "weir: accumulate: this function has several forms, or is a template: choose one, "
      ".accumulate(weir::overload<double(double, double)>(std::fmax), 0.0), or name it in a lambda")
  detail::Refused accumulate(detail::NeedsWeirOverload<State, State, typename S::Element, More...>, State,
                             More...) const& {
    return {};
  }
  /// \endcond
  /// Another name of `accumulate`.
  template <class F, class... More>
  auto scan(F f, More... more) const& requires detail::stream::Accumulator<Self, F, More...> {
    return static_cast<const Self&>(*this).apply(op::accumulate(std::move(f), std::move(more)...));
  }
  /// The same of a temporary, whose operators share a task.
  template <class F, class... More>
      auto scan(F f, More... more) && requires detail::stream::is_on_cluster<Self> &&
      detail::stream::Accumulator<Self, F, More...> {
    return static_cast<Self&&>(*this).apply(op::accumulate(std::move(f), std::move(more)...));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(
      scan, Accumulator,
      "the function must take the state, an element of this stream and the further arguments, and return the "
      "next state (with returns_state, a pair of state and result), or take State& and change it",
      F, More...)
  template <class State, class... More, class S = Self>
  WEIR_REFUSES(
      "weir: scan: this function has several forms, or is a template: choose one, "
      ".scan(weir::overload<double(double, double)>(std::fmax), 0.0), or name it in a lambda")
  detail::Refused
      scan(detail::NeedsWeirOverload<State, State, typename S::Element, More...>, State, More...) const& {
    return {};
  }
  /// \endcond
  /// Keeps all elements until it is flushed, then emits them as one vector and begins again.
  ///
  /// **Shape.** `T` in, `std::vector<T>` out; `flush` of nothing gives an empty vector, the end of the stream
  /// gives one only if there is something.
  /// **Errors.** None of its own; what copying an element throws is treated by the node's policy, without
  /// that element.
  /// **Backpressure.** Holds every element's ticket until the flush has been consumed. Memory grows until
  /// then.
  /// **Source.** streamz `Stream.collect`.
  auto collect() const& { return static_cast<const Self&>(*this).apply(op::collect()); }
  /// The same of a temporary, whose operators share a task.
  auto collect() && requires detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::collect());
  }
  /// Emits the running counts of the elements seen so far.
  ///
  /// **Shape.** `T` in, `std::map<T, uint64>` out, once per element.
  /// **Errors.** Does not compile for elements without an operator <.
  /// **Cost.** Who keeps what it gets copies the whole map.
  /// **Source.** streamz `Stream.frequencies`.
  template <class S = Self>
  requires detail::stream::OfOrdered<S>
  auto frequencies() const& { return static_cast<const Self&>(*this).apply(op::frequencies()); }
  /// The same of a temporary, whose operators share a task.
  template <class S = Self>
  requires(detail::stream::is_on_cluster<S>&& detail::stream::OfOrdered<S>) auto frequencies() && {
    return static_cast<Self&&>(*this).apply(op::frequencies());
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::OfOrdered<S>)
      WEIR_REFUSES("weir: frequencies: the elements of this stream must have an operator <")
  detail::Refused frequencies() const& { return {}; }
  /// \endcond
  /// Passes elements whose key was not seen before.
  ///
  /// With `maxsize` only the most recently seen keys are remembered; seeing one again makes it recent.
  ///
  /// **Units.** `maxsize` counts keys; without it all are remembered, and memory grows.
  /// **Errors.** Throws `Error{invalid_argument}` if `maxsize` is 0.
  /// **Source.** streamz `Stream.unique`; keys are found by hash, else by order, else by comparison.
  template <class KeyOf = detail::stream::Identity>
  auto unique(std::optional<std::size_t> maxsize = {},
              KeyOf key = {}) const& requires detail::stream::UniqueBy<Self, KeyOf> {
    return static_cast<const Self&>(*this).apply(op::unique(maxsize, std::move(key)));
  }
  /// The same of a temporary, whose operators share a task.
  template <class KeyOf = detail::stream::Identity>
      auto unique(std::optional<std::size_t> maxsize = {}, KeyOf key = {}) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::UniqueBy<Self, KeyOf> {
    return static_cast<Self&&>(*this).apply(op::unique(maxsize, std::move(key)));
  }
  /// \cond
  template <class S = Self>
  requires(!detail::stream::UniqueBy<S, detail::stream::Identity>) WEIR_REFUSES(
      "weir: unique: an element of this stream must have a hash, an operator < or an operator ==; or give a "
      "key: .unique({}, key)")
  detail::Refused unique(std::optional<std::size_t> = {}) const& { return {}; }
  template <class KeyOf, class... More, class S = Self>
  requires(detail::stream::FunctionOf<KeyOf, typename S::Element> &&
           !std::is_convertible_v<KeyOf, std::optional<std::size_t>>)
      WEIR_REFUSES("weir: unique: the key stands behind maxsize: .unique({}, key)")
  detail::Refused unique(KeyOf, More...) const& { return {}; }
  WEIR_REFUSES_FUNCTION(unique, UniqueBy,
                        "the key must be a function of an element of this stream and must have a hash, an "
                        "operator < or an operator ==",
                        std::optional<std::size_t>, F)
  /// \endcond
  /// Emits each element together with the one before it.
  ///
  /// **Shape.** `n` elements in, `n - 1` pairs `(before, now)` out.
  /// **Errors.** As `collect`.
  auto pairwise() const& { return static_cast<const Self&>(*this).apply(op::pairwise()); }
  /// The same of a temporary, whose operators share a task.
  auto pairwise() && requires detail::stream::is_on_cluster<Self> {
    return static_cast<Self&&>(*this).apply(op::pairwise());
  }
  /// Applies an operator to each group of elements with the same key, with a state for each group.
  ///
  /// **Shape.** `T` in, `(key, what the operator gives)` out. `words.group_by(first_letter,
  /// op::accumulate(count, 0))`; several operators: `op::map(f) | op::accumulate(g, 0)`.
  /// **Units.** `max_keys` counts groups (0: no limit); beyond it the least recently used group puts out what
  /// it holds and is forgotten.
  /// **Errors.** What `key` or the operator throws is answered by the node's policy; the other groups stay.
  /// **Cost.** One copy of the operator's state per key.
  template <class KeyOf, class Op>
  auto group_by(KeyOf key, Op inner,
                std::size_t max_keys = 0) const& requires detail::stream::GroupsBy<Self, KeyOf, Op> {
    return static_cast<const Self&>(*this).apply(op::group_by(std::move(key), std::move(inner), max_keys));
  }
  /// The same of a temporary, whose operators share a task.
  template <class KeyOf, class Op>
      auto group_by(KeyOf key, Op inner, std::size_t max_keys = 0) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::GroupsBy<Self, KeyOf, Op> {
    return static_cast<Self&&>(*this).apply(op::group_by(std::move(key), std::move(inner), max_keys));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(group_by, GroupsBy,
                        "the key must be a function of an element of this stream and have a hash or an "
                        "operator <; what is applied to each group is an operator made of a kernel, such as "
                        "op::accumulate(f, 0) or op::map(f) | "
                        "op::pairwise(); a function of a stream or a lambda is none",
                        F, More...)
  /// \endcond
};

}  // namespace op
}  // namespace weir
