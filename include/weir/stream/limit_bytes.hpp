// limit_bytes: how many bytes a second go through.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "weir/bytes.hpp"
#include "weir/stream/windows.hpp"

namespace weir {
namespace detail::stream {

/// Lets an element through when the time of the bytes before it is over.
template <class In, class SizeOf>
struct LimitBytesKernel {
  using Out = In;
  static constexpr bool outlives_input = true;
  static constexpr bool leaves_in_order = true;
  struct Waiting {
    Time takes;
    TicketedElement<In> element;
  };
  double ns_per_byte;
  SizeOf size_of;
  std::deque<Waiting> queue = {};
  std::optional<Time> next = {};  // closed until then

  template <class X, class Emit>
  void push(X&& x, Emit&& emit, Time now) {
    const auto bytes = static_cast<double>(std::invoke(size_of, std::as_const(x)));
    const Time takes(static_cast<Time::rep>(bytes * ns_per_byte));
    if (!queue.empty() || is_closed(now)) return queue.push_back({takes, {In(std::forward<X>(x))}});
    next = now + takes;
    emit(std::forward<X>(x));
  }
  [[nodiscard]] std::optional<Time> due() const { return next; }
  template <class Emit>
  void fire(Emit&& emit, Time now) {
    while (!is_closed(now)) {
      next.reset();
      if (queue.empty()) return;
      Waiting first = std::move(queue.front());
      queue.pop_front();
      next = now + first.takes;
      const TicketScope scope(std::move(first.element.ticket));
      emit(std::move(first.element.value));
    }
  }
  [[nodiscard]] bool is_full(Time now) const { return !queue.empty() || is_closed(now); }
  [[nodiscard]] std::size_t held() const { return queue.size(); }
  [[nodiscard]] std::size_t pending() const { return queue.size(); }

 private:
  [[nodiscard]] bool is_closed(Time now) const { return next && now < *next; }
};

template <class S, class F, class... None>
concept SizesElement = CanGo<S, F> && std::is_invocable_r_v<double, const F&, const typename S::Element&>;

}  // namespace detail::stream

namespace op {

/// The member `limit_bytes` as an operator, which has its contract.
template <class SizeOf>
auto limit_bytes(std::uint64_t bytes_per_s, SizeOf size_of) {
  detail::stream::at_least_one("limit_bytes", "bytes_per_s", bytes_per_s);
  return ByKernel{
      "limit_bytes",
      [bytes_per_s, size_of = detail::callable("limit_bytes", "the size", std::move(size_of))]<class In>(
          std::type_identity<In>) {
        if constexpr (std::is_invocable_r_v<double, const SizeOf&, const In&>)
          return detail::stream::LimitBytesKernel<In, SizeOf>{1e9 / static_cast<double>(bytes_per_s),
                                                              size_of};
        else return detail::stream::Refused<In, detail::stream::Misfit::key>{};
      },
      to_text(bytes_per_s) + "/s"};
}

/// By the size of elements; members of `Stream` and `ClusterStream`.
template <class Self>
class LimitBytesMembers {
 public:
  /// Lets no more than so many bytes through in a second.
  ///
  /// **Shape.** Every element, same order; the first one at once, the next when the time of its bytes is
  /// over.
  /// **Units.** `size_of(x)` is the bytes of an element, as a number; `bytes_per_s` counts them.
  /// **Errors.** Throws `Error{invalid_argument}` if `bytes_per_s` is 0 or `size_of` is empty.
  /// **Threads.** An element that had to wait comes out on the stream's event loop.
  /// **Backpressure.** `emit` waits until the time of what went before is over. On the cluster that is known
  /// a little late, so that some elements may wait on a worker.
  /// **Source.** A token bucket that is empty at first; see `rate_limit` for elements instead of bytes.
  template <class SizeOf>
  auto limit_bytes(std::uint64_t bytes_per_s,
                   SizeOf size_of) const requires detail::stream::SizesElement<Self, SizeOf> {
    return static_cast<const Self&>(*this).apply(op::limit_bytes(bytes_per_s, std::move(size_of)));
  }
  /// \cond
  WEIR_REFUSES_FUNCTION(limit_bytes, SizesElement,
                        "the size must be a function of an element of this stream that returns its bytes",
                        std::uint64_t, F)
  /// \endcond
};

}  // namespace op
}  // namespace weir
