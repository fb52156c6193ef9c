// JoinNode: runs a kernel with several inputs in a graph; and how joins come below streams on either side.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/stream/attach.hpp"

namespace weir::detail::stream {

/// Which inputs of a join have ended.
using Ended = std::bitset<64>;

/// What a dead letter of a join holds: the element, or a variant whose index is the input if the inputs are
/// of different types.
template <class First, class... More>
struct AnyInputOf {
  using type = std::conditional_t<(std::is_same_v<First, More> && ...), First, std::variant<First, More...>>;
};
template <class... In>
using AnyInput = typename AnyInputOf<In...>::type;
template <class Any, std::size_t port, class X>
Any any_input(const X& x) {
  if constexpr (std::is_same_v<Any, X>) return x;
  else return Any(std::in_place_index<port>, x);
}

/// A node that runs a kernel with several inputs.
template <class Kernel, class... In>
class JoinNode final : public SettlingNode<Kernel> {
 public:
  using Out = typename Kernel::Out;
  static_assert(sizeof...(In) <= Ended().size(), "a join takes up to 64 streams");
  static_assert(
      JoinKernel<Kernel, In...>,
      "weir: the kernel of this join cannot take the elements of its inputs: template <std::size_t port, "
      "class X, class Emit> void push(X&& x, Emit&& emit)");
  JoinNode(std::string kind, Kernel kernel)
      : JoinNode(std::move(kind), std::move(kernel), std::index_sequence_for<In...>{}) {}

  template <std::size_t port>
  [[nodiscard]] InletBase& inlet() noexcept {
    return *std::get<port>(ports_);
  }
  /// Nothing will come into this input.
  void leave_out(std::size_t port) { over_.set(port); }
  void input_ended(unsigned port) override {
    over_.set(port);
    gates_of_[port]->set(false);
    if constexpr (requires(Kernel & k, Give g) { k.ended(port, g); })
      this->guarded([&] { kernel_.ended(port, Give{*this}); });
    settle();
    check_over();
  }
  void input_reopened(unsigned port) override {
    over_.reset(port);
    this->reopen();
  }
  /// What it has given stays; it cannot be connected again.
  void input_disconnected(unsigned port) override { input_ended(port); }
  [[nodiscard]] Gate* gate(unsigned port) override {
    if constexpr (requires(const Kernel& k) { k.is_full(0); }) return gates_of_[port].get();
    else return nullptr;
  }
  [[nodiscard]] bool waits_for_partners() const override { return true; }
  [[nodiscard]] bool is_passive() const override { return true; }
  [[nodiscard]] const char* shape() const override { return "diamond"; }
  void set_policy(ErrorPolicy policy) override {
    check_policy<AnyInput<In...>>(*this, policy);
    Node::set_policy(policy);
  }

 private:
  using typename SettlingNode<Kernel>::Give;
  using SettlingNode<Kernel>::kernel_;
  template <std::size_t port, class T>
  struct Port final : Inlet<T> {
    JoinNode& join;
    explicit Port(JoinNode* of) : Inlet<T>(of, port), join(*of) {}
    void push(T&& x) noexcept override { join.template take<port>(std::move(x)); }
    void push(const T& x) noexcept override {
      if constexpr (is_copyable<T>) join.template take<port>(x);
    }
  };
  template <std::size_t... I>
  JoinNode(std::string kind, Kernel kernel, std::index_sequence<I...>)
      : SettlingNode<Kernel>(std::move(kind), std::move(kernel)),
        ports_(std::make_unique<Port<I, In>>(this)...) {
    for (auto& gate : gates_of_) gate = std::make_unique<Gate>(*this);
  }
  template <std::size_t port, class X>
  void take(X&& x) noexcept {
    this->in.add();
    if (this->ended_) return;
    if (this->slow_ == 0) {
      try {
        kernel_.template push<port>(std::forward<X>(x), Give{*this});
      } catch (...) {
        if (this->policy_.action == ErrorPolicy::Action::skip) this->errors.add();
        else this->raise_current();
      }
    } else {
      take_carefully<port>(x);
    }
    settle();
    if (over_.any()) check_over();
  }
  template <std::size_t port, class T>
  void take_carefully(const T& x) noexcept {
    if constexpr ((is_copyable<In> && ...))
      push_by_policy(
          *this, kernel_, Give{*this}, [&](Kernel& k, const auto& emit) { k.template push<port>(x, emit); },
          [&] { return any_input<AnyInput<In...>, port>(x); });
  }
  void check_over() {
    if (this->ended_) return;
    bool is_over = over_.count() == sizeof...(In);
    if constexpr (requires(const Kernel& k) { k.is_over(over_); })
      is_over = is_over || kernel_.is_over(over_);
    if (!is_over) return;
    this->end();
    if constexpr (requires(Kernel & k) { k.reset(); }) kernel_.reset();  // what found no partner is done
    for (auto& gate : gates_of_) gate->set(false);
  }
  void settle() override {
    this->note_held();
    if constexpr (requires(const Kernel& k) { k.is_full(0); }) {
      for (std::size_t port = 0; port < sizeof...(In); ++port)
        gates_of_[port]->set(!this->ended_ && !over_[port] && kernel_.is_full(port));
    }
  }
  template <class T, std::size_t I>
  using PortPointer = std::unique_ptr<Port<I, T>>;
  template <std::size_t... I>
  static std::tuple<PortPointer<In, I>...> port_types(std::index_sequence<I...>);

