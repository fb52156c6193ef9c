// Engine: a scheduler in this process, with or without worker threads beside it, for programs that do not
// call weir::run.
#pragma once

#include "home/threads.hpp"

namespace weir::detail::home {

/// Runs from construction to `stop`; meanwhile it is the process's current core.
class Engine {
 public:
  /// `workers` in-process workers of `threads` threads each; with none, further ones join by its door.
  Engine(int workers, int threads);
  ~Engine();
  [[nodiscard]] const std::shared_ptr<node::SchedulerNode>& scheduler() const noexcept { return scheduler_; }
  /// Waits for what was fired and forgotten, unless `abort`, and lets all workers go.
  void stop(bool abort);

 private:
  Threads threads_;
  std::shared_ptr<node::SchedulerNode> scheduler_;
};

}  // namespace weir::detail::home
