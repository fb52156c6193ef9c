// ClusterStream: the elements of a stream on the cluster, from scatter to gather.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/stream/cluster/chain.hpp"
#include "weir/detail/stream/cluster/combine.hpp"
#include "weir/detail/stream/cluster/ends.hpp"
#include "weir/detail/stream/cluster/gather.hpp"
#include "weir/detail/stream/cluster/group.hpp"
#include "weir/detail/stream/cluster/scatter.hpp"
#include "weir/detail/stream/cluster/timed.hpp"

namespace weir {

/// Asks `gather` for results as they come.
struct Unordered {};
inline constexpr Unordered unordered{};

/// A stream whose elements are on the cluster, from `scatter` to `gather`.
///
/// Operators chained to it are fused: everything between two boundaries is one task per chunk of elements,
/// run where the scheduler likes. Operators with a state (accumulate, partition, unique, windows ...) form a
/// chain of tasks whose state stays on a worker and is rebuilt after its death. A stream that has a name in
/// the program (`auto squares = source.scatter().map(square);`) is a boundary: what is chained to it twice
/// shares what came before. Only `gather` turns it back into a `Stream`.
///
/// **Shape.** Every operator gives what it gives on a `Stream`, in the same order. What a timer brings
/// (`timed_window`, `delay` ...) comes when its time has come, behind what was emitted before.
/// **Errors.** Functions and elements that cannot travel do not compile. What a function throws is answered
/// by the policy of `on_error`; `raise` comes out of `drain`.
/// **Backpressure.** `emit` waits while as much is on the cluster as its threads can use, or as `buffer`
/// allows; a slow consumer below `gather` is waited for.
/// **Cost.** One task per chunk; the size of chunks follows the computing time of the elements, so that many
/// small ones share a task.
/// **Source.** streamz `DaskStream`, whose elements are futures; one task per element and operator.
template <class T, class In, class K>
class ClusterStream : public detail::stream::ClusterChain<ClusterStream<T, In, K>> {
 public:
  using Element = T;
  using Windows = detail::stream::Windows;
  ClusterStream(Client client, Stream<detail::stream::Chunk<In>> chunks, K kernel, Windows windows)
      : client_(std::move(client)),
        chunks_(std::move(chunks)),
        kernel_(std::move(kernel)),
        windows_(std::move(windows)) {}

  /// Applies an operator of the library (`op::map(f)`), or your own: anything that can be called with the
  /// cluster stream.
  template <class Op>
  auto apply(Op op) const& {
    return cut().fuse(std::move(op));
  }
  template <class Op>
  auto apply(Op op) && {
    return fuse(std::move(op));
  }