  std::array<std::unique_ptr<Gate>, sizeof...(In)> gates_of_;
  decltype(port_types(std::index_sequence_for<In...>{})) ports_;
  Ended over_;
};

/// Whether a kernel that takes each stream once has had this input at an earlier port.
template <class Kernel, std::size_t count>
bool comes_again(const std::array<Node*, count>& inputs, std::size_t port) {
  if constexpr (requires { Kernel::takes_each_stream_once; }) {
    const auto* const at = inputs.begin() + port;
    return std::find(inputs.begin(), at, *at) != at;
  } else {
    return false;
  }
}

/// Makes a JoinNode below several streams.
template <class Kernel, class First, class... More>
auto attach_join(std::string kind, Kernel kernel, const Stream<First>& first, const Stream<More>&... more) {
  using Made = JoinNode<Kernel, First, More...>;
  auto made = std::make_unique<Made>(std::move(kind), std::move(kernel));
  Made& node = *made;
  const std::shared_ptr<Graph> graph = Graph::of(first.node());
  const NodeRef kept = graph->adopt(std::move(made), &first.node());
  const std::array<Node*, 1 + sizeof...(More)> nodes{&first.node(), &more.node()...};
  for (std::size_t port = 0; port < nodes.size(); ++port) {
    if (comes_again<Kernel>(nodes, port)) node.leave_out(port);
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    ((comes_again<Kernel>(nodes, I) ? void() : Graph::connect(*nodes[I], node.template inlet<I>())), ...);
  }
  (std::make_index_sequence<1 + sizeof...(More)>{});
  return Stream<typename Kernel::Out>(Graph::of(node), node);
}

/// The arguments of a join that are streams, in order.
template <class... Args>
auto streams_of(const Args&... args) {
  const auto one = [](const auto& arg) {
    if constexpr (is_stream<std::decay_t<decltype(arg)>>) return std::tuple(arg);
    else return std::tuple();
  };
  return std::tuple_cat(one(args)...);
}

/// The node of a stream on either side; on the cluster, the one its segment ends with.
template <class S>
Node* node_of(const S& stream) {
  if constexpr (is_on_cluster<S>) return &ClusterSide<S>::node(stream);
  else return &stream.node();
}

/// Makes a join below several streams of one side; `make(std::type_identity<T>{}...)` gives its kernel.
template <class Make, class First, class... Args>
auto join(const char* kind, Make make, const First& first, const Args&... args) {
  if constexpr (is_on_cluster<First>) {
    static_assert((!is_stream<Args> && ...),
                  "weir: scatter() is missing: the first stream is on the cluster, another one is not");
    if constexpr ((!is_stream<Args> && ...)) return ClusterSide<First>::join(kind, make, first, args...);
  } else {
    static_assert((!is_on_cluster<Args> && ...),
                  "weir: gather() is missing: one of the streams is on the cluster, the first one is not");
    if constexpr ((!is_on_cluster<Args> && ...))
      return std::apply(
          [&]<class... T>(const Stream<T>&... streams) {
            return attach_join(kind, make(std::type_identity<T>{}...), streams...);
          },
          streams_of(first, args...));
  }
}

}  // namespace weir::detail::stream
