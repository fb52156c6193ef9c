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
  double list_s = 0;  ///< There is a schedule as fast as this, with a network and a rank 0 that take no time.
  double rank0_s = 0;  ///< Of `makespan_s`, for which a busy rank 0 was busy.
  std::uint64_t messages = 0;
  std::uint64_t rank0_messages = 0;  ///< Of these, to and from rank 0.
  std::vector<MessageCount> kinds;   ///< Of these; most frequent first.
  std::uint64_t executions = 0;      ///< More than there are tasks when workers die.
  double scheduler_us_per_task = 0;
  double scheduler_bytes_per_task = 0;  ///< 0 where the memory allocator does not tell.
};

/// Submits the whole graph at once and runs to the end. As a program does whose futures go out of scope, it
/// lets go of each task once the last that uses it is submitted; results that nothing uses are kept.
///
/// **Errors.** Throws `Error{worker_lost}` if the graph could not be finished.
[[nodiscard]] SimulationReport simulate(SimulatedGraph graph, const Simulation& simulation);

}  // namespace weir::detail::simulator
