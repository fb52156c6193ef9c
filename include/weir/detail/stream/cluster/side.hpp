// The operators of ClusterStream that no kernel describes: joins, ways, controls and ends.
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/detail/stream/cluster/combine.hpp"
#include "weir/detail/stream/cluster/ends.hpp"
#include "weir/detail/stream/cluster/gather.hpp"
#include "weir/detail/stream/cluster/timed.hpp"
#include "weir/stream/members.hpp"

namespace weir::detail::stream {

/// Whether an element goes this way.
template <class Choose>
struct ChosenWay {
  Choose choose;
  std::uint64_t way = 0, ways = 1;
  template <class T>
  bool operator()(const T& x) {
    const auto chosen = static_cast<std::uint64_t>(std::invoke(choose, x));
    if (chosen >= ways && way == 0)
      throw Error(ErrorKind::invalid_argument,
                  "route: way " + std::to_string(chosen) + " of " + std::to_string(ways) + " does not exist");
    return chosen == way;
  }
};

template <class T, class In, class K>
struct ClusterSide<ClusterStream<T, In, K>> {
  using S = ClusterStream<T, In, K>;

  /// A stream on the cluster that begins with these chunks.
  static S begin(Client client, Stream<Chunk<In>> chunks, FlowLimits limits) {
    return S(std::move(client), std::move(chunks), K{}, std::move(limits));
  }
  static const Stream<Chunk<In>>& chunks(const S& s) noexcept { return s.chunks_; }
  static const FlowLimits& limits(const S& s) noexcept { return s.limits_; }
  /// The node that the segment ends with.
  static Node& node(const S& s) { return s.cut().chunks_.node(); }

  static auto latest(const S& s) {
    s.one_by_one();
    return s.after(attach<Chunk<T>>(s.cut().chunks_, std::make_unique<LatestChunkNode<T>>()));
  }
  static auto passing(const S& s, const char* kind) {
    return s.after(attach<Chunk<T>>(s.cut().chunks_, std::make_unique<PassNode<Chunk<T>>>(kind)));
  }
  template <class Choose>
  static auto route(const S& s, std::size_t ways, Choose choose) {
    const auto shared = s.cut();
    std::vector<decltype(shared.filter(ChosenWay<Choose>{}))> result;
    for (std::size_t way = 0; way < ways; ++way)
      result.push_back(shared.filter(ChosenWay<Choose>{choose, way, ways}));
    return result;
  }
  template <class F>
  static auto split(const S& s, F predicate) {
    const auto shared = s.cut();
    return std::pair(shared.filter(predicate), shared.remove(predicate));
  }
  /// What was emitted before an element of `trigger` is there before it acts.
  template <class R, class Act>
  static void control(const Stream<R>& trigger, const S& s, const char* kind, Act act) {
    stream::control(trigger, s.chunks_, kind, [limits = s.limits_, act](Node& node) {
      for (const auto& limit : all_of(limits)) limit->control->send_before();
      act(node);
    });
  }

  template <class F>
  static auto finishing(F f, std::size_t parallelism) {
    at_least_one("sink_async", "parallelism", parallelism);
    static_assert(begins_or_awaits<F, T>,
                  "sink_async: the function takes (element, finished), or an element and returns "
                  "boost::asio::awaitable<void>");
    return op::ByKernel{"sink_async",
                        [f = detail::callable("sink_async", "the function", std::move(f))]<class E>(
                            std::type_identity<E>) mutable { return FinishKernel<E, F>{std::move(f)}; }};
  }
  /// Nothing comes out of `last`; a gather lets go of its elements and brings its errors.
  static Sink ends(const S& last) {
    const auto end = last.cut().chunks_;
    attach<Nothing>(end, std::make_unique<GatherNode<Nothing>>(last.client_, false));
    return Sink(Graph::of(end.node()), end.node());
  }
  static ClusterValue<T> current_value(const S& s) {
    static_assert(is_copyable<T>, "current_value: elements of this type cannot be copied");
    const auto keeper = s.cut().apply(
        op::ByKernel{"current_value", []<class E>(std::type_identity<E>) { return LastKernel<E>{}; }});
    ClusterSide<std::decay_t<decltype(keeper)>>::ends(keeper);
    return ClusterValue<T>(s.client_, keeper.cut().chunks_, s.limits_);
  }

  /// Makes a join below several cluster streams; options and policy are those of the first.
  template <class Make, class... Args>
  static auto join(const char* kind, Make make, const S& first, const Args&... args) {
    return join_inputs(kind, std::move(make), first, cluster_inputs(first, args...));
  }

 private:
  template <class Make, class... E>
  static auto join_inputs(const char* kind, Make make, const S& first, const ClusterInputs<E...>& inputs) {
    auto kernel = make(std::type_identity<E>{}...);
    using Kernel = decltype(kernel);
    using Out = typename Kernel::Out;
    static_assert(kernel_travels<Kernel>(),
                  "weir: a function of this operator cannot travel to another process. Below scatter() a "
                  "lambda must not capture.");
    auto end = [&]() -> Stream<Chunk<Out>> {
      if constexpr (traits_of<Kernel>.where == Where::on_whole_chunks) {
        if (!inputs.ways_meet && !Segment::may_end_above(nodes_above(inputs)))
          return std::apply(
              [&](const auto&... chunks) {
                return attach_join(kind, make(std::type_identity<Chunk<E>>{}...), chunks...);
              },
              inputs.chunks);
      }
      return attach_join_node(kind, std::move(kernel), first, inputs);
    }();
    if constexpr (traits_of<Kernel>.order_matters) keep_order(inputs);
    auto joined = first.after(end);
    joined.limits_ = inputs.limits;
    return joined;
  }
  /// A join that runs on the cluster.
  template <class Kernel, class... E>
  static auto attach_join_node(const char* kind, Kernel kernel, const S& first,
                               const ClusterInputs<E...>& inputs) {
    using Made = ClusterJoinNode<Kernel, E...>;
    const auto nodes =
        std::apply([](const auto&... chunks) { return std::array<Node*, sizeof...(E)>{&chunks.node()...}; },
                   inputs.chunks);
    Ended again;
    for (std::size_t port = 0; port < nodes.size(); ++port) again[port] = comes_again<Kernel>(nodes, port);
    auto made = std::make_unique<Made>(kind, first.client_, std::move(kernel),
                                       named_options(first.options_, kind), again);
    Made& node = *made;
    const auto& head = std::get<0>(inputs.chunks);
    Graph::of(head.node())->adopt(std::move(made), &head.node());
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((again[I] ? void() : Graph::connect(*nodes[I], node.template inlet<I>())), ...);
    }
    (std::index_sequence_for<E...>{});
    if (takes_letters_of<AnyInput<E...>>(first.policy_)) node.set_policy(first.policy_);
    if (inputs.ways_meet) {
      Segment::note_places_above(nodes_above(inputs));
      node.take_together();
    }
    return Stream<Chunk<typename Kernel::Out>>(Graph::of(node), node);
  }
};

/// Sends the elements of a stream to the cluster.
template <class T>
struct Scatter {
  static auto to(const Stream<T>& elements, const Client& client) {
    auto limit = std::make_shared<FlowLimit>();
    auto node = std::make_unique<ScatterNode<T>>(client, limit);
    using Begun = ClusterStream<T, T, PassKernel<T>>;
    return ClusterSide<Begun>::begin(client, attach<Chunk<T>>(elements, std::move(node)), {limit});
  }
  static auto to(const Stream<T>& elements) { return to(elements, Client::current()); }
};

}  // namespace weir::detail::stream
