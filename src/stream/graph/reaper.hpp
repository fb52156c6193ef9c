// Reaper: frees what was cut off with threads, timers or calls of its own, when these have nothing left to
// do.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
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
  /// How many may wait in a graph before those who cut off more have to wait for it.
  [[nodiscard]] std::size_t room() const noexcept { return room_.load(std::memory_order_relaxed); }
  /// Returns when it has looked at all graphs once more, or after a moment: what is awaited may itself wait
  /// for the caller. Not under the mutex, and in no domain.
  void make_room() noexcept;

 private:
  static constexpr std::size_t least_room = 256;
  void run();
  /// Looks once at all that is awaited in a graph, and adds to `busy` what is not at rest; true if something
  /// was freed.
  bool look_at(Graph& graph, std::size_t& busy);
  bool take_in_hand(Graph& graph);
  /// False if the graph has gone.
  bool put_back(Graph& graph);

  std::mutex mutex_;  // what follows is guarded by it
  std::condition_variable changed_;
  std::vector<Graph*> graphs_;
  Graph* in_hand_ = nullptr;
  bool runs_ = false;
  std::uint64_t looks_ = 0;
  unsigned waiting_ = 0;  // threads that make room
  std::thread::id me_;
  std::atomic<std::size_t> room_{least_room};
};

}  // namespace weir::detail::stream
