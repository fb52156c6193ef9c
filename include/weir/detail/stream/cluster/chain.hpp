// The operators of ClusterStream: one-line forwards to those of Stream. Of a stream without a name
// (`scatter().map(f).filter(p)`) they go into the same segment; a stream with a name ends its segment, so
// that everything chained to it shares what came before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "weir/detail/stream/graph/forward.hpp"
#include "weir/stream/elements.hpp"
#include "weir/stream/event_time.hpp"
#include "weir/stream/states.hpp"
#include "weir/stream/time.hpp"
#include "weir/stream/windows.hpp"

namespace weir::detail::stream {

template <class...>
inline constexpr bool gather_is_missing = false;

/// The operators as members; their contracts stand with the operators in `op`.
template <class Self>
class ClusterChain {
 public:
  template <class F, class... More>
  auto map(F f, More... more) && {
    return std::move(self()).apply(op::map(std::move(f), std::move(more)...));
  }
  template <class F>
  auto map_async(F f, std::size_t parallelism = 1) && {
    return std::move(self()).apply(on_workers(std::move(f), parallelism));
  }  // the workers are the parallelism
  template <class F, class... More>
  auto starmap(F f, More... more) && {
    return std::move(self()).apply(op::starmap(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto filter(F f, More... more) && {
    return std::move(self()).apply(op::filter(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto remove(F f, More... more) && {
    return std::move(self()).apply(op::remove(std::move(f), std::move(more)...));
  }
  auto flatten() && { return std::move(self()).apply(op::flatten()); }
  template <std::size_t First, std::size_t... More>
  auto pluck() && {
    return std::move(self()).apply(op::pluck<First, More...>());
  }
  template <class Key>
  auto pluck(Key key) && {
    return std::move(self()).apply(op::pluck(std::move(key)));
  }
  auto enumerate(std::uint64_t first = 0) && { return std::move(self()).apply(op::enumerate(first)); }
  auto slice(std::int64_t start, std::optional<std::int64_t> end = {}, std::int64_t step = 1) && {
    return std::move(self()).apply(op::slice(start, end, step));
  }
  auto take(std::uint64_t n) && { return std::move(self()).apply(op::take(n)); }
  auto skip(std::uint64_t n) && { return std::move(self()).apply(op::skip(n)); }
  template <class F>
  auto take_while(F f) && {
    return std::move(self()).apply(op::take_while(std::move(f)));
  }
  template <class F, class... More>
  auto accumulate(F f, More... more) && {
    return std::move(self()).apply(op::accumulate(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto scan(F f, More... more) && {
    return std::move(self()).apply(op::accumulate(std::move(f), std::move(more)...));
  }
  auto collect() && { return std::move(self()).apply(op::collect()); }
  auto frequencies() && { return std::move(self()).apply(op::frequencies()); }
  template <class KeyOf = Identity>
  auto unique(std::optional<std::size_t> maxsize = {}, KeyOf key = {}) && {
    return std::move(self()).apply(op::unique(maxsize, std::move(key)));
  }
  auto pairwise() && { return std::move(self()).apply(op::pairwise()); }
  template <class KeyOf, class Op>
  auto group_by(KeyOf key, Op inner, std::size_t max_keys = 0) && {
    return std::move(self()).apply(op::group_by(std::move(key), std::move(inner), max_keys));
  }
  auto partition(std::size_t n) && { return std::move(self()).apply(op::partition(n)); }
  template <class TimeoutOrKey, class... Key>
  auto partition(std::size_t n, TimeoutOrKey what, Key... key) && {
    return std::move(self()).apply(op::partition(n, std::move(what), std::move(key)...));
  }
  template <class KeyOf = Identity>
  auto partition_unique(std::size_t n, KeyOf key = {}, Keep keep = Keep::first) && {
    return std::move(self()).apply(op::partition_unique(n, std::move(key), keep));
  }
  auto sliding_window(std::size_t size, Partial partial = Partial::emit) && {
    return std::move(self()).apply(op::sliding_window(size, partial));
  }
  template <class TimeOf, class Size>
  auto tumbling_window(TimeOf time, Size size, Late<Size> late = {}) && {
    return std::move(self()).apply(op::tumbling_window(std::move(time), size, late));
  }
  template <class TimeOf, class Size>
  auto sliding_time_window(TimeOf time, Size size, Size step, Late<Size> late = {}) && {
    return std::move(self()).apply(op::sliding_time_window(std::move(time), size, step, late));
  }
  template <class TimeOf, class Size>
  auto session_window(TimeOf time, Size gap, Late<Size> late = {}) && {
    return std::move(self()).apply(op::session_window(std::move(time), gap, late));
  }

  template <class F, class... More>
  auto map(F f, More... more) const& {
    return self().apply(op::map(std::move(f), std::move(more)...));
  }
  template <class F>
  auto map_async(F f, std::size_t parallelism = 1) const& {
    return self().apply(on_workers(std::move(f), parallelism));
  }  // the workers are the parallelism
  template <class F, class... More>
  auto starmap(F f, More... more) const& {
    return self().apply(op::starmap(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto filter(F f, More... more) const& {
    return self().apply(op::filter(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto remove(F f, More... more) const& {
    return self().apply(op::remove(std::move(f), std::move(more)...));
  }
  auto flatten() const& { return self().apply(op::flatten()); }
  template <std::size_t First, std::size_t... More>
  auto pluck() const& {
    return self().apply(op::pluck<First, More...>());
  }
  template <class Key>
  auto pluck(Key key) const& {
    return self().apply(op::pluck(std::move(key)));
  }
  auto enumerate(std::uint64_t first = 0) const& { return self().apply(op::enumerate(first)); }
  auto slice(std::int64_t start, std::optional<std::int64_t> end = {}, std::int64_t step = 1) const& {
    return self().apply(op::slice(start, end, step));
  }
  auto take(std::uint64_t n) const& { return self().apply(op::take(n)); }
  auto skip(std::uint64_t n) const& { return self().apply(op::skip(n)); }
  template <class F>
  auto take_while(F f) const& {
    return self().apply(op::take_while(std::move(f)));
  }
  template <class F, class... More>
  auto accumulate(F f, More... more) const& {
    return self().apply(op::accumulate(std::move(f), std::move(more)...));
  }
  template <class F, class... More>
  auto scan(F f, More... more) const& {
    return self().apply(op::accumulate(std::move(f), std::move(more)...));
  }
  auto collect() const& { return self().apply(op::collect()); }
  auto frequencies() const& { return self().apply(op::frequencies()); }
  template <class KeyOf = Identity>
  auto unique(std::optional<std::size_t> maxsize = {}, KeyOf key = {}) const& {
    return self().apply(op::unique(maxsize, std::move(key)));
  }
  auto pairwise() const& { return self().apply(op::pairwise()); }
  template <class KeyOf, class Op>
  auto group_by(KeyOf key, Op inner, std::size_t max_keys = 0) const& {
    return self().apply(op::group_by(std::move(key), std::move(inner), max_keys));
  }
  auto partition(std::size_t n) const& { return self().apply(op::partition(n)); }
  template <class TimeoutOrKey, class... Key>
  auto partition(std::size_t n, TimeoutOrKey what, Key... key) const& {
    return self().apply(op::partition(n, std::move(what), std::move(key)...));
  }
  template <class KeyOf = Identity>
  auto partition_unique(std::size_t n, KeyOf key = {}, Keep keep = Keep::first) const& {
    return self().apply(op::partition_unique(n, std::move(key), keep));
  }
  auto sliding_window(std::size_t size, Partial partial = Partial::emit) const& {
    return self().apply(op::sliding_window(size, partial));
  }
  template <class TimeOf, class Size>
  auto tumbling_window(TimeOf time, Size size, Late<Size> late = {}) const& {
    return self().apply(op::tumbling_window(std::move(time), size, late));
  }
  template <class TimeOf, class Size>
  auto sliding_time_window(TimeOf time, Size size, Size step, Late<Size> late = {}) const& {
    return self().apply(op::sliding_time_window(std::move(time), size, step, late));
  }
  template <class TimeOf, class Size>
  auto session_window(TimeOf time, Size gap, Late<Size> late = {}) const& {
    return self().apply(op::session_window(std::move(time), gap, late));
  }

  // by the clock, which is this program's
  auto timed_window(Duration interval) const { return self().apply(op::timed_window(interval)); }
  template <class KeyOf = Identity>
  auto timed_window_unique(Duration interval, KeyOf key = {}, Keep keep = Keep::first) const {
    return self().apply(op::timed_window_unique(interval, std::move(key), keep));
  }
  template <class... Limit>
  auto delay(Duration interval, Limit... maxsize) const {
    return self().apply(op::delay(interval, maxsize...));
  }
  auto rate_limit(Duration interval) const { return self().apply(op::rate_limit(interval)); }
  auto debounce(Duration quiet) const { return self().apply(op::debounce(quiet)); }
  auto throttle(Duration interval) const { return self().apply(op::throttle(interval)); }
  auto sample(Duration interval) const { return self().apply(op::sample(interval)); }
  template <class KeyOf = Identity>
  auto distinct_within(Duration interval, KeyOf key = {}) const {
    return self().apply(op::distinct_within(interval, std::move(key)));
  }

  // What ends here needs the elements here; see `sink_async` and `current_value` for ends on the workers.
  template <class... A>
  void sink(const A&...) const {
    static_assert(gather_is_missing<A...>,
                  "weir: gather() is missing: the elements are on the cluster; write .gather().sink(f)");
  }
  template <class... A>
  void starsink(const A&...) const {
    static_assert(gather_is_missing<A...>,
                  "weir: gather() is missing: the elements are on the cluster; write .gather().starsink(f)");
  }
  template <class... A>
  void sink_to_list(const A&...) const {
    static_assert(
        gather_is_missing<A...>,
        "weir: gather() is missing: the elements are on the cluster; write .gather().sink_to_list()");
  }
  template <class... A>
  void sink_to_textfile(const A&...) const {
    static_assert(
        gather_is_missing<A...>,
        "weir: gather() is missing: the elements are on the cluster; write .gather().sink_to_textfile(path)");
  }

 private:
  template <class F>
  static auto on_workers(F f, std::size_t parallelism) {
    detail::stream::at_least_one("map_async", "parallelism", parallelism);
    return op::map(detail::callable("map_async", "the function", std::move(f)));
  }
  [[nodiscard]] Self& self() noexcept { return static_cast<Self&>(*this); }
  [[nodiscard]] const Self& self() const noexcept { return static_cast<const Self&>(*this); }
};

}  // namespace weir::detail::stream
