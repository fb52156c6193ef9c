// Snapshot: a plain-data picture of the cluster.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "weir/options.hpp"

namespace weir {

/// Where a task is in its life; the states of Dask's scheduler.
enum class TaskState : std::uint8_t {
  released,    ///< Known, not wanted now.
  waiting,     ///< Some input is not there yet.
  queued,      ///< Ready; held back because every worker has enough to do.
  no_worker,   ///< Ready, but no worker may run it.
  processing,  ///< Assigned to a worker.
  memory,      ///< The result exists.
  erred,       ///< Failed, or an input did.
  forgotten    ///< Gone.
};
[[nodiscard]] std::string_view to_string(TaskState state) noexcept;

/// One worker as the scheduler sees it.
struct WorkerInfo {
  /// Its id.
  PeerId peer = 0;
  std::string name;  ///< For example "worker 2".
  /// The node it runs on.
  std::string host;
  /// Tasks it runs at the same time.
  std::uint32_t threads = 0;
  /// What it has for tasks that ask for it.
  std::vector<Resource> resources;
  std::uint32_t processing = 0;     ///< Tasks assigned to it.
  std::uint32_t queued = 0;         ///< Tasks the scheduler holds back for it.
  std::uint64_t results = 0;        ///< Results it holds.
  std::uint64_t result_bytes = 0;   ///< Their serialized size.
  std::uint64_t managed_bytes = 0;  ///< Of them in memory, as the worker last said.
  std::uint64_t spilled_bytes = 0;  ///< Of them on its disk.
  std::uint64_t memory_limit = 0;   ///< For those in memory.
  bool paused =
      false;  ///< It is near its limit and starts no task until results have gone to disk or been released.
  std::uint64_t finished = 0;  ///< Tasks it has finished.
  /// It is given no more tasks and leaves when its results are elsewhere.
  bool retiring = false;
  std::string job;  ///< The batch job, or group of processes, it came with; empty in the program's own.
  double serves_s = std::numeric_limits<double>::infinity();  ///< Then it leaves, since its job ends; what
                                                              ///< takes longer is not begun there.
};

/// The cluster at one moment.
struct Snapshot {
  /// Those there are now.
  std::vector<WorkerInfo> workers;
  std::array<std::uint64_t, 8> tasks{};  ///< Number of tasks by `TaskState`.
  std::uint64_t workers_lost = 0;        ///< Workers that died, so far.
  double lacking_s = 0;  ///< Some task needs so long, and no worker stays that long; 0: there is none.
  bool results_wanted =
      false;  ///< No task is pending, and workers hold results that are wanted and nowhere else.
};

}  // namespace weir
