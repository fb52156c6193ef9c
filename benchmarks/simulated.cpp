// Clusters that no machine here has, in virtual time: how much of their workers one rank 0 keeps busy, with
// its own time and the network's latency counted.
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "report.hpp"
#include "simulator/simulate.hpp"

namespace {

using namespace weir::detail::simulator;

SimulationReport run(const std::string& name, SimulatedGraph graph, Simulation simulation) {
  simulation.cluster.busy_rank0 = true;
  const SimulationReport report = simulate(std::move(graph), simulation);
  std::fprintf(stderr,
               "simulated: %s, %u workers: %llu tasks, %.3f s of at least %.3f s, %.1f messages and "
               "%.3f us of the scheduler for each\n",
               name.c_str(), simulation.workers, static_cast<unsigned long long>(report.tasks),
               report.makespan_s, report.ideal_s,
               static_cast<double>(report.messages) / static_cast<double>(report.tasks),
               report.scheduler_us_per_task);
  std::fprintf(stderr,
               "  rank 0: %.3f s of work, %.1f messages a task; a schedule for nothing takes %.3f s\n ",
               report.rank0_s, static_cast<double>(report.rank0_messages) / static_cast<double>(report.tasks),
               report.list_s);
  for (const MessageCount& kind : report.kinds)
    std::fprintf(stderr, " %s %.2f", kind.kind.c_str(),
                 static_cast<double>(kind.count) / static_cast<double>(report.tasks));
  std::fprintf(stderr, "\n");
  return report;
}

void efficiency(const std::string& name, SimulatedGraph graph, const Simulation& simulation) {
  const SimulationReport report = run(name, std::move(graph), simulation);
  bench::print(("simulated_" + name + "_efficiency").c_str(), report.ideal_s / report.makespan_s);
  bench::print(("simulated_" + name + "_possible").c_str(), report.ideal_s / report.list_s);
}

void joins() {
  constexpr double task_s = 1;
  constexpr int count = 10'000;
  SimulatedCluster cluster({.busy_rank0 = true});
  for (int i = 0; i < count; ++i) cluster.submit({.duration_s = task_s}, {});
  cluster.catch_up();
  const double start = cluster.now();
  for (int i = 0; i < count; ++i) cluster.join(1);
  cluster.run();
  bench::print("simulated_joins_s", cluster.last_done() - start - task_s);
}

void many_tasks() {
  run("many tasks", roots(10'000'000, 10e-3), {.workers = 10});
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  bench::print("simulated_10m_tasks_gb", static_cast<double>(usage.ru_maxrss) * 1024e-9);
}

}  // namespace

// With names only these.
int main(int argc, char** argv) {
  const std::vector<std::string> names(argv + 1, argv + argc);
  const auto is_wanted = [&](const char* name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  constexpr double ms10 = 10e-3;
  if (is_wanted("many")) many_tasks();  // first: the heap does not give back what the others leave
  if (is_wanted("roots")) efficiency("roots", roots(1'000'000, ms10), {.workers = 10'000});
  if (is_wanted("tree")) efficiency("tree", tree(500'000, ms10), {.workers = 10'000});
  if (is_wanted("stencil")) efficiency("stencil", stencil(10'000, 100, ms10), {.workers = 10'000});
  if (is_wanted("shuffle")) efficiency("shuffle", shuffle(300, 10, ms10), {.workers = 10'000});
  if (is_wanted("random"))
    efficiency("random", random_graph(1'000'000, 100'000, ms10, 1), {.workers = 10'000});
  if (is_wanted("large")) efficiency("large", roots(1'000'000, 1), {.workers = 100'000});
  if (is_wanted("joins")) joins();
  if (is_wanted("disturbed"))
    efficiency("disturbed", roots(1'000'000, ms10), {.workers = 10'000, .deaths = 1000, .joins = 10'000});
}
