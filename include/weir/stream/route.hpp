// One stream into several: split, route.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/stream/windows.hpp"

namespace weir {
namespace detail::stream {

/// Sends every element to one of its downstreams.
template <class T, class Choose>
class RouteNode final : public Outlet<T>, public Inlet<T> {
 public:
  explicit RouteNode(Choose choose) : Outlet<T>("route", true), Inlet<T>(this), choose_(std::move(choose)) {}
  [[nodiscard]] bool is_passive() const override { return true; }
  void push(T&& x) noexcept override { send_one(std::move(x)); }
  void push(const T& x) noexcept override {
    if constexpr (is_copyable<T>) send_one(x);
  }
  void set_policy(ErrorPolicy policy) override {
    if (policy.letter_box)
      check_policy<T>(*this,
                      policy);  // the function only looks at the element, so that any can be tried again
    Node::set_policy(policy);
  }

 private:
  template <class X>
  void send_one(X&& x) noexcept {
    this->in.add();
    std::optional<std::size_t> way;
    const auto find_way = [&] {
      const auto chosen = static_cast<std::size_t>(std::invoke(choose_, std::as_const(x)));
      if (chosen >= this->fan_count_)
        throw Error(ErrorKind::invalid_argument, "route: way " + std::to_string(chosen) + " of " +
                                                     std::to_string(this->fan_count_) + " does not exist");
      way = chosen;
    };
    call_by_policy(*this, find_way, [&]() -> const T& { return x; });
    if (!way) return;
    this->out.add();
    static_cast<Inlet<T>*>(this->fan_[*way])->push(std::forward<X>(x));
  }
  Choose choose_;
};

/// One of the ways out of a RouteNode; its policy is the one of the function that chooses.
template <class T>
class WayNode final : public PassingNode<T> {
 public:
  WayNode() : PassingNode<T>("way") {}
  void set_policy(ErrorPolicy policy) override {
    for (Node* route : this->upstreams()) route->set_policy(policy);
  }
};

template <class S, class F, class... None>
concept ChoosesWay = CanGo<S, F> && std::is_invocable_r_v<std::size_t, F&, const typename S::Element&>;

}  // namespace detail::stream

namespace op {

/// The member `route` as a function, which has its contract.
template <class S, class Choose>
auto route(const S& s, std::size_t ways, Choose function) {
  detail::stream::at_least_one("route", "ways", ways);
  Choose choose = detail::callable("route", "the function", std::move(function));
  if constexpr (detail::stream::is_on_cluster<S>) {
    return detail::stream::ClusterSide<S>::route(s, ways, std::move(choose));
  } else {
    using T = typename S::Element;
    static_assert(std::is_invocable_r_v<std::size_t, Choose&, const T&>,
                  "route: the function must take an element and return the number of a way");
    const Stream<T> node = detail::stream::attach<T>(
        s, std::make_unique<detail::stream::RouteNode<T, Choose>>(std::move(choose)));
    std::vector<Stream<T>> result;
    for (std::size_t i = 0; i < ways; ++i) {
      auto way = std::make_unique<detail::stream::WayNode<T>>();
      way->set_detail(std::to_string(i));
      result.push_back(detail::stream::attach<T>(node, std::move(way)));
    }
    return result;
  }
}

/// The member `split` as a function, which has its contract.
template <class S, class F>
auto split(const S& s, F function) {
  F predicate = detail::callable("split", "the function", std::move(function));
  if constexpr (detail::stream::is_on_cluster<S>) {
    return detail::stream::ClusterSide<S>::split(s, std::move(predicate));
  } else {
    using T = typename S::Element;
    constexpr bool is_predicate = std::is_invocable_r_v<bool, F&, const T&>;
    static_assert(is_predicate, "split: the function must take an element and return a bool");
    if constexpr (is_predicate) {
      auto ways = op::route(
          s, 2, [f = std::move(predicate)](const T& x) mutable { return std::invoke(f, x) ? 0 : 1; });
      return std::pair<Stream<T>, Stream<T>>{ways[0], ways[1]};
    } else {
      return std::pair<Stream<T>, Stream<T>>{s, s};
    }
  }
}

/// One stream into several; members of `Stream` and `ClusterStream`.
template <class Self>
class RouteMembers {
 public:
  /// Sends each element to one of `ways` streams, the one whose number `choose(x)` returns.
  ///
  /// **Errors.** An element with a number that is too large fails: `route: way 5 of 3 does not exist`.
  /// `on_error` of any of the ways is about `choose`. Throws `Error{invalid_argument}` if `ways` is 0.
  /// On the cluster, `choose` is called once for each way, on the workers.
  template <class F>
  auto route(std::size_t ways, F choose) const requires detail::stream::ChoosesWay<Self, F> {
    return op::route(static_cast<const Self&>(*this), ways, std::move(choose));
  }
  /// \cond
  template <class F, class S = Self>
  WEIR_REFUSES(
      "weir: route: must be given the number of ways, and the function that chooses one: .route(2, f)")
  detail::Refused route(F) const {
    return {};
  }
  WEIR_REFUSES_FUNCTION(route, ChoosesWay,
                        "the function must take an element of this stream and return the number of a way",
                        std::size_t, F)
  /// \endcond
  /// The elements for which `predicate` holds, and the others: `auto [even, odd] = numbers.split(is_even);`
  template <class F>
  auto split(F predicate) const requires detail::stream::JudgesElement<Self, F> {
    return op::split(static_cast<const Self&>(*this), std::move(predicate));
  }
  /// \cond
  template <class F, class S = Self>
  requires(!detail::stream::JudgesElement<S, F>) WEIR_REFUSES(
      "weir: split: the function must take an element of this stream and return a bool, and below scatter() "
      "not capture")
  std::pair<detail::Refused, detail::Refused> split(F) const { return {}; }
  /// \endcond
};

}  // namespace op
}  // namespace weir
