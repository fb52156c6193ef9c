// Several inputs into one node: zip, combine_latest, zip_latest, merge, merge_by_time, join; and one into
// several: split, route.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/stream/graph/forward.hpp"
#include "weir/detail/stream/graph/handle.hpp"
#include "weir/detail/stream/graph/kernel.hpp"
#include "weir/detail/stream/graph/letter.hpp"
#include "weir/stream/windows.hpp"

namespace weir {

/// How far one input of a join may run ahead: `a.zip(b, weir::max_ahead{3})`.
struct max_ahead {
  std::size_t elements;
};
/// Which inputs make `combine_latest` emit: `a.combine_latest(b, weir::emit_on(a))`, or by position:
/// `weir::emit_on(0, 2)`.
struct emit_on {
  template <class... Inputs>
  explicit emit_on(const Inputs&... inputs) {
    (add(inputs), ...);
  }
  std::vector<std::size_t> positions;
  std::vector<const detail::stream::Node*> nodes;

 private:
  template <class Input>
  void add(const Input& input) {
    if constexpr (std::is_integral_v<Input>) {
      if (input < 0)
        throw Error(ErrorKind::invalid_argument,
                    "emit_on: a position must not be negative (got " + std::to_string(input) + ")");
      positions.push_back(static_cast<std::size_t>(input));
    } else {
      nodes.push_back(&input.node());
    }
  }
};

namespace detail::stream {

// The kernel of a node with several inputs has, besides Out,
//   template <std::size_t port, class X, class Emit> void push(X&& x, Emit&& emit);
//   bool is_full(std::size_t port) const;      emissions into this input should wait
//   template <class Emit> void ended(std::size_t port, Emit&& emit);
//   bool is_over(const Ended& ended) const;    nothing more can come out; optional: when all inputs have
//   ended
// and, as others, finish(emit), reset(), held().
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
  JoinNode(std::string kind, Kernel kernel)
      : JoinNode(std::move(kind), std::move(kernel), std::index_sequence_for<In...>{}) {}

  template <std::size_t port>
  [[nodiscard]] InletBase& inlet() noexcept {
    return *std::get<port>(ports_);
  }
  void input_ended(unsigned port) override {
    over_.set(port);
    gates_of_[port]->set(false);
    if constexpr (requires(Kernel & k, Give g) { k.ended(port, g); }) kernel_.ended(port, Give{*this});
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
    explicit Port(JoinNode* node) : Inlet<T>(node, port), join(*node) {}
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
          *this, [&] { kernel_.template push<port>(x, Give{*this}); },
          [&] { return any_input<AnyInput<In...>, port>(x); });
  }
  void check_over() {
    if (this->ended_) return;
    bool over = over_.count() == sizeof...(In);
    if constexpr (requires(const Kernel& k) { k.is_over(over_); }) over = over || kernel_.is_over(over_);
    if (!over) return;
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

template <class... In>
struct ZipKernel {
  using Out = std::tuple<In...>;
  std::size_t limit;
  std::tuple<std::deque<Held<In>>...> queues = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    std::get<port>(queues).push_back({std::forward<X>(x)});
    if (!all([](const auto& queue) { return !queue.empty(); })) return;
    Tickets tickets;
    const auto first = [&](auto& queue) {
      auto held = std::move(queue.front());
      queue.pop_front();
      if (held.ticket) tickets.push_back(std::move(held.ticket));
      return std::move(held.value);
    };
    Out together = std::apply([&](auto&... queue) { return Out{first(queue)...}; }, queues);
    const TicketScope scope(combine(tickets));
    emit(std::move(together));
  }
  [[nodiscard]] bool is_full(std::size_t port) const { return size(port) > limit; }
  [[nodiscard]] bool is_over(const Ended& ended) const {
    for (std::size_t port = 0; port < sizeof...(In); ++port) {
      if (ended[port] && size(port) == 0) return true;
    }
    return false;
  }
  template <class Emit>
  void finish(Emit&&) {}
  void reset() { queues = {}; }
  [[nodiscard]] std::size_t held() const {
    return std::apply([](const auto&... queue) { return (queue.size() + ...); }, queues);
  }

 private:
  template <class Test>
  [[nodiscard]] bool all(Test test) const {
    return std::apply([&](const auto&... queue) { return (test(queue) && ...); }, queues);
  }
  [[nodiscard]] std::size_t size(std::size_t port) const {
    return std::apply([&](const auto&... queue) { return std::array{queue.size()...}[port]; }, queues);
  }
};

template <class... In>
struct CombineLatestKernel {
  using Out = std::tuple<In...>;
  Ended emits_on;
  std::tuple<std::optional<Held<In>>...> slots = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    std::get<port>(slots).emplace(Held<In_<port>>{std::forward<X>(x)});
    if (!emits_on[port] || !std::apply([](const auto&... slot) { return (slot.has_value() && ...); }, slots))
      return;
    Tickets tickets;  // of those that come out for the first time; afterwards a value is state
    const auto first_time = [&](auto& slot) {
      if (slot->ticket) tickets.push_back(std::exchange(slot->ticket, {}));
    };
    std::apply([&](auto&... slot) { (first_time(slot), ...); }, slots);
    const TicketScope scope(combine(tickets));
    emit(std::apply([](const auto&... slot) { return Out{slot->value...}; }, slots));
  }
  void reset() { slots = {}; }
  template <class Emit>
  void finish(Emit&&) {
    std::apply([](auto&... slot) { ((slot ? void(slot->ticket = {}) : void()), ...); }, slots);
  }

