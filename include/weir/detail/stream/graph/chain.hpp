// The members of Stream<T>: one-line forwards to the free operators. Their contracts stand with the operators
// in `op`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/stream/graph/forward.hpp"
#include "weir/stream/async.hpp"
#include "weir/stream/combine.hpp"
#include "weir/stream/control.hpp"
#include "weir/stream/elements.hpp"
#include "weir/stream/event_time.hpp"
#include "weir/stream/sinks.hpp"
#include "weir/stream/states.hpp"
#include "weir/stream/time.hpp"
#include "weir/stream/windows.hpp"

namespace weir {

/// The operators as members: `source.map(f).buffer(8).sink(g)`.
template <class T>
class Chain {
 public:
  /// Applies an operator of the library (`op::map(f)`) or of your own: anything that can be called with the
  /// stream.
  template <class Op>
  auto apply(Op op) const {
    return detail::stream::apply(self(), std::move(op));
  }

  // element by element: transform.hpp
  template <class F, class... More>
  auto map(F f, More... more) const {
    return apply(op::map(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto starmap(F f, More... more) const {
    return apply(op::starmap(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto filter(F f, More... more) const {
    return apply(op::filter(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto remove(F f, More... more) const {
    return apply(op::remove(std::move(f), std::move(more)...));
  }
  auto flatten() const { return apply(op::flatten()); }
  template <std::size_t First, std::size_t... More>
  auto pluck() const {
    return apply(op::pluck<First, More...>());
  }
  template <class Key>
  auto pluck(Key key) const {
    return apply(op::pluck(std::move(key)));
  }
  auto enumerate(std::uint64_t first = 0) const { return apply(op::enumerate(first)); }
  auto slice(std::int64_t start, std::optional<std::int64_t> end = {}, std::int64_t step = 1) const {
    return apply(op::slice(start, end, step));
  }
  auto take(std::uint64_t n) const { return apply(op::take(n)); }
  auto skip(std::uint64_t n) const { return apply(op::skip(n)); }
  template <class F>
  auto take_while(F f) const {
    return apply(op::take_while(std::move(f)));
  }

  // with a state: accumulate.hpp, control.hpp
  template <class F, class... More>
  auto accumulate(F f, More... more) const {
    return apply(op::accumulate(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto scan(F f, More... more) const {
    return apply(op::accumulate(std::move(f), std::move(more)...));
  }
  auto collect() const { return apply(op::collect()); }
  auto frequencies() const { return apply(op::frequencies()); }
  template <class KeyOf = detail::stream::Identity>
  auto unique(std::optional<std::size_t> maxsize = {}, KeyOf key = {}) const {
    return apply(op::unique(maxsize, std::move(key)));
  }
  auto pairwise() const { return apply(op::pairwise()); }
  template <class KeyOf, class Op>
  auto group_by(KeyOf key, Op inner, std::size_t max_keys = 0) const {
    return apply(op::group_by(std::move(key), std::move(inner), max_keys));
  }
  template <class R>
  Stream<T> reset_by(const Stream<R>& trigger) const {
    return op::reset_by(trigger)(self());
  }
  template <class R>
  Stream<T> flush_by(const Stream<R>& trigger) const {
    return op::flush_by(trigger)(self());
  }
  template <class R>
  Stream<T> take_until(const Stream<R>& signal) const {
    return op::take_until(signal)(self());
  }

  // by count: window.hpp
  auto partition(std::size_t n) const { return apply(op::partition(n)); }
  template <class TimeoutOrKey, class... Key>
  auto partition(std::size_t n, TimeoutOrKey what, Key... key) const {
    return apply(op::partition(n, std::move(what), std::move(key)...));
  }
  template <class KeyOf = detail::stream::Identity>
  auto partition_unique(std::size_t n, KeyOf key = {}, Keep keep = Keep::first) const {
    return apply(op::partition_unique(n, std::move(key), keep));
  }
  auto sliding_window(std::size_t size, Partial partial = Partial::emit) const {
    return apply(op::sliding_window(size, partial));
  }

  // by the clock: timed.hpp
  auto timed_window(Duration interval) const { return apply(op::timed_window(interval)); }
  template <class KeyOf = detail::stream::Identity>
  auto timed_window_unique(Duration interval, KeyOf key = {}, Keep keep = Keep::first) const {
    return apply(op::timed_window_unique(interval, std::move(key), keep));
  }
  template <class... Limit>
  auto delay(Duration interval, Limit... maxsize) const {
    return apply(op::delay(interval, maxsize...));
  }
  auto rate_limit(Duration interval) const { return apply(op::rate_limit(interval)); }
  auto debounce(Duration quiet) const { return apply(op::debounce(quiet)); }
  auto throttle(Duration interval) const { return apply(op::throttle(interval)); }
  auto sample(Duration interval) const { return apply(op::sample(interval)); }
  template <class KeyOf = detail::stream::Identity>
  auto distinct_within(Duration interval, KeyOf key = {}) const {
    return apply(op::distinct_within(interval, std::move(key)));
  }

  // by the time in the elements: event_time.hpp
  template <class TimeOf, class Size>
  auto tumbling_window(TimeOf time, Size size, Late<Size> late = {}) const {
    return apply(op::tumbling_window(std::move(time), size, late));
  }
  template <class TimeOf, class Size>
  auto sliding_time_window(TimeOf time, Size size, Size step, Late<Size> late = {}) const {
    return apply(op::sliding_time_window(std::move(time), size, step, late));
  }
  template <class TimeOf, class Size>
  auto session_window(TimeOf time, Size gap, Late<Size> late = {}) const {
    return apply(op::session_window(std::move(time), gap, late));
  }

  // several inputs, several outputs: combine.hpp
  template <class... Args>
  auto zip(const Args&... args) const {
    return op::zip(self(), args...);
  }
  template <class... Args>
  auto combine_latest(const Args&... args) const {
    return op::combine_latest(self(), args...);
  }
  template <class... Args>
  auto zip_latest(const Args&... args) const {
    return op::zip_latest(self(), args...);
  }
  template <class... More>
  auto merge(const More&... more) const {
    return op::merge(self(), more...);
  }
  template <class F>
  auto split(F predicate) const {
    return op::split(self(), std::move(predicate));
  }
  template <class F>
  auto route(std::size_t ways, F choose) const {
    return op::route(self(), ways, std::move(choose));
  }

  // by itself: async.hpp
  auto buffer(std::size_t size, Overflow overflow = Overflow::block) const {
    return apply(op::buffer(size, overflow));
  }
  auto latest() const { return apply(op::latest()); }
  template <class F>
  auto map_async(F f, std::size_t parallelism = 1) const {
    return apply(op::map_async(std::move(f), parallelism));
  }

  // to the cluster: cluster.hpp
  template <class... To>
  auto scatter(const To&... to) const {
    return detail::stream::Scatter<T>::to(self(), to...);
  }

  // ends: sinks.hpp
  template <class F, class... More>
  auto sink(F f, More... more) const {
    return apply(op::sink(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto starsink(F f, More... more) const {
    return apply(op::starsink(std::move(f), std::move(more)...));
  }
  template <class F>
  auto sink_async(F f, std::size_t parallelism = 1) const {
    return apply(op::sink_async(std::move(f), parallelism));
  }
  auto current_value() const { return apply(op::current_value()); }
  auto sink_to_list() const { return apply(op::sink_to_list()); }
  auto sink_to_textfile(std::filesystem::path path, std::string end = "\n", bool append = true) const {
    return apply(op::sink_to_textfile(std::move(path), std::move(end), append));
  }

 private:
  [[nodiscard]] const Stream<T>& self() const noexcept { return static_cast<const Stream<T>&>(*this); }
};

}  // namespace weir
