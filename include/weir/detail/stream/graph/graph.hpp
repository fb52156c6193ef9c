// Graph: the nodes that are connected with each other, and where their users wait.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "weir/detail/stream/graph/node.hpp"
#include "weir/event_loop.hpp"

namespace weir::detail::stream {

/// Owns the nodes that are connected with each other, and is where their users wait.
class Graph : public std::enable_shared_from_this<Graph> {
 public:
  Graph();
  explicit Graph(EventLoop loop);
  ~Graph();
  /// The graph that holds `node`, for a handle.
  [[nodiscard]] static std::shared_ptr<Graph> of(Node& node);
  /// Adds a node; it gets a domain of its own unless `same_as` is given. Others may cut it off again at once.
  NodeRef adopt(std::unique_ptr<Node> node, Node* same_as = nullptr);

  /// A number for an edge that is drawn later: what gets its number after this one comes behind it.
  [[nodiscard]] static std::uint64_t subscribe() noexcept;
  /// Draws an edge: joins graphs, and domains unless the end is a boundary. It is the last one of `from`
  /// unless it has a number already.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the two run on different event loops, or if elements
  /// that cannot be copied would go two ways.
  static void connect(Node& from, InletBase& to, std::uint64_t subscription = 0);
  /// Makes the two live in one graph without an edge between them.
  static void join(Node& a, Node& b);
  /// Removes the edge. Throws `Error{not_found}` if there is none.
  static void disconnect(Node& from, Node& to);
  /// Removes the edges into `node`.
  static void destroy(Node& node);
  static void destroy_below(Node& node);
  /// Puts `node` first in the execution order of its upstreams.
  static void move_to_first(Node& node);

  /// The loop its timers run on; made at first use if none was given.
  [[nodiscard]] EventLoop loop();
  [[nodiscard]] std::optional<EventLoop> users_loop() const;
  [[nodiscard]] bool owns_loop() const;

  /// Waits until `ready()`; the waiting thread drives a manual clock. False if `deadline` (steady time)
  /// passes first. `for_all`: for all of the graph, not for room below `node`.
  ///
  /// **Errors.** Throws `Error{unsupported}` if waiting could never end: on the loop's own thread, or if a
  /// manual clock has nothing left to do.
  static bool wait(Node& node, const char* who, const std::function<bool()>& ready,
                   std::optional<std::chrono::steady_clock::time_point> deadline = {}, bool for_all = false);
  /// Calls back once, soon after something opened that was seen closed.
  void when_opened(std::function<void()> callback);
  /// The same, but not for a gate that is only ajar.
  void when_wide_open(std::function<void()> callback);
  /// Calls back once, soon after something finished.
  void when_finished(std::function<void()> callback);
  /// Somebody has seen a gate closed that is open now.
  void opened() noexcept;
  /// It has room for a few: told to all but threads that have just begun to wait.
  void ajar() noexcept;
  /// Nothing is left of what was under way somewhere.
  void finished() noexcept;
  /// Whether what is in the graph of `node` now has come out, though more may go in meanwhile: to be asked
  /// again and again.
  [[nodiscard]] static std::function<bool()> came_out(Node& node);
  void drain(Node& node, const std::function<bool()>& came_out);
  /// All has come out: has every node write what it keeps for others, and throws the first error.
  static void end_drain(Node& node);
  void report(const std::exception_ptr& error) noexcept;
  [[nodiscard]] bool is_idle();
  /// Whether this thread is inside one of its nodes, or works on its own loop.
  [[nodiscard]] bool is_at_work_here() const noexcept;
  /// Whether this thread is one that its end would wait for.
  [[nodiscard]] bool cannot_wait_here() const;
  [[nodiscard]] std::vector<NodeRef> nodes();
  [[nodiscard]] std::uint64_t version() const noexcept { return version_.load(std::memory_order_relaxed); }

 private:
  friend struct Structure;
  struct Waiting;
  struct Line;
  void tell(Line Waiting::*line, bool is_wide = true) noexcept;
  void call_back(Line Waiting::*line, std::function<void()> callback, bool is_patient = false);
  std::atomic<std::uint64_t> version_{1};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Domain>> domains_;
  std::vector<Node*> cut_;         // ends of edges that were removed: perhaps nothing reaches them any more
  std::deque<Node*> resting_;      // of these, what goes when it has come to rest; see Reaper
  std::shared_ptr<Graph> parent_;  // the graph this one was joined into, for those who have a handle
  std::atomic<Graph*> joined_into_{nullptr};  // the same, for a thread that read `graph()` before
  std::optional<EventLoop> loop_;
  bool owns_loop_ = true;
  std::unique_ptr<Waiting> waiting_;
};

inline Entry Node::entry() noexcept {
  if (gates_version_ == graph().version() && gates_.empty() && !ended_.load(std::memory_order_relaxed) &&
      !is_closing_.load(std::memory_order_relaxed)) [[likely]]
    return Entry::open;
  return entry_slow();
}

}  // namespace weir::detail::stream