 private:
  template <std::size_t port>
  using In_ = std::tuple_element_t<port, std::tuple<In...>>;
};

/// Every element of the first input, with the latest of the others.
template <class Lossless, class... In>
struct ZipLatestKernel {
  using Out = std::tuple<Lossless, In...>;
  std::size_t limit;
  std::deque<Held<Lossless>> queue = {};
  std::tuple<std::optional<In>...> slots = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if constexpr (port == 0) queue.push_back({std::forward<X>(x)});
    else std::get<port - 1>(slots).emplace(std::forward<X>(x));
    if (!std::apply([](const auto&... slot) { return (slot.has_value() && ...); }, slots)) return;
    while (!queue.empty()) {
      Held<Lossless> first = std::move(queue.front());
      queue.pop_front();
      const TicketScope scope(std::move(first.ticket));
      emit(std::apply([&](const auto&... slot) { return Out{std::move(first.value), *slot...}; }, slots));
    }
  }
  [[nodiscard]] bool is_full(std::size_t port) const { return port == 0 && queue.size() > limit; }
  [[nodiscard]] bool is_over(const Ended& ended) const { return ended[0] && queue.empty(); }
  void reset() {
    queue.clear();
    slots = {};
  }
  [[nodiscard]] std::size_t held() const { return queue.size(); }
};

/// What comes, as it comes.
template <class T>
struct MergeKernel {
  using Out = T;
  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    emit(std::forward<X>(x));
  }
};

/// The smallest first; waits until every input that has not ended shows its next element.
template <class T, class TimeOf, std::size_t inputs>
struct MergeByTimeKernel {
  using Out = T;
  using When = KeyFor<TimeOf, T>;
  std::size_t limit;
  TimeOf time;
  std::array<std::deque<std::pair<When, Held<T>>>, inputs> queues = {};
  Ended over = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    When when = std::invoke(time, std::as_const(x));
    queues[port].emplace_back(std::move(when), Held<T>{T(std::forward<X>(x))});
    drain(emit);
  }
  template <class Emit>
  void ended(std::size_t port, Emit&& emit) {
    over.set(port);
    drain(emit);
  }
  [[nodiscard]] bool is_full(std::size_t port) const { return queues[port].size() > limit; }
  void reset() { queues = {}; }
  [[nodiscard]] std::size_t held() const {
    std::size_t count = 0;
    for (const auto& queue : queues) count += queue.size();
    return count;
  }

 private:
  [[nodiscard]] bool knows_next() const {
    for (std::size_t i = 0; i < inputs; ++i) {
      if (queues[i].empty() && !over[i]) return false;
    }
    return held() > 0;
  }
  template <class Emit>
  void drain(Emit&& emit) {
    while (knows_next()) {
      const auto first = std::min_element(queues.begin(), queues.end(), [&](const auto& a, const auto& b) {
        if (a.empty() || b.empty()) return !a.empty();
        return a.front().first < b.front().first;
      });
      Held<T> held = std::move(first->front().second);
      first->pop_front();
      const TicketScope scope(std::move(held.ticket));
      emit(std::move(held.value));
    }
  }
};

