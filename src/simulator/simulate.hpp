// simulate: a task graph on thousands of simulated workers, and what it cost.
#pragma once

#include "simulator/cluster.hpp"

namespace weir::detail::simulator {

struct Simulation {
  std::uint32_t workers = 10;
  std::uint32_t threads = 1;  ///< Of each worker.
  std::uint32_t deaths = 0;   ///< Workers that die at random moments of the ideal time ...
  std::uint32_t joins = 0;    ///< ... and that join.
  SimulatedSettings cluster;
};

struct SimulationReport {
  std::uint64_t tasks = 0;
  std::uint64_t threads = 0;
  double makespan_s = 0;  ///< Virtual.
  double ideal_s = 0;     ///< No schedule can be faster.
  std::uint64_t messages = 0;
  std::uint64_t executions = 0;  ///< More than there are tasks when workers die.
  double scheduler_us_per_task = 0;
  double scheduler_bytes_per_task = 0;  ///< 0 where the memory allocator does not tell.
};

/// Submits the whole graph at once, keeps the results that nothing uses, and runs to the end.
///
/// **Errors.** Throws `Error{worker_lost}` if the graph could not be finished.
[[nodiscard]] SimulationReport simulate(const SimulatedGraph& graph, const Simulation& simulation);

}  // namespace weir::detail::simulator
