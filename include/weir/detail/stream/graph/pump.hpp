// Pump: runs a boundary node's work, one call at a time, on a thread beside the stream or on its event loop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "weir/event_loop.hpp"

namespace weir::detail::stream {

class Graph;

/// Calls `work` soon after every `poke`; pokes while it runs make it run once more.
///
/// **Threads.** `poke` from any thread. `work` runs on one thread at a time and ends before `shut` returns.
class Pump {
 public:
  explicit Pump(std::function<void()> work);
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;
  ~Pump();
  /// Runs on the loop the stream was given, or else on a thread.
  void start(Graph& graph);
  /// Runs on a thread, whatever loop there is.
  void start_on_thread();
  void poke() noexcept;
  void shut() noexcept;

 private:
  struct Runner;
  std::function<void()> work_;
  std::unique_ptr<Runner> runner_;
  std::unique_ptr<Timer> timer_;
};

/// Up to so many threads that call `work` as long as it is due.
///
/// **Threads.** `work` runs on several threads at once; on a manual clock's loop, one call at a time.
class Crew {
 public:
  /// `work` makes the next few calls of a function and says how many; `due` says how many wait.
  Crew(std::function<std::size_t()> work, std::function<std::size_t()> due);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();
  void start(Graph& graph, std::size_t size);
  /// It has become due.
  void add() noexcept;
  void shut() noexcept;

 private:
  struct Threads;
  std::function<std::size_t()> work_;
  std::function<std::size_t()> due_;
  std::unique_ptr<Threads> threads_;
  std::atomic<std::size_t> todo_{0};  // on a loop
  std::unique_ptr<Timer> timer_;
};

}  // namespace weir::detail::stream
