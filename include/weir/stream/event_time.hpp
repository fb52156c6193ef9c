// Windows by the time written in the elements: tumbling_window, sliding_time_window, session_window.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/stream/elements.hpp"
#include "weir/stream/windows.hpp"

namespace weir {

/// How long windows wait for elements that come out of order.
template <class Size>
struct Late {
  Size out_of_order{};  ///< the watermark is this far behind the newest time seen; a window comes out when
                        ///< the watermark passes its end
  Size allowed{};  ///< a window is remembered this much longer, and comes out again for each element that
                   ///< comes meanwhile
};

/// A window by the time in its elements.
template <class T, class When>
struct TimeWindow {
  When begin;               ///< first time in the window (of a session: of its first element)
  When end;                 ///< first time after it
  std::uint32_t revision;   ///< 0 when it comes out first, growing with each late element
  std::vector<T> elements;  ///< in the order they came
};

namespace detail::stream {

/// The largest multiple of `step` that is not after `time`.
template <class When, class Size>
When floor_to(When time, Size step) {
  if constexpr (std::is_floating_point_v<When>) {
    return std::floor(time / step) * step;
  } else if constexpr (std::is_arithmetic_v<When>) {
    const When rest = time % static_cast<When>(step);
    return time - (rest < 0 ? rest + static_cast<When>(step) : rest);
  } else {
    const auto since = time - When{};
    auto rest = since % step;
    if (rest < decltype(rest)::zero()) rest += step;
    return time - rest;
  }
}

/// Keeps windows open until the watermark has passed them.
template <class In, class TimeOf, class Size>
struct TimeWindowKernel {
  using When = std::decay_t<std::invoke_result_t<TimeOf&, const In&>>;
  using Out = TimeWindow<In, When>;
  struct Open {
    When end;
    std::uint32_t revision = 0;
    bool is_out = false;
    std::vector<In> elements = {};
    Tickets tickets = {};
  };
  TimeOf time;
  Size size, step;  // a session: the gap, and no step
  bool sessions;
  Late<Size> late;
  std::map<When, Open> windows = {};  // by begin
  std::optional<When> newest = {};
  std::uint64_t dropped = 0;

  template <class X, class Emit>
  void push(X&& x, Emit&& emit) {
    const When at = std::invoke(time, std::as_const(x));
    if (!newest || *newest < at) newest = at;
    std::vector<When> revised;
    if (sessions) add_to_session(at, x, revised);
    else add_to_windows(at, x, revised);
    for (const When& begin : revised) put_out(windows.find(begin)->second, begin, emit);
    advance(emit);
  }
  template <class Emit>
  void finish(Emit&& emit) {
    for (auto rest = std::exchange(windows, {}); auto& [begin, window] : rest) {
      if (!window.is_out) put_out(window, begin, emit);
    }
  }
  void reset() {
    windows.clear();
    newest.reset();
  }
  [[nodiscard]] EventTimeSeen event_time() const {
    return newest ? event_time_at(static_cast<When>(*newest - late.out_of_order), dropped)
                  : EventTimeSeen{dropped};
  }
  auto kept() { return std::tie(windows, newest, dropped); }
  [[nodiscard]] std::size_t held() const {
    std::size_t count = 0;
    for (const auto& [begin, window] : windows) count += window.elements.size();
    return count;
  }

 private:
  [[nodiscard]] bool is_gone(const When& end) const {
    return newest && !(*newest - late.out_of_order - late.allowed < end);
  }

