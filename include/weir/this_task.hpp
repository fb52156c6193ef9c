// this_task: what the task that this thread runs was given of its worker.
#pragma once

#include <string>
#include <vector>

namespace weir {

/// What the running task has for itself.
struct ThisTask {
  /// What `cores()` gives.
  int core_count = 1;
  /// What `cpus()` gives.
  std::vector<int> cpu_numbers{};
  /// What `gpus()` gives.
  std::vector<std::string> devices{};

  /// Cores that it may use: `Options::cores`, else its share of its worker's, at least 1. OpenMP and BLAS use
  /// so many threads in it.
  [[nodiscard]] int cores() const noexcept { return core_count; }
  /// The processors it is bound to, as the kernel counts them; empty if it did not ask for cores, or its
  /// worker has fewer processors than threads.
  [[nodiscard]] std::vector<int> cpus() const { return cpu_numbers; }
  /// Its devices, as the batch system names them ("0", "3", "GPU-8f2c..."): no other task uses them, unless
  /// both asked for less than 1 `gpu`.
  [[nodiscard]] std::vector<std::string> gpus() const { return devices; }

  /// `NAME=value` for a program that the task starts, so that it sees exactly these devices; empty without
  /// any. The same is in this process's environment while a task with devices runs on a worker of one thread;
  /// with several threads it is not, since they share one environment.
  [[nodiscard]] std::vector<std::string> environment() const;
};

/// Of the task that this thread runs.
///
/// **Errors.** Throws `Error{closed}` in a thread that runs none.
/// **Threads.** The thread that runs the task; hand the result to those it starts.
/// **Source.** Parsl's `available_accelerators`, Ray's `get_gpu_ids`.
[[nodiscard]] ThisTask this_task();

}  // namespace weir
