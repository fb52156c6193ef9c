// Where elements end on the cluster: sink_async, whose function works there, and current_value.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "weir/detail/stream/cluster/scatter.hpp"
#include "weir/detail/stream/cluster/segment.hpp"
#include "weir/stream/sink_async.hpp"

namespace weir {
namespace detail::stream {

/// The loop that runs the coroutines of tasks in this process.
[[nodiscard]] const EventLoop& loop_of_tasks();

/// Calls a function that begins the work, and waits until it is finished.
template <class In, class F>
struct FinishKernel {
  using Out = Nothing;
  static constexpr Traits traits{.where = Where::anywhere, .at_most_one = true};
  F f;
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    const auto end = std::make_shared<std::promise<void>>();
    auto ended = end->get_future();
    begin(In(std::forward<X>(x)), Finished([end](const std::exception_ptr& error) {
            error ? end->set_exception(error) : end->set_value();
          }));
    ended.get();
  }

 private:
  void begin(In x, Finished finished) {
    if constexpr (std::is_invocable_v<F&, In, Finished>) {
      std::invoke(f, std::move(x), std::move(finished));
    } else {
      SpawnSink<In, F> spawn{std::make_shared<F>(f)};
      spawn.use(loop_of_tasks());
      spawn(std::move(x), std::move(finished));
    }
  }
};

/// Keeps the last element; copies of it are one.
template <class In>
struct LastKernel {
  using Out = Nothing;
  std::shared_ptr<const In> last = {};
  template <class X, class Emit>
  void push(X&& x, Emit&&) {
    last = std::make_shared<const In>(std::forward<X>(x));
  }
};
template <class In>
std::optional<In> last_element(const Stage<LastKernel<In>>& stage) {
  return stage.kernel.last ? std::optional<In>(*stage.kernel.last) : std::nullopt;
}

}  // namespace detail::stream

/// The last element of a stream on the cluster, from the moment it was asked for; it stays there until
/// somebody wants it. Copies share it.
///
/// **Errors.** What makes the cluster lose it comes out of `value`, and is over with the next element.
/// **Threads.** Every member from any thread that may wait for the cluster.
/// **Cost.** Two small tasks for a chunk.
template <class T>
class ClusterValue {
  using Keeper = detail::stream::StatefulNode<T, detail::stream::LastKernel<T>>;

 public:
  ClusterValue(Client client, Stream<detail::stream::Chunk<detail::stream::Nothing>> keeper,
               detail::stream::FlowLimits limits)
      : client_(std::move(client)), keeper_(std::move(keeper)), limits_(std::move(limits)) {}
  /// The last of the elements emitted so far, once they have been computed; empty if none came out.
  [[nodiscard]] std::optional<T> value() const { return future().result(); }
  /// The same as a future, for who does not want to wait or needs it on a worker.
  [[nodiscard]] Future<std::optional<T>> future() const {
    auto& keeper = static_cast<Keeper&>(keeper_.node());
    detail::stream::Frame inside(keeper);
    for (const auto& limit : detail::stream::all_of(limits_)) limit->control->send_before();
    auto last = keeper.ask(client_, &detail::stream::last_element<T>);
    inside.finish();
    return last;
  }

 private:
  mutable Client client_;
  Stream<detail::stream::Chunk<detail::stream::Nothing>> keeper_;
  detail::stream::FlowLimits limits_;
};

}  // namespace weir