  /// Bounds the elements on the cluster, from the scatter to the end of the gather. Without it the number of
  /// worker threads decides.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0.
  ClusterStream buffer(std::size_t size) const {
    if (size == 0) throw Error(ErrorKind::invalid_argument, "buffer: size must be at least 1 (got 0)");
    for (const auto& window : detail::stream::all_of(windows_))
      window->most_elements = static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX));
    return *this;
  }
  /// How the tasks of this segment, and of those after it, run: resources, workers, priority.
  ClusterStream with(Options options) const {
    ClusterStream copy = unshared();
    copy.options_ = std::make_shared<const Options>(std::move(options));
    return copy;
  }
  /// What happens to an element on which a function of this segment, or of one after it, throws: raise, skip,
  /// retry (on the worker), or a dead letter stream.
  ///
  /// Behind a join or an operator that knows time, it is about that one too.
  ///
  /// **Shape.** A letter holds the element as it entered the segment; that of a join of several types, a
  /// `std::variant` whose index is the input.
  /// **Errors.** Throws `Error{invalid_argument}`, when the segment ends, if the dead letter stream takes
  /// other elements.
  ClusterStream on_error(ErrorPolicy policy) const {
    if constexpr (is_empty) {
      if (dynamic_cast<detail::stream::WholeSegment*>(&chunks_.node())) chunks_.node().set_policy(policy);
    }
    ClusterStream copy = unshared();
    copy.policy_ = std::move(policy);
    return copy;
  }
  /// Gives the segment, or the join or timed operator just applied, a name for errors and pictures.
  ClusterStream named(std::string name) const {
    if constexpr (is_empty) {
      if (dynamic_cast<detail::stream::WholeSegment*>(&chunks_.node())) chunks_.node().set_name(name);
    }
    ClusterStream copy = unshared();
    copy.name_ = std::move(name);
    return copy;
  }

  /// Ends the segment: what follows is another task, which may run elsewhere; values move between workers,
  /// not through this program.
  [[nodiscard]] auto cut() const {
    if constexpr (is_empty) {
      return *this;
    } else {
      const std::lock_guard lock(shared_->mutex);
      if (!shared_->end) shared_->end = end_segment();
      ClusterStream<T, T, detail::stream::PassKernel<T>> next(client_, *shared_->end, {}, windows_);
      next.inherit(options_, policy_);
      return next;
    }
  }
  /// Brings the elements back, in the order in which they entered `scatter`.
  [[nodiscard]] Stream<T> gather() const { return gather_in(true); }
  /// The same in the order in which they are ready.
  [[nodiscard]] Stream<T> gather(Unordered) const { return gather_in(false); }

  /// Gives the newest element to what is below, which takes one at a time; those that a newer one overtakes
  /// are dropped, and their values never move.
  ///
  /// **Shape.** A subset of the elements, in order; the last one always. An element dropped by a filter above
  /// counts as one that was given.
  [[nodiscard]] ClusterStream<T, T, detail::stream::PassKernel<T>> latest() const {
    one_by_one();
    return after(detail::stream::attach<detail::stream::Chunk<T>>(
        cut().chunks(), std::make_unique<detail::stream::LatestChunkNode<T>>()));
  }
  /// Passes on what any of the streams gives, as it comes.
  template <class... More>
  [[nodiscard]] auto merge(const More&... more) const {
    static_assert((detail::stream::is_on_cluster<More> && ...),
                  "merge: scatter() is missing: one of the streams is not on the cluster");
    const auto inputs = detail::stream::cluster_inputs(*this, more...);
    if (detail::stream::part_below_segments(inputs))
      return detail::stream::attach_cluster_join("merge", detail::stream::MergeKernel<T>{}, *this, inputs);
    auto merged =
        after(std::apply([](const auto&... chunks) { return op::merge(chunks...); }, inputs.chunks));
    merged.windows_ = inputs.windows;
    detail::stream::keep_order(inputs);
    return merged;
  }
  /// Tuples of one element of each stream; see `op::zip`. How far one is ahead is known a little late, so
  /// that it may be exceeded by what is on its way.
  template <class... Args>
  [[nodiscard]] auto zip(const Args&... args) const {
    static_assert(((detail::stream::is_on_cluster<Args> || std::is_same_v<Args, max_ahead>)&&...),
                  "zip: every argument is a stream on the cluster or max_ahead{n}");
    const max_ahead limit = detail::stream::option(max_ahead{10}, args...);
    return detail::stream::join_on_cluster(
        "zip", *this,
        [&]<class... E>(std::type_identity<E>...) { return detail::stream::ZipKernel<E...>{limit.elements}; },
        detail::stream::cluster_inputs(*this, args...));
  }
  /// Tuples of the latest elements; see `op::combine_latest`.
  template <class... Args>
  [[nodiscard]] auto combine_latest(const Args&... args) const {
    static_assert(((detail::stream::is_on_cluster<Args> || std::is_same_v<Args, emit_on>)&&...),
                  "combine_latest: every argument is a stream on the cluster or emit_on(...)");
    const auto inputs = detail::stream::cluster_inputs(*this, args...);
    const auto nodes = std::apply(
        [](const auto&... chunks) {
          return std::array{static_cast<const detail::stream::Node*>(&chunks.node())...};
        },
        inputs.chunks);
    const detail::stream::Ended on =
        detail::stream::inputs_that_emit(detail::stream::option(emit_on(), args...), nodes);
    return detail::stream::join_on_cluster(
        "combine_latest", *this,
        [&]<class... E>(std::type_identity<E>...) { return detail::stream::CombineLatestKernel<E...>{on}; },
        inputs);
  }
  /// Every element of this stream with the latest of the others; see `op::zip_latest`.
  template <class... Args>
  [[nodiscard]] auto zip_latest(const Args&... args) const {
    static_assert(((detail::stream::is_on_cluster<Args> || std::is_same_v<Args, max_ahead>)&&...),
                  "zip_latest: every argument is a stream on the cluster or max_ahead{n}");
    const max_ahead limit = detail::stream::option(max_ahead{static_cast<std::size_t>(-1)}, args...);
    return detail::stream::join_on_cluster(
        "zip_latest", *this,
        [&]<class... E>(std::type_identity<E>...) {
          return detail::stream::ZipLatestKernel<E...>{limit.elements};
        },
        detail::stream::cluster_inputs(*this, args...));
  }
  /// One stream for each of `ways`; an element goes to the one whose number `choose(x)` is. `choose` is
  /// called once for each way, on the workers.
  template <class Choose>
  [[nodiscard]] auto route(std::size_t ways, Choose choose) const {
    detail::stream::at_least_one("route", "ways", ways);
    static_cast<void>(detail::callable("route", "the function", choose));
    const auto shared = cut();
    std::vector<decltype(shared.filter(detail::stream::ChosenWay<Choose>{}))> result;
    for (std::size_t way = 0; way < ways; ++way)
      result.push_back(shared.filter(detail::stream::ChosenWay<Choose>{choose, way, ways}));
    return result;
  }
  /// The elements for which `predicate` holds, and the others.
  template <class F>
  [[nodiscard]] auto split(F predicate) const {
    static_cast<void>(detail::callable("split", "the function", predicate));
    const auto shared = cut();
    return std::pair(shared.filter(predicate), shared.remove(predicate));
  }
  /// Every element of `trigger` makes the segment forget its state.
  template <class R>
  [[nodiscard]] auto reset_by(const Stream<R>& trigger) const {
    const auto ended = cut();
    if (!ended.node().reset())
      throw Error(ErrorKind::invalid_argument, "reset_by: " + ended.chunks().label() + " keeps no state");
    ended.control_by(trigger, "reset", [](detail::stream::Node& node) { node.reset(); });
    return ended;
  }
  /// Every element of `trigger` makes the segment put out what it holds.
  template <class R>
  [[nodiscard]] auto flush_by(const Stream<R>& trigger) const {
    const auto ended = cut();
    ended.control_by(trigger, "flush", [](detail::stream::Node& node) { node.flush(); });
    return ended;
  }

  /// Passes the elements emitted before the first one of `signal`, then ends the stream below.
  template <class R>
  [[nodiscard]] auto take_until(const Stream<R>& signal) const {
    const auto passed = after(detail::stream::attach<detail::stream::Chunk<T>>(
        cut().chunks(), std::make_unique<detail::stream::PassNode<detail::stream::Chunk<T>>>("take_until")));
    passed.control_by(signal, "until", [](detail::stream::Node& node) { node.end(); });
    return passed;
  }

  /// Calls `f(x, finished)` on a worker, which begins the work; the element is done when `finished()` or
  /// `finished(error)` is called there, from any thread. `f` may as well be a coroutine that returns
  /// `boost::asio::awaitable<void>`.
  ///
  /// **Units.** A worker thread waits for one element at a time, so the threads of the workers are the
  /// parallelism.
  /// **Errors.** An error given to `finished` is answered by the policy of the sink. Throws
  /// `Error{invalid_argument}` if `parallelism` is 0 or `f` a null pointer.
  /// **Backpressure.** `emit` waits while as much is on the cluster as its threads can use, or as `buffer`
  /// allows.
  template <class F>
  Sink sink_async(F f, std::size_t parallelism = 1) const& {
    return ends(apply(finishing(std::move(f), parallelism)));
  }
  template <class F>
  Sink sink_async(F f, std::size_t parallelism = 1) && {
    return ends(std::move(*this).apply(finishing(std::move(f), parallelism)));
  }
  /// Watches the stream's last element from now on, which stays on a worker: `auto last =
  /// squares.current_value(); ... last.value()`.
  [[nodiscard]] ClusterValue<T> current_value() const {
    static_assert(detail::stream::is_copyable<T>, "current_value: elements of this type cannot be copied");
    const auto keeper = cut().fuse_any(op::ByKernel{
        "current_value", []<class E>(std::type_identity<E>) { return detail::stream::LastKernel<E>{}; }});
    ends(keeper);
    return ClusterValue<T>(client_, keeper.cut().chunks(), windows_);
  }

  /// Gives this stream's elements to `below` too, which another `scatter` feeds, and to everything below
  /// that.
  ///
  /// **Shape.** What comes out there are the elements of both, in the order in which they were emitted; it
  /// ends when both have.
  /// **Errors.** Throws `Error{invalid_argument}` if `below` is not what `scatter()` gave, if it leads to
  /// this stream without a `gather` between, or if the two run on different event loops.
  /// **Backpressure.** A `buffer` of `below` bounds the elements of each of the two.
  void connect(const ClusterStream<T, T, detail::stream::PassKernel<T>>& below) const {
    auto* const scatter = dynamic_cast<detail::stream::ScatterNode<T>*>(&below.chunks().node());
    if (!scatter)
      throw Error(ErrorKind::invalid_argument, "connect: " + below.chunks().label() +
                                                   " has inputs of its own; connect to what scatter() gave");
    const auto end = cut().chunks();
    if (scatter == &end.node() || scatter->leads_to(end.node(), false))
      throw Error(ErrorKind::invalid_argument,
                  "connect: " + below.chunks().label() + " leads to " + end.label() +
                      ", and what goes round on the cluster does not end; close the cycle below gather()");
    detail::stream::Graph::connect(end.node(), scatter->chunks());
    detail::stream::feed_windows(below.windows_, windows_);
  }
  template <class OtherIn, class OtherK>
  void connect(const ClusterStream<T, OtherIn, OtherK>&) const {
    static_assert(
        detail::stream::gather_is_missing<OtherK>,
        "connect: an operator has been applied to this stream already; connect to what scatter() gave");
  }
  template <class U>
  void connect(const Stream<U>&) const {
    static_assert(detail::stream::gather_is_missing<U>,
                  "weir: gather() is missing: the elements are on the cluster; write "
                  ".gather().connect(stream), or connect to what scatter() gave");
  }
  /// Removes the edge from here to `below`. **Errors.** Throws `Error{not_found}` if there is none.
  void disconnect(const ClusterStream<T, T, detail::stream::PassKernel<T>>& below) const {
    detail::stream::Graph::disconnect(node(), below.node());
  }

  // For operators.
  [[nodiscard]] detail::stream::Node& node() const { return cut().chunks().node(); }
  [[nodiscard]] const Client& client() const noexcept { return client_; }
  [[nodiscard]] const Stream<detail::stream::Chunk<In>>& chunks() const noexcept { return chunks_; }
  [[nodiscard]] const Windows& windows() const noexcept { return windows_; }
  [[nodiscard]] const std::shared_ptr<const Options>& options() const noexcept { return options_; }
  [[nodiscard]] const ErrorPolicy& policy() const noexcept { return policy_; }
  void inherit(std::shared_ptr<const Options> options, ErrorPolicy policy) {
    options_ = std::move(options);
    policy_ = std::move(policy);
  }

 private:
  template <class, class, class>
  friend class ClusterStream;
  static constexpr bool is_empty = std::is_same_v<K, detail::stream::PassKernel<T>>;
  struct Shared {
    std::mutex mutex;
    std::optional<Stream<detail::stream::Chunk<T>>> end;  // of the segment, once something needed it
  };

  template <class Op>
  auto fuse(Op op) const {
    if constexpr (requires { op.max_keys; }) {
      return grouped(std::move(op));
    } else {
      return fuse_any(std::move(op));
    }
  }
  /// Groups are divided over workers by the hash of their keys; keys without one stay in one state.
  template <class KeyOf, class Op>
  auto grouped(op::GroupBy<KeyOf, Op> by) const {
    if constexpr (detail::stream::is_divisible<KeyOf, T>) {
      using Inner = typename op::GroupBy<KeyOf, Op>::template Inner<T>;
      using Made = detail::stream::GroupNode<T, detail::stream::KeyFor<KeyOf, T>, Inner>;
      static_assert(detail::stream::kernel_travels<Inner>(),
                    "weir: a function of this operator cannot travel to another process. Below scatter() a "
                    "lambda must not capture.");
      const auto keyed = fuse_any(op::ByKernel{"key",
                                               [key = by.key]<class E>(std::type_identity<E>) {
                                                 return detail::stream::KeyedKernel<E, KeyOf>{key};
                                               }})
                             .cut();
      const std::string detail = by.detail();
      auto node = std::make_unique<Made>(client_, std::move(by.inner).template kernel<T>(), by.max_keys,
                                         detail::stream::named_options(options_, "group_by(" + detail + ")"));
      auto& made = *node;
      made.set_detail(detail);
      const auto end =
          detail::stream::attach<detail::stream::Chunk<typename Made::Out>>(keyed.chunks(), std::move(node));
      made.set_policy(policy_);
      return after(end);
    } else {
      return fuse_any(std::move(by)).cut();
    }
  }
  template <class Op>
  auto fuse_any(Op op) const {
    if constexpr (detail::stream::KernelOperator<Op, T>) {
      const std::string kind = op.kind;
      std::string detail;
      if constexpr (requires { op.detail(); }) detail = op.detail();
      using Next = decltype(std::move(op).template kernel<T>());
      static_assert(detail::stream::kernel_travels<Next>(),
                    "weir: a function or an argument of this operator cannot travel to another process. "
                    "Below scatter() a lambda must not capture: pass the values as further "
                    "arguments (map(f, x, y)); a functor with members needs a cereal serialize() function or "
                    "must be a plain struct.");
      static_assert(detail::task::Travels<typename Next::Out>::value,
                    "weir: what this operator emits cannot travel to another process. Give the type a cereal "
                    "serialize() function or make it a plain struct.");
      if constexpr (is_empty)
        return continued<typename Next::Out>(std::move(op).template kernel<T>(), kind, detail);
      else if constexpr (detail::stream::is_stateless<K> == detail::stream::is_stateless<Next>)
        return continued<typename Next::Out>(std::move(op).template kernel<T>(), kind, detail);
      else  // what can run anywhere is not tied to what cannot
        return cut().fuse_any(std::move(op));
    } else if constexpr (requires { op.template timed_kernel<T>(); }) {
      return timed(std::move(op));
    } else {
      return std::move(op)(*this);
    }
  }
  /// An operator that knows time: on the chunks where it only moves elements, else with its state on a
  /// worker.
  template <class Op>
  auto timed(Op op) const {
    using Next = decltype(op.template timed_kernel<T>());
    static_assert(detail::stream::kernel_travels<Next>(),
                  "weir: a function of this operator cannot travel to another process. Below scatter() a "
                  "lambda must not capture.");
    if constexpr (requires { Next::outlives_input; }) {
      if constexpr (std::is_same_v<Next, detail::stream::RateLimitKernel<T>>) one_by_one();
      return after(op(cut().chunks()));
    } else {
      auto node = std::make_unique<detail::stream::TimedChainNode<T, Next>>(
          op.kind, client_, op.template timed_kernel<T>(), detail::stream::named_options(options_, op.kind));
      auto& made = *node;
      made.set_detail(op.text);
      const auto end =
          detail::stream::attach<detail::stream::Chunk<typename Next::Out>>(cut().chunks(), std::move(node));
      made.set_policy(policy_);
      return after(end);
    }
  }
  template <class F>
  static auto finishing(F f, std::size_t parallelism) {
    detail::stream::at_least_one("sink_async", "parallelism", parallelism);
    static_assert(detail::stream::begins_or_awaits<F, T>,
                  "sink_async: the function takes (element, finished), or an element and returns "
                  "boost::asio::awaitable<void>");
    return op::ByKernel{
        "sink_async",
        [f = detail::callable("sink_async", "the function", std::move(f))]<class E>(
            std::type_identity<E>) mutable { return detail::stream::FinishKernel<E, F>{std::move(f)}; }};
  }
  /// Nothing comes out of `last`; a gather lets go of its elements and brings its errors.
  template <class Last>
  static Sink ends(const Last& last) {
    const auto end = last.cut().chunks();
    detail::stream::attach<detail::stream::Nothing>(
        end, std::make_unique<detail::stream::GatherNode<detail::stream::Nothing>>(last.client(), false));
    return Sink(detail::stream::Graph::of(end.node()), end.node());
  }
  /// What follows below the chunks of another node.
  template <class Out>
  auto after(const Stream<detail::stream::Chunk<Out>>& chunks) const {
    ClusterStream<Out, Out, detail::stream::PassKernel<Out>> next(client_, chunks, {}, windows_);
    next.inherit(options_, policy_);
    return next;
  }
  /// What was emitted before an element of `trigger` is there before it acts.
  template <class R, class Act>
  void control_by(const Stream<R>& trigger, const char* kind, Act act) const {
    detail::stream::control(trigger, chunks_, kind, [windows = windows_, act](detail::stream::Node& node) {
      for (const auto& window : detail::stream::all_of(windows)) window->control->send_before();
      act(node);
    });
  }
  void one_by_one() const {
    for (const auto& window : detail::stream::all_of(windows_)) window->one_by_one = true;
  }
  /// The same segment with one operator more.
  template <class Out, class Kernel>
  auto continued(Kernel kernel, const std::string& kind, const std::string& detail) const {
    const char* const comma = is_empty ? "" : ", ";
    const std::string step = detail::stream::step_name(kind, detail, kernel);
    auto next = [&] {
      if constexpr (is_empty)
        return ClusterStream<Out, In, Kernel>(client_, chunks_, std::move(kernel), windows_);
      else
        return ClusterStream<Out, In, detail::stream::Fused<K, Kernel>>(
            client_, chunks_, detail::stream::Fused<K, Kernel>{kernel_, std::move(kernel)}, windows_);
    }();
    next.inherit(options_, policy_);
    next.kinds_ = kinds_ + comma + kind;
    next.steps_ = steps_ + comma + step;
    return next;
  }
  /// A copy whose segment will be one of its own.
  [[nodiscard]] ClusterStream unshared() const {
    ClusterStream copy = *this;
    copy.shared_ = std::make_shared<Shared>();
    return copy;
  }
  [[nodiscard]] Stream<detail::stream::Chunk<T>> end_segment() const {
    using Made = std::conditional_t<detail::stream::is_stateless<K>, detail::stream::SegmentNode<In, K>,
                                    detail::stream::StatefulNode<In, K>>;
    auto node = std::make_unique<Made>(
        client_, kernel_, detail::stream::named_options(options_, name_.empty() ? steps_ : name_));
    Made& made = *node;
    made.set_detail(kinds_);
    made.set_name(name_);
    const auto end = detail::stream::attach<detail::stream::Chunk<T>>(chunks_, std::move(node));
    made.set_policy(policy_);
    return end;
  }
  [[nodiscard]] Stream<T> gather_in(bool ordered) const {
    return detail::stream::attach<T>(cut().chunks(),
                                     std::make_unique<detail::stream::GatherNode<T>>(client_, ordered));
  }

  Client client_;
  Stream<detail::stream::Chunk<In>> chunks_;
  K kernel_;
  Windows windows_;
  std::shared_ptr<const Options> options_;
  ErrorPolicy policy_;
  std::string kinds_, steps_, name_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

