// Streams: Stream, here; ClusterStream, their elements on the cluster, from scatter to gather.
#pragma once

#include "weir/stream/members.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "weir/detail/stream/cluster/chunk.hpp"
#include "weir/detail/stream/cluster/gather.hpp"
#include "weir/detail/stream/cluster/group.hpp"
#include "weir/detail/stream/cluster/side.hpp"
#include "weir/detail/stream/cluster/timed.hpp"
#include "weir/stream/stream.hpp"

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
class ClusterStream : public op::Members<ClusterStream<T, In, K>> {
  using Self = ClusterStream;

 public:
  /// Type of the elements.
  using Element = T;

  /// Applies an operator of the library (`op::map(f)`) or of your own: one made of a kernel (see
  /// `weir/stream/extend.hpp`), or anything that can be called with the cluster stream.
  template <class Op>
  auto apply(Op op) const& requires detail::stream::Fits<ClusterStream, Op> {
    return cut().fuse(std::move(op));
  }
  /// The same of a temporary, whose operators share a task.
  template <class Op>
      auto apply(Op op) && requires detail::stream::Fits<ClusterStream, Op> {
    return fuse(std::move(op));
  }
  /// The same: `stream | op::map(f)`.
  template <class Op>
  auto operator|(Op op) const& requires detail::stream::Fits<ClusterStream, Op> {
    return cut().fuse(std::move(op));
  }
  /// \copydoc operator|
  template <class Op>
      auto operator|(Op op) && requires detail::stream::Fits<ClusterStream, Op> {
    return fuse(std::move(op));
  }
  /// \cond
  WEIR_REFUSES_OPERATORS
  /// \endcond

