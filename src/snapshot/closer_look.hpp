// A closer look: single tasks and results, as plain data.
#pragma once

#include "weir/snapshot.hpp"

namespace weir::detail::snapshot {

/// A task that rank 0 knows.
struct SeenTask {
  TaskId id = 0;
  std::uint64_t function = 0;
  PeerId worker = 0;  ///< Where it runs; 0: nowhere.
  TaskState state = TaskState::released;
  std::vector<std::uint32_t> inputs;  ///< Positions in `SeenTasks::tasks`.
};

/// Results of a function that a worker holds.
struct SeenResults {
  std::uint64_t function = 0;
  PeerId worker = 0;
  std::uint64_t count = 0, bytes = 0;
};

/// A look at single tasks and results; as many as fit into a short time.
struct SeenTasks {
  std::vector<SeenTask> tasks;
  std::uint64_t tasks_total = 0;
  std::vector<SeenResults> results;
  std::uint64_t results_looked_at = 0, results_total = 0;
};

/// A task, and who it hangs together with.
struct TaskLook {
  /// A neighbour.
  struct Neighbour {
    TaskId id = 0;
    std::string name;
    TaskState state = TaskState::released;
  };
  std::string name;  ///< Empty: no such task is known.
  std::uint64_t function = 0;
  TaskState state = TaskState::released;
  std::uint64_t bytes = 0;           ///< Of its result.
  std::vector<std::string> holders;  ///< Workers that have it.
  std::int64_t priority = 0;
  std::vector<std::string> conditions;  ///< What it asks for: resources, workers, a time limit.
  std::uint64_t inputs_total = 0, dependents_total = 0;
  std::vector<Neighbour> inputs, dependents;  ///< Some of them.
  std::vector<std::string> explained, story;  ///< Why it is where it is, and how it came there.
};

}  // namespace weir::detail::snapshot
