// Whole clusters in virtual time: random graphs, delays, deaths, cancellations; hundreds of seeds, every
// invariant after every event.
#include <catch2/catch.hpp>

#include "simulator/simulate.hpp"
#include "support/random_run.hpp"

using namespace weir;
using namespace weir::test;

namespace {

void survive(std::uint64_t seeds, const Trouble& trouble) {
  const char* only = std::getenv("WEIR_SEED");
  if (const char* more = std::getenv("WEIR_SEEDS")) seeds = std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = only ? std::strtoull(only, nullptr, 10) : 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    try {
      RandomRun run(seed, trouble);
      if (only) run.trace(std::getenv("WEIR_TASK"));
      try {
        run.go();
      } catch (const Error&) {
        if (only) run.tell_story(std::strtoull(std::getenv("WEIR_TASK"), nullptr, 10));
        throw;
      }
    } catch (const Error& error) {
      FAIL_CHECK("seed " << seed << ": " << error.what());
    }
    if (only) break;
  }
}

}  // namespace

TEST_CASE("simulation finishes random graphs under random delays") { survive(100, {}); }

TEST_CASE("simulation finishes when tasks are submitted while others run") {
  survive(100, {.trickle = true});
}

TEST_CASE("simulation survives a death") { survive(200, {.deaths = 1}); }

TEST_CASE("simulation survives deaths in a row, all workers but one") {
  survive(200, {.workers = 6, .deaths = 5, .fetches = 10});
}

TEST_CASE("simulation survives deaths and joins while tasks are submitted") {
  survive(200, {.deaths = 3, .joins = 3, .fetches = 20, .trickle = true});
}

TEST_CASE("simulation survives workers that are taken for dead") {
  survive(200, {.deaths = 1, .mistakes = 2, .joins = 2, .fetches = 20, .trickle = true});
}

TEST_CASE("simulation survives releases at any moment") {
  survive(200, {.releases = 80, .fetches = 20, .trickle = true});
}

TEST_CASE("simulation survives releases and deaths") {
  survive(300, {.deaths = 2, .joins = 2, .releases = 60, .fetches = 20, .trickle = true});
}

TEST_CASE("simulation survives cancellations and retries") {
  survive(300, {.releases = 20, .cancels = 30, .retries = 40, .fetches = 20, .trickle = true});
}

TEST_CASE("simulation survives tasks that throw") {
  survive(200, {.releases = 20, .retries = 40, .failing = 0.2, .trickle = true});
}

TEST_CASE("simulation survives restricted tasks") {
  survive(200, {.deaths = 1, .joins = 1, .restricted = 0.3, .trickle = true});
}

TEST_CASE("simulation finishes tasks of any width that submit others and wait for them") {
  survive(200, {.nested = 0.5});
  survive(200, {.deaths = 2,
                .joins = 2,
                .releases = 10,
                .cancels = 10,
                .restricted = 0.3,
                .nested = 0.3,
                .gangs = 0.2,
                .trickle = true});
}

TEST_CASE("simulation survives retirements") {
  survive(200, {.joins = 2, .retirements = 2, .fetches = 20, .trickle = true});
}

TEST_CASE("simulation survives scattered data and deaths") {
  survive(200, {.deaths = 2, .joins = 2, .fetches = 10, .scattered = 6, .trickle = true});
}