  void add_to_windows(const When& at, const In& x, std::vector<When>& revised) {
    bool taken = false;
    for (When begin = floor_to(at, step); at < begin + size; begin = begin - step) {
      if (is_gone(begin + size)) continue;
      taken = true;
      Open& window = windows.try_emplace(begin, Open{begin + size}).first->second;
      keep(window, x);
      if (window.is_out) revised.push_back(begin);
    }
    if (!taken) ++dropped;
  }
  void add_to_session(const When& at, const In& x, std::vector<When>& revised) {
    if (is_gone(at + size)) {
      ++dropped;
      return;
    }
    Open all{at + size};
    When begin = at;
    for (auto place = windows.begin(); place != windows.end();) {  // joins every session it touches
      auto& [from, window] = *place;
      if (window.end < at || at + size < from) {
        ++place;
        continue;
      }
      begin = std::min(begin, from);
      all.end = std::max(all.end, window.end);
      all.is_out = all.is_out || window.is_out;
      all.revision = std::max(all.revision, window.revision);
      std::move(window.elements.begin(), window.elements.end(), std::back_inserter(all.elements));
      std::move(window.tickets.begin(), window.tickets.end(), std::back_inserter(all.tickets));
      place = windows.erase(place);
    }
    keep(all, x);
    const bool is_out = all.is_out;
    windows.insert_or_assign(begin, std::move(all));
    if (is_out) revised.push_back(begin);
  }
  void keep(Open& window, const In& x) {
    window.elements.push_back(x);
    hold(window.tickets);
  }
  /// Puts out the windows the watermark has passed, and forgets those nobody can be late for.
  template <class Emit>
  void advance(Emit&& emit) {
    std::vector<When> ready;
    for (const auto& [begin, window] : windows) {
      if (!window.is_out && !(*newest - late.out_of_order < window.end)) ready.push_back(begin);
    }
    for (const When& begin : ready) put_out(windows.find(begin)->second, begin, emit);
    std::erase_if(windows, [this](const auto& item) { return is_gone(item.second.end); });
  }
  template <class Emit>
  void put_out(Open& window, const When& begin, Emit&& emit) {
    Out out{begin, window.end, window.revision++, window.elements};
    window.is_out = true;
    const TicketScope scope(combine(window.tickets));
    emit(std::move(out));
  }
};

template <class Size>
void positive_size(const char* name, const char* what, const Size& value) {
  if (!(Size{} < value))
    throw Error(ErrorKind::invalid_argument, std::string(name) + ": " + what + " must be positive");
}
template <class TimeOf, class Size>
auto time_windows(const char* kind, TimeOf time, Size size, Size step, bool sessions, Late<Size> late) {
  if (late.out_of_order < Size{} || late.allowed < Size{})
    throw Error(ErrorKind::invalid_argument, std::string(kind) + ": lateness must not be negative");
  return op::ByKernel{kind, [=, time = detail::callable(kind, "the time", std::move(time))]<class In>(
                                std::type_identity<In>) {
                        constexpr bool is_right = stream::FunctionOf<TimeOf, In>;
                        if constexpr (is_right)
                          return stream::TimeWindowKernel<In, TimeOf, Size>{time, size, step, sessions, late};
                        else return stream::Refused<In, Misfit::key>{};
                      }};
}
}  // namespace detail::stream

namespace op {

/// The member `tumbling_window` as an operator, which has its contract.
template <class TimeOf, class Size>
auto tumbling_window(TimeOf time, Size size, Late<Size> late = {}) {
  detail::stream::positive_size("tumbling_window", "size", size);
  return detail::stream::time_windows("tumbling_window", std::move(time), size, size, false, late);
}
/// The member `sliding_time_window` as an operator, which has its contract.
template <class TimeOf, class Size>
auto sliding_time_window(TimeOf time, Size size, Size step, Late<Size> late = {}) {
  detail::stream::positive_size("sliding_time_window", "size", size);
  detail::stream::positive_size("sliding_time_window", "step", step);
  return detail::stream::time_windows("sliding_time_window", std::move(time), size, step, false, late);
}
/// The member `session_window` as an operator, which has its contract.
template <class TimeOf, class Size>
auto session_window(TimeOf time, Size gap, Late<Size> late = {}) {
  detail::stream::positive_size("session_window", "gap", gap);
  return detail::stream::time_windows("session_window", std::move(time), gap, gap, true, late);
}

/// By the time in the elements; members of `Stream` and `ClusterStream`.
template <class Self>
class EventTimeMembers {
 public:
  /// Emits the elements of each stretch `[k * size, (k + 1) * size)` of their own time.
  ///
  /// The watermark is the newest time seen less `late.out_of_order`; a window comes out when it passes the
  /// window's end. An element of a window that is out, but no more than `late.allowed` behind, makes it come
  /// out again with the next `revision`; one that is later is dropped and counted.
  ///
  /// **Shape.** `T` in, `TimeWindow<T, When>` out, in the order of time. The end of the stream gives the open
  /// ones.
  /// **Units.** `time(x)` is a number, a duration or a time point; `size` and `late` are its differences.
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is not positive or a lateness is negative.
  /// **Backpressure.** Holds an element's ticket until the first window with it has been consumed.
  /// **Source.** Event time windows with watermark and allowed lateness as in the Dataflow model (Akidau et
  /// al., VLDB 2015).
  template <class TimeOf, class Size>
  auto tumbling_window(TimeOf time, Size size,
                       Late<Size> late = {}) const& requires detail::stream::FunctionOfElement<Self, TimeOf> {
    return static_cast<const Self&>(*this).apply(op::tumbling_window(std::move(time), size, late));
  }
  /// The same of a temporary, whose operators share a task.
  template <class TimeOf, class Size>
      auto tumbling_window(TimeOf time, Size size, Late<Size> late = {}) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::FunctionOfElement<Self, TimeOf> {
    return static_cast<Self&&>(*this).apply(op::tumbling_window(std::move(time), size, late));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(tumbling_window, FunctionOfElement,
                        "the time must be a function of an element of this stream", F, More...)
  /// \endcond
  /// The same for windows of `size` that begin every `step`; an element is in `size / step` of them.
  template <class TimeOf, class Size>
  auto sliding_time_window(TimeOf time, Size size, Size step, Late<Size> late = {})
      const& requires detail::stream::FunctionOfElement<Self, TimeOf> {
    return static_cast<const Self&>(*this).apply(op::sliding_time_window(std::move(time), size, step, late));
  }
  /// The same of a temporary, whose operators share a task.
  template <class TimeOf, class Size>
      auto sliding_time_window(TimeOf time, Size size, Size step, Late<Size> late = {}) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::FunctionOfElement<Self, TimeOf> {
    return static_cast<Self&&>(*this).apply(op::sliding_time_window(std::move(time), size, step, late));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(sliding_time_window, FunctionOfElement,
                        "the time must be a function of an element of this stream", F, More...)
  /// \endcond
  /// The same for windows that end when no element came for `gap` of their own time.
  template <class TimeOf, class Size>
  auto session_window(TimeOf time, Size gap,
                      Late<Size> late = {}) const& requires detail::stream::FunctionOfElement<Self, TimeOf> {
    return static_cast<const Self&>(*this).apply(op::session_window(std::move(time), gap, late));
  }
  /// The same of a temporary, whose operators share a task.
  template <class TimeOf, class Size>
      auto session_window(TimeOf time, Size gap, Late<Size> late = {}) && requires
      detail::stream::is_on_cluster<Self> && detail::stream::FunctionOfElement<Self, TimeOf> {
    return static_cast<Self&&>(*this).apply(op::session_window(std::move(time), gap, late));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(session_window, FunctionOfElement,
                        "the time must be a function of an element of this stream", F, More...)
  /// \endcond
};

}  // namespace op
}  // namespace weir
