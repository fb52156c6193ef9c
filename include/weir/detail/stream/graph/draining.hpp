// Draining: what drain() and close() return. As a statement it waits; co_awaited it lets the loop go on
// meanwhile.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/graph/frame.hpp"

namespace weir::detail::stream {

template <class Token, class Waiting>
struct Await;  // weir/stream/await.hpp

class InFlight;  // weir/stream/sink_async.hpp

/// Notes that what a coroutine sink has begun waits for room below `node`, or for all of its graph, so that
/// others see whom they would wait for; until what is returned goes.
[[nodiscard]] std::shared_ptr<void> note_for_room(InFlight& sink, Node& node);
[[nodiscard]] std::shared_ptr<void> note_for_all(InFlight& sink, Node& node);

/// What was on its way through a graph when it was made.
///
/// Dropping it (the end of the statement `s.drain();`) blocks until all of that has come out, and `co_await
/// s.drain()` suspends instead (include `weir/stream/await.hpp`). What is emitted meanwhile is not waited
/// for.
///
/// **Errors.** As `StreamHandle::drain`, at the end of the statement or of `co_await`.
class Draining {
 public:
  /// Nothing is on its way.
  Draining() noexcept = default;
  /// **Errors.** Throws `Error{unsupported}` inside the graph.
  Draining(std::shared_ptr<Graph> graph, Node& node);
  /// The same, but that inside the graph nothing is waited for.
  struct Closing {};
  Draining(std::shared_ptr<Graph> graph, Node& node, Closing closing);
  Draining(Draining&& other) noexcept
      : graph_(std::move(other.graph_)),
        node_(std::move(other.node_)),
        came_out_(std::move(other.came_out_)) {}
  Draining& operator=(Draining&&) = delete;
  ~Draining() noexcept(false) {
    if (node_) wait_at_end();
  }
  /// Whether all has come out now.
  bool retry();
  /// Whether a retry now would find something on its way.
  [[nodiscard]] bool would_wait() const { return node_ && !came_out_(); }
  /// Only that nothing is left is told to those who wait, not that something has come out.
  static constexpr bool is_told = false;
  /// Says it if only a cycle that waits for itself could bring it on. **Errors.** As `CycleWatch`.
  void look(CycleWatch& watch) const {
    if (node_) watch.look_for_all("drain", *node_);
  }
  void wait();
  /// What `sink` has begun waits for it, as long as that is kept.
  [[nodiscard]] std::shared_ptr<void> note(InFlight& sink) const {
    return node_ ? note_for_all(sink, *node_) : nullptr;
  }
  /// It is not waited for after all.
  void abandon() noexcept { node_ = NodeRef(); }
  /// Calls back once, soon after something finished, for another `retry`.
  void when_changed(std::function<void()> callback) { node_->graph().when_finished(std::move(callback)); }
  /// Makes it an asynchronous operation of Boost.Asio, which is what `co_await` needs.
  template <class Token>
  auto operator()(Token&& token)
      -> decltype(Await<std::decay_t<Token>, Draining>::start(std::move(*this), std::forward<Token>(token))) {
    return Await<std::decay_t<Token>, Draining>::start(std::move(*this), std::forward<Token>(token));
  }

 private:
  void wait_at_end();
  std::shared_ptr<Graph> graph_;
  NodeRef node_;  // null when it is over
  std::function<bool()> came_out_;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace weir::detail::stream