/// Pairs with equal keys; each side remembers its newest elements.
template <class A, class B, class KeyA, class KeyB, bool keep_unmatched>
struct KeyedJoinKernel {
  using Key = KeyFor<KeyA, A>;
  static_assert(std::is_same_v<Key, KeyFor<KeyB, B>>, "join: both keys must have the same type");
  using Right = std::conditional_t<keep_unmatched, std::optional<B>, B>;
  using Out = std::pair<A, Right>;
  template <class T>
  struct Kept {
    T value;
    bool matched = false;
  };
  template <class T>
  struct Side {
    std::deque<std::pair<Key, Kept<T>>> order;  // oldest first
    std::uint64_t first = 0;                    // number of the oldest
    KeyMap<Key, std::deque<std::uint64_t>> index;
    Kept<T>& at(std::uint64_t number) { return order[static_cast<std::size_t>(number - first)].second; }
  };
  std::size_t limit;
  KeyA key_a;
  KeyB key_b;
  Side<A> left = {};
  Side<B> right = {};

  template <std::size_t port, class X, class Emit>
  void push(X&& x, Emit&& emit) {
    if constexpr (port == 0)
      match(key_a, left, right, std::forward<X>(x), emit, [](const A& a, const B& b) { return Out(a, b); });
    else
      match(key_b, right, left, std::forward<X>(x), emit, [](const B& b, const A& a) { return Out(a, b); });
  }
  template <class Emit>
  void finish(Emit&& emit) {
    while (!left.order.empty()) forget(left, emit);
    while (!right.order.empty()) forget(right, emit);
  }
  void reset() {
    left = {};
    right = {};
  }
  [[nodiscard]] std::size_t held() const { return left.order.size() + right.order.size(); }

 private:
  template <class KeyOf, class Mine, class Other, class X, class Emit, class Make>
  void match(KeyOf& key_of, Mine& mine, Other& other, X&& x, Emit&& emit, Make make) {
    const Key key = std::invoke(key_of, std::as_const(x));
    std::vector<Out> pairs;
    if (const auto found = other.index.find(key); found != other.index.end()) {
      for (const std::uint64_t number : found->second) {
        auto& kept = other.at(number);
        pairs.push_back(make(x, kept.value));
        kept.matched = true;
      }
    }
    mine.order.push_back({key, {std::forward<X>(x), !pairs.empty()}});
    mine.index[key].push_back(mine.first + mine.order.size() - 1);
    for (Out& pair : pairs) emit(std::move(pair));
    while (mine.order.size() > limit) forget(mine, emit);
  }
  template <class T, class Emit>
  void forget(Side<T>& side, Emit&& emit) {
    auto [key, kept] = std::move(side.order.front());
    const auto found = side.index.find(key);
    found->second.pop_front();
    if (found->second.empty()) side.index.erase(found);
    side.order.pop_front();
    ++side.first;
    if constexpr (keep_unmatched && std::is_same_v<T, A>) {
      if (!kept.matched) emit(Out(std::move(kept.value), std::nullopt));
    }
  }
};

/// Makes a JoinNode below several streams.
template <class Kernel, class First, class... More>
auto attach_join(std::string kind, Kernel kernel, const Stream<First>& first, const Stream<More>&... more) {
  using Made = JoinNode<Kernel, First, More...>;
  auto made = std::make_unique<Made>(std::move(kind), std::move(kernel));
  Made& node = *made;
  const std::shared_ptr<Graph> graph = Graph::of(first.node());
  graph->adopt(std::move(made), &first.node());
  const auto streams = std::tie(first, more...);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (Graph::connect(std::get<I>(streams).node(), node.template inlet<I>()), ...);
  }
  (std::make_index_sequence<1 + sizeof...(More)>{});
  return Stream<typename Kernel::Out>(Graph::of(node), node);
}

