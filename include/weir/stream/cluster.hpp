// ClusterStream: the elements of a stream on the cluster, from scatter to gather.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/stream/cluster_chain.hpp"
#include "weir/stream/cluster_gather.hpp"
#include "weir/stream/cluster_scatter.hpp"

namespace weir {

/// Asks `gather` for results as they come.
struct Unordered {};
inline constexpr Unordered unordered{};

/// A stream whose elements are on the cluster, from `scatter` to `gather`.
///
/// Operators chained to it are fused: everything between two boundaries is one task per chunk of elements, run where the scheduler likes. Operators with a state
/// (accumulate, partition, unique, windows ...) form a chain of tasks whose state stays on a worker and is rebuilt after its death. A stream that has a name in the
/// program (`auto squares = source.scatter().map(square);`) is a boundary: what is chained to it twice shares what came before. Only `gather` turns it back into a `Stream`.
///
/// **Shape.** Every operator gives what it gives on a `Stream`, in the same order.
/// **Errors.** Functions and elements that cannot travel do not compile. What a function throws is answered by the policy of `on_error`; `raise` comes out of `drain`.
/// **Backpressure.** `emit` waits while as much is on the cluster as its threads can use, or as `buffer` allows; a slow consumer below `gather` is waited for.
/// **Cost.** One task per chunk; the size of chunks follows the computing time of the elements, so that many small ones share a task.
/// **Source.** streamz `DaskStream`, whose elements are futures; one task per element and operator.
template <class T, class In, class K>
class ClusterStream : public stream::ClusterChain<ClusterStream<T, In, K>> {
 public:
  using Element = T;
  using Windows = std::vector<std::shared_ptr<stream::Window>>;
  ClusterStream(Client client, Stream<stream::Chunk<In>> chunks, K kernel, Windows windows) : client_(std::move(client)), chunks_(std::move(chunks)), kernel_(std::move(kernel)), windows_(std::move(windows)) {}

  /// Applies an operator of the library (`op::map(f)`), or your own: anything that can be called with the cluster stream.
  template <class Op>
  auto apply(Op op) const& {
    return cut().fuse(std::move(op));
  }
  template <class Op>
  auto apply(Op op) && {
    return fuse(std::move(op));
  }

  /// Bounds the elements on the cluster, from the scatter to the end of the gather. Without it the number of worker threads decides.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if `size` is 0.
  ClusterStream buffer(std::size_t size) const {
    if (size == 0) throw Error(ErrorKind::invalid_argument, "buffer: size must be at least 1 (got 0)");
    for (const auto& window : windows_) window->most_elements = static_cast<std::uint32_t>(std::min<std::size_t>(size, UINT32_MAX));
    return *this;
  }
  /// How the tasks of this segment, and of those after it, run: resources, workers, priority.
  ClusterStream with(Options options) const {
    ClusterStream copy = unshared();
    copy.options_ = std::make_shared<const Options>(std::move(options));
    return copy;
  }
  /// What happens to an element on which a function of this segment, or of one after it, throws: raise, skip, retry (on the worker), or a dead letter stream.
  ///
  /// **Shape.** A letter holds the element as it entered the segment.
  /// **Errors.** Throws `Error{invalid_argument}`, when the segment ends, if the dead letter stream takes other elements.
  ClusterStream on_error(ErrorPolicy policy) const {
    ClusterStream copy = unshared();
    copy.policy_ = std::move(policy);
    return copy;
  }
  /// Gives the segment a name for errors and pictures.
  ClusterStream named(std::string name) const {
    ClusterStream copy = unshared();
    copy.name_ = std::move(name);
    return copy;
  }

  /// Ends the segment: what follows is another task, which may run elsewhere; values move between workers, not through this program.
  [[nodiscard]] auto cut() const {
    if constexpr (is_empty) {
      return *this;
    } else {
      const std::lock_guard lock(shared_->mutex);
      if (!shared_->end) shared_->end = end_segment();
      ClusterStream<T, T, stream::PassKernel<T>> next(client_, *shared_->end, {}, windows_);
      next.inherit(options_, policy_);
      return next;
    }
  }
  /// Brings the elements back, in the order in which they entered `scatter`.
  [[nodiscard]] Stream<T> gather() const { return gather_in(true); }
  /// The same in the order in which they are ready.
  [[nodiscard]] Stream<T> gather(Unordered) const { return gather_in(false); }

