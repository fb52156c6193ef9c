// Streams that act on a node instead of feeding it: reset_by, flush_by, take_until.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "weir/detail/stream/graph/forward.hpp"
#include "weir/detail/stream/graph/handle.hpp"
#include "weir/detail/stream/graph/kernel.hpp"
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
void control(const Stream<T>& from, const Handle& target, const char* kind, Act act) {
  auto made = std::make_unique<ControlNode<T, Act>>(kind, target.node(), std::move(act));
  auto& node = *made;
  Graph::of(target.node())->adopt(std::move(made), &target.node());
  Graph::connect(from.node(), node);
}

}  // namespace detail::stream

namespace op {

/// Every element of `trigger` makes the node forget its state: `sums = numbers.accumulate(add,
/// 0).reset_by(midnight)`.
///
/// **Errors.** Throws `Error{invalid_argument}` if the node keeps no state.
/// **Source.** rapidz `accumulate(reset_stream=)`.
template <class R>
auto reset_by(const Stream<R>& trigger) {
  return [trigger](const auto& s) {
    if (!s.node().reset())
      throw Error(ErrorKind::invalid_argument, "reset_by: " + s.label() + " keeps no state");
    detail::stream::control(trigger, s, "reset", [](detail::stream::Node& node) { node.reset(); });
    return s;
  };
}
/// Every element of `trigger` makes the node put out what it holds: `log.collect().flush_by(tick)`.
template <class R>
auto flush_by(const Stream<R>& trigger) {
  return [trigger](const auto& s) {
    detail::stream::control(trigger, s, "flush", [](detail::stream::Node& node) { node.flush(); });
    return s;
  };
}
/// Passes elements until the first one of `signal`, then ends the stream below.
template <class R>
auto take_until(const Stream<R>& signal) {
  return [signal](const auto& s) {
    auto passed = s.filter([](const auto&) { return true; });
    detail::stream::control(signal, passed, "until", [](detail::stream::Node& node) { node.end(); });
    passed.node().set_name("take_until");
    return passed;
  };
}

}  // namespace op
}  // namespace weir
