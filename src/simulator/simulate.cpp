// A graph's way through the simulated cluster, with a watch in hand.
#include "simulator/simulate.hpp"

#include <malloc.h>

#include <chrono>

namespace weir::detail::simulator {

namespace {

std::uint64_t allocated_bytes() {
  const auto memory = mallinfo2();
  return memory.uordblks + memory.hblkhd;
}

constexpr std::uint32_t never = UINT32_MAX;

// The last task that uses each, or `never`.
std::vector<std::uint32_t> last_uses(const SimulatedGraph& graph) {
  std::vector<std::uint32_t> last(graph.size(), never);
  for (std::uint32_t i = 0; i < graph.size(); ++i)
    for (const std::uint32_t input : graph[i].inputs) last[input] = i;
  return last;
}

// The scheduler alone, with every task submitted and none finished: its largest extent.
double bytes_per_task(const SimulatedGraph& graph, const Simulation& simulation) {
  scheduler::Actions out;
  out.reserve(graph.size());
  scheduler::State state(simulation.cluster.scheduling);
  for (PeerId peer = 1; peer <= simulation.workers; ++peer) {
    protocol::Hello hello;
    hello.threads = simulation.threads;
    state.join(0, peer, hello, out);
  }
  const std::uint64_t before = allocated_bytes();
  for (std::size_t i = 0; i < graph.size(); ++i) {
    protocol::SubmitTask message;
    message.id = make_task_id(0, i + 1);
    message.function = graph[i].function;
    message.options = graph[i].options;
    for (const std::uint32_t input : graph[i].inputs) message.inputs.push_back(make_task_id(0, input + 1));
    state.handle(0, 0, std::move(message), out);
    out.clear();
  }
  const std::uint64_t after = allocated_bytes();
  return after > before ? static_cast<double>(after - before) / static_cast<double>(graph.size()) : 0;
}

void disturb(SimulatedCluster& cluster, const Simulation& simulation, double ideal_s) {
  std::mt19937_64 random(simulation.cluster.seed);
  std::uniform_real_distribution<double> moment(0, ideal_s);
  for (std::uint32_t i = 0; i < simulation.deaths; ++i)
    cluster.at(moment(random), [&cluster, choice = random()] {
      const std::vector<PeerId> alive = cluster.alive();
      if (alive.size() > 1) cluster.kill(alive[choice % alive.size()]);
    });
  for (std::uint32_t i = 0; i < simulation.joins; ++i)
    cluster.at(moment(random), [&cluster, threads = simulation.threads] { cluster.join(threads); });
}

}  // namespace

SimulationReport simulate(SimulatedGraph graph, const Simulation& simulation) {
  SimulationReport report;
  report.tasks = graph.size();
  report.threads = std::uint64_t{simulation.workers} * simulation.threads;
  report.ideal_s = ideal_makespan(graph, report.threads);
  report.list_s = list_makespan(graph, report.threads);
  report.scheduler_bytes_per_task = bytes_per_task(graph, simulation);

  SimulatedCluster cluster(simulation.cluster);
  for (std::uint32_t i = 0; i < simulation.workers; ++i) cluster.join(simulation.threads);
  disturb(cluster, simulation, report.ideal_s);
  const std::vector<std::uint32_t> last_use = last_uses(graph);
  std::vector<TaskId> inputs;
  for (std::uint32_t i = 0; !graph.empty(); ++i, graph.pop_front()) {
    const SimulatedTask& task = graph.front();
    inputs.clear();
    for (const std::uint32_t input : task.inputs) inputs.push_back(make_task_id(0, input + 1));
    cluster.submit(task, inputs);
    for (const std::uint32_t input : task.inputs)
      if (last_use[input] == i) cluster.release(make_task_id(0, input + 1));
    if (simulation.cluster.busy_rank0) cluster.catch_up();
  }
  cluster.run();
  report.makespan_s = cluster.last_done();
  report.rank0_s = cluster.rank0_s();
  report.messages = cluster.messages();
  report.rank0_messages = cluster.rank0_messages();
  report.kinds = cluster.kinds();
  report.executions = cluster.executions();
  report.scheduler_us_per_task = cluster.scheduler_cpu_s() * 1e6 / static_cast<double>(report.tasks);
  for (std::size_t i = 0; i < report.tasks; ++i)
    if (last_use[i] == never &&
        cluster.future(make_task_id(0, i + 1)).status != SimulatedFuture::Status::finished)
      throw Error(ErrorKind::worker_lost,
                  "simulate: task " + std::to_string(i + 1) +
                      " was never finished: " + cluster.scheduler().explain(make_task_id(0, i + 1)).back());
  return report;
}

}  // namespace weir::detail::simulator