  // For operators.
  [[nodiscard]] const Client& client() const noexcept { return client_; }
  [[nodiscard]] const Stream<stream::Chunk<In>>& chunks() const noexcept { return chunks_; }
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
  static constexpr bool is_empty = std::is_same_v<K, stream::PassKernel<T>>;
  struct Shared {
    std::mutex mutex;
    std::optional<Stream<stream::Chunk<T>>> end;  // of the segment, once something needed it
  };

  template <class Op>
  auto fuse(Op op) const {
    if constexpr (stream::KernelOperator<Op, T>) {
      const std::string kind = op.kind;
      using Next = decltype(std::move(op).template kernel<T>());
      static_assert(stream::kernel_travels<Next>(),
                    "weir: a function or an argument of this operator cannot travel to another process. Below scatter() a lambda must not capture: pass the values as further "
                    "arguments (map(f, x, y)); a functor with members needs a cereal serialize() function or must be a plain struct.");
      static_assert(task::Travels<typename Next::Out>::value, "weir: what this operator emits cannot travel to another process. Give the type a cereal serialize() function or make it a plain struct.");
      if constexpr (is_empty)
        return continued<typename Next::Out>(std::move(op).template kernel<T>(), kind);
      else if constexpr (stream::is_stateless<K> == stream::is_stateless<Next>)
        return continued<typename Next::Out>(stream::Fused<K, Next>{kernel_, std::move(op).template kernel<T>()}, kinds_ + ", " + kind);
      else  // what can run anywhere is not tied to what cannot
        return cut().fuse(std::move(op));
    } else {
      return std::move(op)(*this);
    }
  }
  template <class Out, class Kernel>
  auto continued(Kernel kernel, std::string kinds) const {
    ClusterStream<Out, In, Kernel> next(client_, chunks_, std::move(kernel), windows_);
    next.inherit(options_, policy_);
    next.kinds_ = std::move(kinds);
    return next;
  }
  /// A copy whose segment will be one of its own.
  [[nodiscard]] ClusterStream unshared() const {
    ClusterStream copy = *this;
    copy.shared_ = std::make_shared<Shared>();
    return copy;
  }
  [[nodiscard]] Stream<stream::Chunk<T>> end_segment() const {
    using Made = std::conditional_t<stream::is_stateless<K>, stream::SegmentNode<In, K>, stream::StatefulNode<In, K>>;
    auto node = std::make_unique<Made>(client_, kernel_, options_);
    Made& made = *node;
    made.set_detail(kinds_);
    made.set_name(name_);
    const auto end = stream::attach<stream::Chunk<T>>(chunks_, std::move(node));
    made.set_policy(policy_);
    return end;
  }
  [[nodiscard]] Stream<T> gather_in(bool ordered) const { return stream::attach<T>(cut().chunks(), std::make_unique<stream::GatherNode<T>>(client_, ordered)); }

  Client client_;
  Stream<stream::Chunk<In>> chunks_;
  K kernel_;
  Windows windows_;
  std::shared_ptr<const Options> options_;
  ErrorPolicy policy_;
  std::string kinds_, name_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

namespace stream {

/// Sends the elements of a stream to the cluster.
template <class T>
struct Scatter {
  static ClusterStream<T, T, PassKernel<T>> to(const Stream<T>& elements, const Client& client) {
    static_assert(task::Travels<T>::value, "scatter: elements of this type cannot travel to another process. Give the type a cereal serialize() function or make it a plain struct.");
    auto window = std::make_shared<Window>();
    auto node = std::make_unique<ScatterNode<T>>(client, window);
    return {client, attach<Chunk<T>>(elements, std::move(node)), {}, {window}};
  }
  static auto to(const Stream<T>& elements) { return to(elements, Client::current()); }
};

}  // namespace stream
}  // namespace weir
