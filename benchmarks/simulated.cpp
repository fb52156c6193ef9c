// Clusters that no machine here has, in virtual time: how much of their workers one rank 0 keeps busy, with
// its own time and the network's latency counted.
#include <sys/resource.h>

#include <string>

#include "report.hpp"
#include "simulator/simulate.hpp"

namespace {

using namespace weir::detail::simulator;

SimulationReport run(const std::string& name, const SimulatedGraph& graph, Simulation simulation) {
  simulation.cluster.busy_rank0 = true;
  const SimulationReport report = simulate(graph, simulation);
  std::fprintf(stderr,
               "simulated: %s, %u workers: %llu tasks, %.3f s of at least %.3f s, %.1f messages and "
               "%.3f us of the scheduler for each\n",
               name.c_str(), simulation.workers, static_cast<unsigned long long>(report.tasks),
               report.makespan_s, report.ideal_s,
               static_cast<double>(report.messages) / static_cast<double>(report.tasks),
               report.scheduler_us_per_task);
  return report;
}

void efficiency(const std::string& name, const SimulatedGraph& graph, const Simulation& simulation) {
  const SimulationReport report = run(name, graph, simulation);
  bench::print(("simulated_" + name + "_efficiency").c_str(), report.ideal_s / report.makespan_s);
}

}  // namespace

int main() {
  // First: the heap does not give back what the others leave.
  run("many tasks", roots(10'000'000, 10e-3), {.workers = 10});
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  bench::print("simulated_10m_tasks_gb", static_cast<double>(usage.ru_maxrss) * 1024e-9);
  efficiency("roots", roots(1'000'000, 10e-3), {.workers = 10'000});
  efficiency("tree", tree(500'000, 10e-3), {.workers = 10'000});
  efficiency("stencil", stencil(10'000, 100, 10e-3), {.workers = 10'000});
  efficiency("shuffle", shuffle(300, 10, 10e-3), {.workers = 10'000});
  efficiency("random", random_graph(1'000'000, 100'000, 10e-3, 1), {.workers = 10'000});
  efficiency("large", roots(1'000'000, 1), {.workers = 100'000});
  efficiency("disturbed", roots(1'000'000, 10e-3), {.workers = 10'000, .deaths = 1000, .joins = 10'000});
}