  /// Bounds the elements on the cluster, from the scatter to the end of the gather. Without it the number of
  /// worker threads decides.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0.
  ClusterStream buffer(std::size_t size) const {
    if (size == 0) throw Error(ErrorKind::invalid_argument, "buffer: size must be at least 1 (got 0)");
    for (const auto& limit : detail::stream::all_of(limits_))
      limit->most_elements = static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX));
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
  /// other elements; in a segment after it, whose elements it does not take, an error is raised instead.
  ClusterStream on_error(ErrorPolicy policy) const {
    ClusterStream copy = unshared();
    copy.is_inherited_ = false;
    if constexpr (is_empty) {
      if (dynamic_cast<detail::stream::WholeSegment*>(&chunks_.node())) {
        chunks_.node().set_policy(policy);
        copy.is_inherited_ = true;
      }
    }
    copy.policy_ = std::move(policy);
    return copy;
  }
  /// \cond
  WEIR_REFUSES_POLICY
  /// \endcond
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
      ClusterStream<T, T, detail::stream::PassKernel<T>> next(client_, *shared_->end, {}, limits_);
      next.inherit(options_, policy_);
      return next;
    }
  }
  /// Brings the elements back, in the order in which they entered `scatter`.
  [[nodiscard]] Stream<T> gather() const { return gather_in(true); }
  /// The same in the order in which they are ready.
  [[nodiscard]] Stream<T> gather(Unordered) const { return gather_in(false); }

  /// Gives this stream's elements to `below` too, which another `scatter` feeds, and to everything below
  /// that.
  ///
  /// **Shape.** What comes out there are the elements of both, in the order in which they were emitted; it
  /// ends when both have.
  /// **Errors.** Throws `Error{invalid_argument}` if `below` is not what `scatter()` gave, if it leads to
  /// this stream without a `gather` between, or if the two run on different event loops.
  /// **Backpressure.** A `buffer` of `below` bounds the elements of each of the two.
  void connect(const ClusterStream<T, T, detail::stream::PassKernel<T>>& below) const {
    auto* const scatter = dynamic_cast<detail::stream::ScatterNode<T>*>(&below.chunks_.node());
    if (!scatter)
      throw Error(ErrorKind::invalid_argument, "connect: " + below.chunks_.label() +
                                                   " has inputs of its own; connect to what scatter() gave");
    const auto end = cut().chunks_;
    if (scatter == &end.node() || scatter->leads_to(end.node(), false))
      throw Error(ErrorKind::invalid_argument,
                  "connect: " + below.chunks_.label() + " leads to " + end.label() +
                      ", and what goes round on the cluster does not end; close the cycle below gather()");
    detail::stream::Graph::connect(end.node(), scatter->chunks());
    detail::stream::feed_limits(below.limits_, limits_);
  }
  /// \cond
  template <class OtherIn, class OtherK>
  WEIR_REFUSES(
      "weir: connect: an operator has been applied to this stream already; connect to what scatter() gave")
  void connect(const ClusterStream<T, OtherIn, OtherK>&) const {}
  template <class U>
  WEIR_REFUSES(
      "weir: connect: gather() is missing: the elements are on the cluster; write .gather().connect(stream), "
      "or connect to what scatter() gave")
  void connect(const Stream<U>&) const {}
  /// \endcond
  /// Removes the edge from here to `below`. **Errors.** Throws `Error{not_found}` if there is none.
  void disconnect(const ClusterStream<T, T, detail::stream::PassKernel<T>>& below) const {
    detail::stream::Graph::disconnect(cut().chunks_.node(), below.cut().chunks_.node());
  }

 private:
  template <class, class, class>
  friend class ClusterStream;
  template <class>
  friend struct detail::stream::ClusterSide;
  ClusterStream(Client client, Stream<detail::stream::Chunk<In>> chunks, K kernel,
                detail::stream::FlowLimits limits)
      : client_(std::move(client)),
        chunks_(std::move(chunks)),
        kernel_(std::move(kernel)),
        limits_(std::move(limits)) {}
  static constexpr bool is_empty = std::is_same_v<K, detail::stream::PassKernel<T>>;
  struct Shared {
    std::mutex mutex;
    std::optional<Stream<detail::stream::Chunk<T>>> end;  // of the segment, once something needed it
  };

  /// Applies an operator to this segment, as its kernel says of itself.
  template <class Op>
  auto fuse(Op op) const {
    if constexpr (!detail::stream::KernelOperator<Op, T>) {
      return std::move(op)(*this);
    } else {
      using Next = detail::stream::KernelOf<Op, T>;
      constexpr op::Where where = detail::stream::traits_of<Next>.where;
      if constexpr (where == op::Where::on_whole_chunks) return on_whole_chunks(std::move(op));
      else if constexpr (detail::stream::TimedKernel<Next, T>) return timed(std::move(op));
      else if constexpr (detail::stream::DivisibleKernel<Next>) return grouped(std::move(op));
      else if constexpr (where == op::Where::by_key) return fuse_kernel(std::move(op)).cut();
      else return fuse_kernel(std::move(op));
    }
  }
  template <class Op>
  auto fuse_kernel(Op op) const {
    using Next = detail::stream::KernelOf<Op, T>;
    // what can run anywhere is not tied to what cannot
    if constexpr (is_empty || detail::stream::runs_anywhere<K> == detail::stream::runs_anywhere<Next>) {
      const std::string kind = op.kind, detail = detail::stream::detail_of(op);
      return continued<typename Next::Out>(std::move(op).template kernel<T>(), kind, detail);
    } else {
      return cut().fuse_kernel(std::move(op));
    }
  }
  /// Groups are divided over workers by the hash of their keys; keys without one stay in one state.
  template <class Op>
  auto grouped(Op op) const {
    const std::string kind = op.kind, detail = detail::stream::detail_of(op);
    auto kernel = std::move(op).template kernel<T>();
    using KeyOf = decltype(kernel.key);
    using Made = detail::stream::GroupNode<T, detail::stream::KeyFor<KeyOf, T>, decltype(kernel.fresh)>;
    const auto keyed = fuse_kernel(op::ByKernel{"key",
                                                [&]<class E>(std::type_identity<E>) {
                                                  return detail::stream::KeyedKernel<E, KeyOf>{kernel.key};
                                                }})
                           .cut();
    auto node = std::make_unique<Made>(client_, std::move(kernel.fresh), kernel.max_keys,
                                       detail::stream::named_options(options_, kind + "(" + detail + ")"));
    node->set_detail(detail);
    return after_node<typename Made::Out>(keyed.chunks_, std::move(node));
  }
  /// An operator that never looks into an element: here, on the chunks.
  template <class Op>
  auto on_whole_chunks(Op op) const {
    if constexpr (detail::stream::traits_of<detail::stream::KernelOf<Op, T>>.one_by_one) one_by_one();
    return after(cut().chunks_.apply(std::move(op)));
  }
  /// An operator that knows time, with its state on a worker.
  template <class Op>
  auto timed(Op op) const {
    using Next = detail::stream::KernelOf<Op, T>;
    if constexpr (detail::stream::traits_of<Next>.one_by_one) one_by_one();
    const std::string kind = op.kind, detail = detail::stream::detail_of(op);
    auto node = std::make_unique<detail::stream::TimedChainNode<T, Next>>(
        kind, client_, std::move(op).template kernel<T>(), detail::stream::named_options(options_, kind));
    node->set_detail(detail);
    return after_node<typename Next::Out>(cut().chunks_, std::move(node));
  }
  /// What follows below a node that is made for it, and has the policy of this stream.
  template <class Out, class Made>
  auto after_node(const auto& chunks, std::unique_ptr<Made> made) const {
    Made& node = *made;
    const auto end = detail::stream::attach<detail::stream::Chunk<Out>>(chunks, std::move(made));
    node.set_policy(is_empty ? policy_of<T>() : detail::stream::inherited<T>(policy_));
    return after(end);
  }
  /// What follows below the chunks of another node.
  template <class Out>
  auto after(const Stream<detail::stream::Chunk<Out>>& chunks) const {
    ClusterStream<Out, Out, detail::stream::PassKernel<Out>> next(client_, chunks, {}, limits_);
    next.inherit(options_, policy_);
    return next;
  }
  void one_by_one() const {
    for (const auto& limit : detail::stream::all_of(limits_)) limit->one_by_one = true;
  }
  void inherit(std::shared_ptr<const Options> options, ErrorPolicy policy, bool is_inherited = true) {
    options_ = std::move(options);
    policy_ = std::move(policy);
    is_inherited_ = is_inherited;
  }
  /// Of a node that takes elements of E and stands where `on_error` was said, or behind.
  template <class E>
  [[nodiscard]] ErrorPolicy policy_of() const {
    return is_inherited_ ? detail::stream::inherited<E>(policy_) : policy_;
  }
  /// The same segment with one operator more.
  template <class Out, class Kernel>
  auto continued(Kernel kernel, const std::string& kind, const std::string& detail) const {
    const char* const comma = is_empty ? "" : ", ";
    const std::string step = detail::stream::step_name(kind, detail, kernel);
    auto next = [&] {
      if constexpr (is_empty)
        return ClusterStream<Out, In, Kernel>(client_, chunks_, std::move(kernel), limits_);
      else
        return ClusterStream<Out, In, detail::stream::Fused<K, Kernel>>(
            client_, chunks_, detail::stream::Fused<K, Kernel>{kernel_, std::move(kernel)}, limits_);
    }();
    next.inherit(options_, policy_, is_inherited_);
    next.subscription_ = is_empty ? detail::stream::Graph::subscribe() : subscription_;
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
    using Made = std::conditional_t<detail::stream::runs_anywhere<K>, detail::stream::SegmentNode<In, K>,
                                    detail::stream::StatefulNode<In, K>>;
    auto node = std::make_unique<Made>(
        client_, kernel_, detail::stream::named_options(options_, name_.empty() ? steps_ : name_));
    Made& made = *node;
    made.set_detail(kinds_);
    made.set_name(name_);
    const auto end =
        detail::stream::attach<detail::stream::Chunk<T>>(chunks_, std::move(node), subscription_);
    made.set_policy(policy_of<In>());
    return end;
  }
  [[nodiscard]] Stream<T> gather_in(bool ordered) const {
    return detail::stream::attach<T>(cut().chunks_,
                                     std::make_unique<detail::stream::GatherNode<T>>(client_, ordered));
  }

  Client client_;
  Stream<detail::stream::Chunk<In>> chunks_;
  K kernel_;
  detail::stream::FlowLimits limits_;
  std::shared_ptr<const Options> options_;
  ErrorPolicy policy_;
  bool is_inherited_ = false;       // the policy, of the segment before
  std::uint64_t subscription_ = 0;  // of the segment, whose node comes when something needs it
  std::string kinds_, steps_, name_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace weir