namespace detail::stream {

/// Sends the elements of a stream to the cluster.
template <class T>
struct Scatter {
  static ClusterStream<T, T, PassKernel<T>> to(const Stream<T>& elements, const Client& client) {
    static_assert(task::Travels<T>::value,
                  "scatter: elements of this type cannot travel to another process. Give the type a cereal "
                  "serialize() function or make it a plain struct.");
    auto window = std::make_shared<Window>();
    auto node = std::make_unique<ScatterNode<T>>(client, window);
    return {client, attach<Chunk<T>>(elements, std::move(node)), {}, {window}};
  }
  static auto to(const Stream<T>& elements) { return to(elements, Client::current()); }
};

}  // namespace detail::stream

namespace op {

/// Merges streams on the cluster that are each in the order of time into one that is; see `op::merge_by_time`
/// of streams.
template <class TimeOf, class T, class In, class K, class... More>
auto merge_by_time(TimeOf time, const ClusterStream<T, In, K>& first, const More&... more) {
  const max_ahead limit = detail::stream::option(max_ahead{1000}, more...);
  return detail::stream::join_on_cluster(
      "merge_by_time", first,
      [&]<class... E>(std::type_identity<E>...) {
        return detail::stream::MergeByTimeKernel<T, TimeOf, sizeof...(E)>{
            limit.elements, detail::callable("merge_by_time", "the time", time)};
      },
      detail::stream::cluster_inputs(first, more...));
}
/// Pairs of elements on the cluster with equal keys; see `op::join` of streams.
template <class A, class InA, class KA, class B, class InB, class KB, class KeyA, class KeyB>
auto join(const ClusterStream<A, InA, KA>& a, const ClusterStream<B, InB, KB>& b, KeyA key_a, KeyB key_b,
          std::size_t remembered) {
  detail::stream::at_least_one("join", "remembered", remembered);
  return detail::stream::attach_cluster_join(
      "join",
      detail::stream::KeyedJoinKernel<A, B, KeyA, KeyB, false>{
          remembered, detail::callable("join", "a key", key_a), detail::callable("join", "a key", key_b)},
      a, detail::stream::cluster_inputs(a, b));
}
template <class A, class InA, class KA, class B, class InB, class KB, class KeyA, class KeyB>
auto left_join(const ClusterStream<A, InA, KA>& a, const ClusterStream<B, InB, KB>& b, KeyA key_a, KeyB key_b,
               std::size_t remembered) {
  detail::stream::at_least_one("left_join", "remembered", remembered);
  return detail::stream::attach_cluster_join("left_join",
                                             detail::stream::KeyedJoinKernel<A, B, KeyA, KeyB, true>{
                                                 remembered, detail::callable("left_join", "a key", key_a),
                                                 detail::callable("left_join", "a key", key_b)},
                                             a, detail::stream::cluster_inputs(a, b));
}

}  // namespace op
}  // namespace weir