template <class T>
inline constexpr bool is_stream = false;
template <class T>
inline constexpr bool is_stream<Stream<T>> = true;

template <class T>
inline constexpr bool is_on_cluster = false;
template <class T, class In, class K>
inline constexpr bool is_on_cluster<ClusterStream<T, In, K>> = true;

/// The arguments of a join that are streams, in order.
template <class... Args>
auto streams_of(const Args&... args) {
  const auto one = [](const auto& arg) {
    if constexpr (is_stream<std::decay_t<decltype(arg)>>) return std::tuple(arg);
    else return std::tuple();
  };
  return std::tuple_cat(one(args)...);
}
/// The option of this type among the arguments, or `otherwise`.
template <class Option, class... Args>
Option option(Option otherwise, const Args&... args) {
  const auto look = [&](const auto& arg) {
    if constexpr (std::is_same_v<std::decay_t<decltype(arg)>, Option>) otherwise = arg;
  };
  (look(args), ...);
  return otherwise;
}
template <class T>
inline constexpr bool is_literal =
    !is_stream<T> && !std::is_same_v<T, max_ahead> && !std::is_same_v<T, emit_on>;

/// The inputs of combine_latest that make it emit: those that were named, or all.
template <std::size_t count>
Ended inputs_that_emit(const emit_on& which, const std::array<const Node*, count>& nodes) {
  Ended on;
  for (const std::size_t position : which.positions) {
    if (position >= count)
      throw Error(ErrorKind::invalid_argument, "combine_latest: emit_on must be less than " +
                                                   std::to_string(count) + " (got " +
                                                   std::to_string(position) + ")");
    on.set(position);
  }
  for (const Node* node : which.nodes) {
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      throw Error(ErrorKind::invalid_argument,
                  "combine_latest: emit_on names " + node->label() + ", which is not among the streams");
    for (std::size_t i = 0; i < count; ++i) on[i] = on[i] || nodes[i] == node;
  }
  if (on.none()) on.set();
  return on;
}

/// The place of a stream among the arguments of zip. What is kept of the arguments must not hold the stream,
/// whose graph would hold it for ever.
struct Gap {};
template <class T>
auto literal_or_gap(const T& arg) {
  if constexpr (is_stream<T>) return Gap{};
  else return arg;
}

/// Puts the literals among the arguments of zip back into their places.
template <std::size_t at, class Items, class... Args>
auto with_literals(Items&& items, const std::tuple<Args...>& args) {
  if constexpr (sizeof...(Args) == 0) {
    return std::tuple();
  } else {
    using First = std::tuple_element_t<0, std::tuple<Args...>>;
    const auto rest = std::apply([](const auto&, const auto&... more) { return std::tuple(more...); }, args);
    if constexpr (std::is_same_v<First, Gap>) {
      auto item = std::tuple(std::get<at>(std::forward<Items>(items)));
      return std::tuple_cat(std::move(item), with_literals<at + 1>(std::forward<Items>(items), rest));
    } else if constexpr (is_literal<First>) {
      return std::tuple_cat(std::tuple(std::get<0>(args)),
                            with_literals<at>(std::forward<Items>(items), rest));
    } else {
      return with_literals<at>(std::forward<Items>(items), rest);
    }
  }
}

/// Sends every element to one of its downstreams.
template <class T, class Choose>
class RouteNode final : public Outlet<T>, public Inlet<T> {
 public:
  explicit RouteNode(Choose choose) : Outlet<T>("route", true), Inlet<T>(this), choose_(std::move(choose)) {}
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
    push_by_policy(*this, find_way, [&]() -> const T& { return x; });
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
  explicit WayNode(Node& route) : PassingNode<T>("way"), route_(route) {}
  void set_policy(ErrorPolicy policy) override { route_.set_policy(policy); }

 private:
  Node& route_;
};

}  // namespace detail::stream

