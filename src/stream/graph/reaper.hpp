// Reaper: frees what was cut off with threads, timers or calls of its own, when these have nothing left to
// do.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "weir/detail/stream/graph/graph.hpp"

namespace weir::detail::stream {

/// Whoever frees such a node waits for its threads and for a timer that rings, which may want any domain it
/// is in. So this is done by a thread that is in none, looks at those awaited now and then, and ends when
/// there are none. What they hold comes out first: a node is taken when all that hang together are at rest,
/// seen from inside all of their domains.
class Reaper {
 public:
  static Reaper& instance();
  /// Something in `graph` is awaited. Under the structure's mutex.
  void see_to(Graph& graph);
  /// Nothing is awaited there any more. Under the structure's mutex.
  void let_be(Graph& graph) noexcept;
  /// It is about to go: returns when nothing of it is in hand. Not under the mutex.
  void forget(Graph& graph) noexcept;

 private:
  void run();
  /// Looks once at all that is awaited in a graph; true if something was freed.
  bool look_at(Graph& graph);
  bool take_in_hand(Graph& graph);
  /// False if the graph has gone.
  bool put_back(Graph& graph);

  std::mutex mutex_;  // what follows is guarded by it
  std::condition_variable changed_;
  std::vector<Graph*> graphs_;
  Graph* in_hand_ = nullptr;
  bool runs_ = false;
  std::thread::id me_;
};

}  // namespace weir::detail::stream
