// Threads: a whole cluster in one process.
#pragma once

#include "dashboard/dashboard.hpp"
#include "node/scheduler.hpp"
#include "node/worker.hpp"
#include "weir/run.hpp"

namespace weir::detail::home {

/// A scheduler and workers that are threads of this process. Whoever holds the scheduler keeps all of it.
class Threads {
 public:
  /// Starts `workers` workers of `threads` threads each.
  Threads(const RunOptions& options, std::uint32_t workers, std::uint32_t threads);
  [[nodiscard]] const std::shared_ptr<node::SchedulerNode>& scheduler() const noexcept { return scheduler_; }
  /// Writes the record of what has been seen; to be called when the workers have left.
  void end_dashboard() { dashboard_->stop(); }
  /// Ends the workers; waits for the tasks they run.
  void stop();
  /// The same, but a task that runs for longer than `most` is left alone, with all it may need: a thread
  /// cannot be ended from outside.
  void stop_within(std::chrono::milliseconds most);

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
  std::shared_ptr<node::SchedulerNode> scheduler_;
  std::unique_ptr<dashboard::Dashboard> dashboard_;
};

}  // namespace weir::detail::home
