// SimulatedGraph: task graphs that are described, not run; and makers of the usual ones.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "weir/options.hpp"

namespace weir::detail::simulator {

/// What a task of a simulation does instead of working.
struct SimulatedTask {
  std::vector<std::uint32_t> inputs;  ///< Positions of earlier tasks of the graph.
  double duration_s = 1e-3;
  std::uint64_t bytes = 8;     ///< Size of its result.
  std::uint32_t function = 1;  ///< Tasks of one function share the estimate of their duration.
  std::uint16_t failures = 0;  ///< Throws so many times before it succeeds.
  bool broken = false;         ///< Its result cannot be serialized when a peer asks for it.
  bool out_of_band = false;
  std::shared_ptr<const Options> options{};
  std::shared_ptr<const SimulatedTask> child{};  ///< Halfway it submits this one, and waits for it.
};

/// Tasks in an order in which inputs come before those that use them. In small blocks, so that there is room
/// for others as soon as the first are submitted.
using SimulatedGraph = std::deque<SimulatedTask>;

/// `count` tasks without inputs.
[[nodiscard]] SimulatedGraph roots(std::uint32_t count, double duration_s);
/// Each task uses the one before it.
[[nodiscard]] SimulatedGraph chain(std::uint32_t count, double duration_s);
/// A binary tree of sums: `leaves` roots, then pairs of what there is until one is left.
[[nodiscard]] SimulatedGraph tree(std::uint32_t leaves, double duration_s);
/// `steps` rows of `width` tasks; each uses its two neighbours and itself in the row before.
[[nodiscard]] SimulatedGraph stencil(std::uint32_t width, std::uint32_t steps, double duration_s);
/// `rounds` of shuffles: each of `width` tasks is cut into as many pieces, one task each; `width` others take
/// one piece of each.
[[nodiscard]] SimulatedGraph shuffle(std::uint32_t width, std::uint32_t rounds, double duration_s);
/// Tasks of random durations and sizes with up to four inputs among the `reach` before them. The same seed
/// gives the same graph.
[[nodiscard]] SimulatedGraph random_graph(std::uint32_t count, std::uint32_t reach, double duration_s,
                                          std::uint64_t seed);

/// Time below which no schedule can come on so many threads: all the work, or the longest path. **Units.**
/// Seconds.
[[nodiscard]] double ideal_makespan(const SimulatedGraph& graph, std::uint64_t threads);
/// Time of a schedule that there is: whenever a thread is free it takes, of the tasks whose inputs are done,
/// that with the longest way to the end; neither the network nor the scheduler takes time. Where the graph is
/// narrower than the cluster for a while this is more than `ideal_makespan`. **Units.** Seconds.
/// **Source.** List scheduling by bottom levels: at most 2 - 1 / threads of the best (Graham 1969).
[[nodiscard]] double list_makespan(const SimulatedGraph& graph, std::uint64_t threads);

}  // namespace weir::detail::simulator