namespace op {

/// Emits a tuple when every stream has given one more element.
///
/// **Shape.** `Stream<A>, Stream<B>, ...` in, `std::tuple<A, B, ...>` out, in the order of the arguments; an
/// argument that is not a stream stands in every tuple. Ends when one input has ended and its elements are
/// used up.
/// **Units.** `max_ahead{n}` (10 by default) counts elements one stream may be ahead of the slowest.
/// **Backpressure.** `emit` into a stream waits while more than that many of its elements are unmatched. An
/// element's ticket is held until its tuple was consumed.
/// **Source.** streamz `zip`.
template <class First, class... Args>
auto zip(const Stream<First>& first, const Args&... args) {
  static_assert((!detail::stream::is_on_cluster<Args> && ...),
                "zip: gather() is missing: one of the streams is on the cluster, the first one is not");
  const max_ahead limit = detail::stream::option(max_ahead{10}, args...);
  const auto together = std::apply(
      [&]<class... T>(const Stream<T>&... streams) {
        return detail::stream::attach_join("zip", detail::stream::ZipKernel<T...>{limit.elements},
                                           streams...);
      },
      detail::stream::streams_of(first, args...));
  if constexpr ((detail::stream::is_literal<Args> || ...))
    return together.map(
        [all = std::tuple(detail::stream::Gap{}, detail::stream::literal_or_gap(args)...)](auto&& items) {
          return detail::stream::with_literals<0>(std::forward<decltype(items)>(items), all);
        });
  else return together;
}

/// Emits a tuple of the latest elements whenever one of the streams gives one, as soon as all have.
///
/// **Shape.** `std::tuple<A, B, ...>` out, in the order of the arguments. With `emit_on(...)`, only elements
/// of these streams make it emit. An element that reaches it on two ways gives two tuples, the first of which
/// mixes new and old.
/// **Errors.** Throws `Error{invalid_argument}` if `emit_on` names what is not among the streams.
/// **Backpressure.** Holds an element's ticket until the first tuple with it was consumed or it is replaced.
/// **Source.** streamz `combine_latest`.
template <class First, class... Args>
auto combine_latest(const Stream<First>& first, const Args&... args) {
  static_assert(
      (!detail::stream::is_on_cluster<Args> && ...),
      "combine_latest: gather() is missing: one of the streams is on the cluster, the first one is not");
  static_assert(((detail::stream::is_stream<Args> || std::is_same_v<Args, emit_on>)&&...),
                "combine_latest: every argument is a stream or emit_on(...)");
  return std::apply(
      [&]<class... T>(const Stream<T>&... streams) {
        const detail::stream::Ended on = detail::stream::inputs_that_emit<sizeof...(T)>(
            detail::stream::option(emit_on(), args...), {&streams.node()...});
        return detail::stream::attach_join("combine_latest", detail::stream::CombineLatestKernel<T...>{on},
                                           streams...);
      },
      detail::stream::streams_of(first, args...));
}

/// Emits every element of `lossless` once, with the latest elements of the others.
///
/// **Shape.** `std::tuple<Lossless, A, ...>` out. Elements of `lossless` that come before all others have
/// given one wait, and then come out together.
/// **Units.** `max_ahead{n}` (no limit by default) counts elements of `lossless` that wait.
/// **Backpressure.** With `max_ahead`, `emit` into `lossless` waits while more than that many wait.
/// **Source.** streamz `zip_latest`.
template <class Lossless, class... Args>
auto zip_latest(const Stream<Lossless>& lossless, const Args&... args) {
  static_assert(
      (!detail::stream::is_on_cluster<Args> && ...),
      "zip_latest: gather() is missing: one of the streams is on the cluster, the first one is not");
  const max_ahead limit = detail::stream::option(max_ahead{static_cast<std::size_t>(-1)}, args...);
  return std::apply(
      [&]<class... T>(const Stream<T>&... others) {
        return detail::stream::attach_join("zip_latest",
                                           detail::stream::ZipLatestKernel<Lossless, T...>{limit.elements},
                                           lossless, others...);
      },
      detail::stream::streams_of(args...));
}

/// Passes on what any of the streams gives, as it comes (streamz: `union`).
template <class T, class... More>
auto merge(const Stream<T>& first, const More&... more) {
  static_assert((!detail::stream::is_on_cluster<More> && ...),
                "merge: gather() is missing: one of the streams is on the cluster, the first one is not");
  static_assert((std::is_same_v<More, Stream<T>> && ...),
                "merge: the streams must have the same element type");
  return detail::stream::attach_join("merge", detail::stream::MergeKernel<T>{}, first, more...);
}

/// Merges streams that are each in the order of time into one that is.
///
/// **Shape.** All elements of all streams; of equal times the earlier argument's first. Waits until every
/// stream that has not ended has shown its next element.
/// **Units.** `max_ahead{n}` (1000 by default) counts elements one stream may hold here.
template <class TimeOf, class T, class... More>
auto merge_by_time(TimeOf time, const Stream<T>& first, const More&... more) {
  const max_ahead limit = detail::stream::option(max_ahead{1000}, more...);
  return std::apply(
      [&](const auto&... streams) {
        return detail::stream::attach_join(
            "merge_by_time",
            detail::stream::MergeByTimeKernel<T, TimeOf, sizeof...(streams)>{
                limit.elements, detail::callable("merge_by_time", "the time", time)},
            streams...);
      },
      detail::stream::streams_of(first, more...));
}

/// Emits a pair for every two elements with equal keys.
///
/// **Shape.** `std::pair<A, B>` out, when the second of the two comes.
/// **Units.** `remembered` counts the newest elements of each side that a later one can meet.
/// **Errors.** Throws `Error{invalid_argument}` if `remembered` is 0.
/// **Cost.** Memory for twice `remembered` elements, never more. An element is done when it was compared;
/// being remembered is state.
template <class A, class B, class KeyA, class KeyB>
auto join(const Stream<A>& a, const Stream<B>& b, KeyA key_a, KeyB key_b, std::size_t remembered) {
  detail::stream::at_least_one("join", "remembered", remembered);
  return detail::stream::attach_join(
      "join",
      detail::stream::KeyedJoinKernel<A, B, KeyA, KeyB, false>{
          remembered, detail::callable("join", "a key", key_a), detail::callable("join", "a key", key_b)},
      a, b);
}
/// The same; an element of `a` that met none is emitted with `std::nullopt` when it is forgotten or the
/// streams end.
template <class A, class B, class KeyA, class KeyB>
auto left_join(const Stream<A>& a, const Stream<B>& b, KeyA key_a, KeyB key_b, std::size_t remembered) {
  detail::stream::at_least_one("left_join", "remembered", remembered);
  return detail::stream::attach_join("left_join",
                                     detail::stream::KeyedJoinKernel<A, B, KeyA, KeyB, true>{
                                         remembered, detail::callable("left_join", "a key", key_a),
                                         detail::callable("left_join", "a key", key_b)},
                                     a, b);
}

/// Sends each element to one of `ways` streams, the one whose number `choose(x)` returns.
///
/// **Errors.** An element with a number that is too large fails: `route: way 5 of 3 does not exist`.
/// `on_error` of any of the ways is about `choose`. Throws `Error{invalid_argument}` if `ways` is 0.
template <class T, class Choose>
std::vector<Stream<T>> route(const Stream<T>& s, std::size_t ways, Choose choose) {
  detail::stream::at_least_one("route", "ways", ways);
  const Stream<T> node =
      detail::stream::attach<T>(s, std::make_unique<detail::stream::RouteNode<T, Choose>>(
                                       detail::callable("route", "the function", std::move(choose))));
  std::vector<Stream<T>> result;
  for (std::size_t i = 0; i < ways; ++i) {
    auto way = std::make_unique<detail::stream::WayNode<T>>(node.node());
    way->set_detail(std::to_string(i));
    result.push_back(detail::stream::attach<T>(node, std::move(way)));
  }
  return result;
}

/// The elements for which `predicate` holds, and the others: `auto [even, odd] = numbers.split(is_even);`
template <class T, class F>
std::pair<Stream<T>, Stream<T>> split(const Stream<T>& s, F predicate) {
  auto ways = op::route(
      s, 2, [f = detail::callable("split", "the function", std::move(predicate))](const T& x) mutable {
        return std::invoke(f, x) ? 0 : 1;
      });
  return {ways[0], ways[1]};
}

}  // namespace op
}  // namespace weir
