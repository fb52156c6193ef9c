// Streams that act on a node instead of feeding it: reset_by, flush_by, take_until.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weir/stream/combine.hpp"
#include "weir/stream/sinks.hpp"

namespace weir {
namespace detail::stream {

/// Calls `act(target)` for every element, inside the target's domain.
template <class T, class Act>
class ControlNode final : public Outlet<Nothing>, public Inlet<T> {
 public:
  ControlNode(std::string kind, Node& target, Act act)
      : Outlet<Nothing>(std::move(kind)), Inlet<T>(this), target_(target), act_(std::move(act)) {}
  void push(T&&) noexcept override { run(); }
  void push(const T&) noexcept override { run(); }
  [[nodiscard]] Node* controls() const override { return &target_; }
  [[nodiscard]] bool is_passive() const override { return true; }

 private:
  void run() noexcept {
    this->in.add();
    try {
      act_(target_);
    } catch (...) {
      this->raise_current();
    }
  }
  Node& target_;
  Act act_;
};

template <class T, class Act>
void control(const Stream<T>& from, const StreamHandle& target, const char* kind, Act act) {
  auto made = std::make_unique<ControlNode<T, Act>>(kind, target.node(), std::move(act));
  auto& node = *made;
  const NodeRef kept = Graph::of(target.node())->adopt(std::move(made), &target.node());
  node.rely_on(target.node());
  Graph::connect(from.node(), node);
}
/// A stream on either side whose node can be acted upon.
template <class S>
auto controllable(const S& s) {
  if constexpr (is_on_cluster<S>) return s.cut();
  else return s;
}
template <class R, class S, class Act>
void control_stream(const Stream<R>& from, const S& target, const char* kind, Act act) {
  if constexpr (is_on_cluster<S>) ClusterSide<S>::control(from, target, kind, act);
  else control(from, target, kind, act);
}

#define WEIR_NO_SIGNAL                                                                                      \
  "weir: reset_by, flush_by and take_until must be given a weir::Stream here, every element of which is a " \
  "signal"
WEIR_REFUSAL(NoSignal, WEIR_NO_SIGNAL)

}  // namespace detail::stream

namespace op {

/// The member `reset_by` as an operator, which has its contract.
template <class R>
auto reset_by(const Stream<R>& trigger) {
  return [trigger](const auto& s) {
    auto target = detail::stream::controllable(s);
    detail::stream::Node& node = *detail::stream::node_of(target);
    if (!node.reset())
      throw Error(ErrorKind::invalid_argument, "reset_by: " + node.label() + " keeps no state");
    detail::stream::control_stream(trigger, target, "reset",
                                   [](detail::stream::Node& reached) { reached.reset(); });
    return target;
  };
}
/// The member `flush_by` as an operator, which has its contract.
template <class R>
auto flush_by(const Stream<R>& trigger) {
  return [trigger](const auto& s) {
    auto target = detail::stream::controllable(s);
    detail::stream::control_stream(trigger, target, "flush",
                                   [](detail::stream::Node& node) { node.flush(); });
    return target;
  };
}
/// The member `take_until` as an operator, which has its contract.
template <class R>
auto take_until(const Stream<R>& signal) {
  return [signal]<class S>(const S& s) {
    auto passed = [&] {
      if constexpr (detail::stream::is_on_cluster<S>) {
        return detail::stream::ClusterSide<S>::passing(s, "take_until");
      } else {
        auto passing = s.filter([](const auto&) { return true; });
        passing.node().set_name("take_until");
        return passing;
      }
    }();
    detail::stream::control_stream(signal, passed, "until", [](detail::stream::Node& node) { node.end(); });
    return passed;
  };
}

/// \cond
/// What a member says of a signal that is no stream here.
#define WEIR_REFUSES_SIGNAL(name)                                                                       \
  template <class R>                                                                                    \
  requires detail::stream::is_on_cluster<R> WEIR_REFUSES(                                               \
      "weir: " #name ": gather() is missing: the stream it listens to is on the cluster")               \
  detail::Refused name(const R&) const { return {}; }                                                   \
  template <class R>                                                                                    \
  requires(!detail::stream::is_on_cluster<R> && !detail::stream::GivesElements<R>)                      \
      WEIR_REFUSES("weir: " #name ": must be given a weir::Stream, every element of which is a signal") \
  detail::Refused name(const R&) const { return {}; }
template <class R>
requires(!detail::stream::GivesElements<R>) WEIR_REFUSES_FREE(WEIR_NO_SIGNAL)
detail::Refused reset_by(const R&, detail::stream::NoSignal<R> = {}) { return {}; }
template <class R>
requires(!detail::stream::GivesElements<R>) WEIR_REFUSES_FREE(WEIR_NO_SIGNAL)
detail::Refused flush_by(const R&, detail::stream::NoSignal<R> = {}) { return {}; }
template <class R>
requires(!detail::stream::GivesElements<R>) WEIR_REFUSES_FREE(WEIR_NO_SIGNAL)
detail::Refused take_until(const R&, detail::stream::NoSignal<R> = {}) { return {}; }
#undef WEIR_NO_SIGNAL
/// \endcond

/// Streams that act on another one; members of `Stream` and `ClusterStream`.
template <class Self>
class ControlMembers {
 public:
  /// Every element of `trigger` makes the node forget its state: `sums = numbers.accumulate(add,
  /// 0).reset_by(midnight)`.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the node keeps no state.
  /// **Source.** rapidz `accumulate(reset_stream=)`.
  template <class R>
  auto reset_by(const Stream<R>& trigger) const {
    return op::reset_by(trigger)(static_cast<const Self&>(*this));
  }
  /// \cond
  WEIR_REFUSES_SIGNAL(reset_by)
  /// \endcond
  /// Every element of `trigger` makes the node put out what it holds: `log.collect().flush_by(tick)`.
  template <class R>
  auto flush_by(const Stream<R>& trigger) const {
    return op::flush_by(trigger)(static_cast<const Self&>(*this));
  }
  /// \cond
  WEIR_REFUSES_SIGNAL(flush_by)
  /// \endcond
  /// Passes elements until the first one of `signal`, then ends the stream below.
  ///
  /// What counts is what comes here first: an element that is still above, in the function that signals, is
  /// not passed.
  template <class R>
  auto take_until(const Stream<R>& signal) const {
    return op::take_until(signal)(static_cast<const Self&>(*this));
  }
  /// \cond
  WEIR_REFUSES_SIGNAL(take_until)
  /// \endcond
};

}  // namespace op
}  // namespace weir