TEST_CASE("simulation finishes when results do not fit into memory") {
  survive(200, {.memory = 60'000});
  survive(200, {.releases = 20, .fetches = 20, .memory = 20'000, .trickle = true});
}

TEST_CASE("simulation survives full disks and deaths while memory is short") {
  survive(200, {.memory = 60'000, .disk_failing = 0.5});
  survive(300, {.tasks = 80,
                .workers = 5,
                .deaths = 2,
                .mistakes = 1,
                .joins = 3,
                .retirements = 1,
                .releases = 40,
                .cancels = 10,
                .retries = 20,
                .fetches = 20,
                .scattered = 4,
                .failing = 0.1,
                .restricted = 0.15,
                .memory = 40'000,
                .disk_failing = 0.3,
                .trickle = true});
}

TEST_CASE("simulation spills and keeps within the limit where it can") {
  detail::simulator::SimulatedSettings settings;
  settings.checked = true;
  settings.memory = {.limit = 1'000'000, .smallest = 1000};
  SimulatedCluster cluster(settings);
  const PeerId worker = cluster.join(2);
  std::vector<TaskId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(cluster.submit({.duration_s = 1e-3, .bytes = 100'000}, {}));
  const TaskId sum = cluster.submit({.duration_s = 1e-3}, {ids.front(), ids.back()});
  std::uint64_t most = 0;
  while (cluster.step()) most = std::max(most, cluster.worker(worker).bytes());
  CHECK(cluster.future(sum).status == SimulatedFuture::Status::finished);
  CHECK(most <= 1'000'000);
  CHECK(cluster.spills() > 90);
  CHECK(cluster.worker(worker).memory().spilled_bytes > 9'000'000);
}

TEST_CASE("simulation: a busy worker is asked for each of its tasks once, not as long as somebody is idle") {
  const std::vector<detail::simulator::SimulatedGraph> graphs{
      detail::simulator::random_graph(2000, 100, 1.0, 1), detail::simulator::stencil(20, 100, 1.0)};
  for (const auto& graph : graphs)
    for (const std::uint32_t workers : {3u, 10u, 100u}) {
      const auto report = detail::simulator::simulate(graph, {.workers = workers});
      INFO(graph.front().inputs.size() << " inputs, " << workers << " workers");
      CHECK(report.messages < 25 * report.tasks);
    }
}

// Its pieces are given ahead while everybody has something to do, and each takes its copy of what it is a
// piece of.
TEST_CASE("simulation: rank 0 sends, hears of and frees each piece of a shuffle once") {
  using namespace detail::simulator;
  for (const std::uint32_t workers : {60u, 300u, 2000u}) {
    const auto report = simulate(shuffle(60, 4, 0.01), {.workers = workers});
    INFO(workers << " workers: " << report.rank0_messages << " messages of rank 0");
    CHECK(report.rank0_messages < 3.5 * static_cast<double>(report.tasks));
  }
}

// What is given ahead of its inputs is not what keeps an idle worker from the ready tasks of a busy one, and
// siblings with many inputs do not all follow the first ones.
TEST_CASE("simulation: graphs of every shape keep all workers busy") {
  using namespace detail::simulator;
  const std::vector<SimulatedGraph> graphs{roots(5000, 0.01), tree(5000, 0.01), stencil(200, 25, 0.01),
                                           shuffle(40, 4, 0.01), random_graph(5000, 500, 0.01, 1)};
  for (std::size_t shape = 0; shape < graphs.size(); ++shape)
    for (const std::uint32_t workers : {10u, 40u, 100u}) {
      const auto report = simulate(graphs[shape], {.workers = workers});
      INFO("graph " << shape << " with " << workers << " workers: " << report.messages << " messages");
      CHECK(report.makespan_s < 1.25 * report.ideal_s);
      CHECK(report.messages < 25 * report.tasks);
    }
}

TEST_CASE("simulation: the time of a busy rank 0 passes, and nothing else changes") {
  using namespace detail::simulator;
  const SimulatedGraph graph = shuffle(20, 3, 1e-6);
  Simulation simulation{.workers = 100};
  const auto free = simulate(graph, simulation);
  simulation.cluster.busy_rank0 = true;
  simulation.cluster.message_s = 1e-3;  // far beyond what the scheduler takes here
  const auto busy = simulate(graph, simulation);
  CHECK(busy.executions == graph.size());
  CHECK(free.makespan_s < 0.1);
  CHECK(busy.makespan_s > 1.9e-3 * static_cast<double>(graph.size()));
}

TEST_CASE("simulation: a shuffle takes one piece of each") {
  const auto graph = detail::simulator::shuffle(3, 2, 1);
  REQUIRE(graph.size() == 3 + 2 * (9 + 3));
  CHECK(graph[3].inputs == std::vector<std::uint32_t>{0});
  CHECK(graph[11].inputs == std::vector<std::uint32_t>{2});
  CHECK(graph[12].inputs == std::vector<std::uint32_t>{3, 6, 9});
  CHECK(graph[14].inputs == std::vector<std::uint32_t>{5, 8, 11});
  CHECK(graph[15].inputs == std::vector<std::uint32_t>{12});
}

TEST_CASE("simulation survives everything at once") {
  survive(500, {.tasks = 80,
                .workers = 5,
                .deaths = 3,
                .mistakes = 1,
                .joins = 4,
                .retirements = 1,
                .releases = 40,
                .cancels = 10,
                .retries = 20,
                .fetches = 20,
                .scattered = 4,
                .failing = 0.1,
                .restricted = 0.15,
                .trickle = true});
}

TEST_CASE("simulation: gangs and single tasks, mixed") {
  survive(30, {.workers = 5, .fetches = 10, .gangs = 0.3, .trickle = true});
}

// Some 1,400 gangs; the fuzz target runs more.
TEST_CASE("simulation: gangs survive deaths, joins and retirements at any moment") {
  survive(40, {.workers = 5, .deaths = 3, .joins = 3, .retirements = 1, .fetches = 20, .gangs = 0.35});
  survive(30, {.deaths = 2, .mistakes = 1, .joins = 3, .fetches = 20, .gangs = 0.3, .trickle = true});
}

TEST_CASE("simulation: gangs survive releases, cancellations, retries and ranks that throw") {
  survive(40, {.deaths = 1,
               .joins = 1,
               .releases = 40,
               .cancels = 15,
               .retries = 20,
               .fetches = 20,
               .failing = 0.2,
               .gangs = 0.3,
               .trickle = true});
}

TEST_CASE("simulation: a list schedule fills what a graph leaves narrow, as far as it can") {
  using namespace detail::simulator;
  CHECK(list_makespan(roots(10, 1), 4) == 3);
  CHECK(list_makespan(chain(5, 1), 4) == 5);
  CHECK(list_makespan(tree(4, 1), 4) == 3);
  CHECK(ideal_makespan(shuffle(3, 1, 1), 4) == 3.75);
  CHECK(list_makespan(shuffle(3, 1, 1), 4) == 5);  // 3 roots, 9 pieces, 3 that take them
  const SimulatedGraph graph = random_graph(2000, 100, 1, 1);
  CHECK(list_makespan(graph, 10) >= ideal_makespan(graph, 10));
  CHECK(list_makespan(graph, 10) < 1.1 * ideal_makespan(graph, 10));
}

// A task is sent, its end is told, its result is freed; what few tasks need travels between workers alone.
TEST_CASE("simulation: rank 0 has about three messages for a task, whatever it needs") {
  using namespace detail::simulator;
  const std::vector<SimulatedGraph> graphs{tree(2000, 0.01), stencil(100, 40, 0.01)};
  for (std::size_t shape = 0; shape < graphs.size(); ++shape) {
    const auto report = simulate(graphs[shape], {.workers = 100});
    INFO("graph " << shape);
    CHECK(static_cast<double>(report.rank0_messages) < 3.6 * static_cast<double>(report.tasks));
    std::uint64_t all = 0;
    for (const MessageCount& kind : report.kinds) all += kind.count;
    CHECK(all == report.messages);
  }
}

TEST_CASE(
    "simulation: a busy rank 0 has about two messages for a task: that it is freed goes with the next one") {
  using namespace detail::simulator;
  Simulation simulation{.workers = 100};
  simulation.cluster.busy_rank0 = true;
  simulation.cluster.message_s = 1e-3;  // far beyond what the scheduler takes here
  const auto report = simulate(stencil(100, 40, 0.01), simulation);
  const auto freed = std::find_if(report.kinds.begin(), report.kinds.end(),
                                  [](const MessageCount& kind) { return kind.kind == "FreeResult"; });
  REQUIRE(freed != report.kinds.end());
  const auto tasks = static_cast<double>(report.tasks);
  CHECK(static_cast<double>(freed->count) > 0.9 * tasks);
  CHECK(static_cast<double>(report.rank0_messages) < 2.3 * tasks);
}

TEST_CASE("simulation: to tell of deaths takes few messages, however many die") {
  using namespace detail::simulator;
  const auto report =
      simulate(roots(20'000, 0.015),
               {.workers = 1000, .deaths = 300, .cluster = {.scheduling = {.allowed_failures = 99}}});
  const auto told = std::find_if(report.kinds.begin(), report.kinds.end(),
                                 [](const MessageCount& kind) { return kind.kind == "PeersGone"; });
  REQUIRE(told != report.kinds.end());
  CHECK(told->count < 100'000);
}
