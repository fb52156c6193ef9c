// The usual shapes of task graphs.
#include "simulator/graph.hpp"

#include <algorithm>
#include <numeric>
#include <queue>
#include <random>

namespace weir::detail::simulator {

SimulatedGraph roots(std::uint32_t count, double duration_s) {
  return SimulatedGraph(count, SimulatedTask{.duration_s = duration_s});
}

SimulatedGraph chain(std::uint32_t count, double duration_s) {
  SimulatedGraph graph = roots(count, duration_s);
  for (std::uint32_t i = 1; i < count; ++i) graph[i].inputs = {i - 1};
  return graph;
}

SimulatedGraph tree(std::uint32_t leaves, double duration_s) {
  SimulatedGraph graph = roots(leaves, duration_s);
  for (std::uint32_t next = 0; next + 1 < graph.size(); next += 2)
    graph.push_back({.inputs = {next, next + 1}, .duration_s = duration_s, .function = 2});
  return graph;
}

SimulatedGraph stencil(std::uint32_t width, std::uint32_t steps, double duration_s) {
  SimulatedGraph graph = roots(width, duration_s);
  for (std::uint32_t step = 1; step < steps; ++step)
    for (std::uint32_t x = 0; x < width; ++x) {
      const std::uint32_t below = (step - 1) * width + x;
      SimulatedTask task{.inputs = {below}, .duration_s = duration_s, .function = 2};
      if (x > 0) task.inputs.push_back(below - 1);
      if (x + 1 < width) task.inputs.push_back(below + 1);
      graph.push_back(std::move(task));
    }
  return graph;
}

SimulatedGraph shuffle(std::uint32_t width, std::uint32_t rounds, double duration_s) {
  SimulatedGraph graph = roots(width, duration_s);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const auto whole = static_cast<std::uint32_t>(graph.size()) - width, pieces = whole + width;
    for (std::uint32_t from = 0; from < width; ++from)
      for (std::uint32_t to = 0; to < width; ++to)
        graph.push_back({.inputs = {whole + from}, .duration_s = duration_s, .function = 2});
    for (std::uint32_t to = 0; to < width; ++to) {
      SimulatedTask& task = graph.emplace_back(SimulatedTask{.duration_s = duration_s, .function = 3});
      for (std::uint32_t from = 0; from < width; ++from) task.inputs.push_back(pieces + from * width + to);
    }
  }
  return graph;
}

SimulatedGraph random_graph(std::uint32_t count, std::uint32_t reach, double duration_s, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> duration(1 / duration_s);
  SimulatedGraph graph(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    SimulatedTask& task = graph[i];
    task.duration_s = duration(random);
    task.bytes = random() % 4 ? 8 : random() % 100'000;
    task.function = 1 + random() % 4;
    const std::uint32_t there = std::min(i, reach);
    for (auto wanted = static_cast<std::uint32_t>(random() % 5); wanted > 0 && there > 0; --wanted) {
      const auto input = static_cast<std::uint32_t>(i - 1 - random() % there);
      if (std::find(task.inputs.begin(), task.inputs.end(), input) == task.inputs.end())
        task.inputs.push_back(input);
    }
  }
  return graph;
}

double ideal_makespan(const SimulatedGraph& graph, std::uint64_t threads) {
  std::vector<double> end(graph.size());
  double work = 0, longest = 0;
  for (std::size_t i = 0; i < graph.size(); ++i) {
    for (const std::uint32_t input : graph[i].inputs) end[i] = std::max(end[i], end[input]);
    end[i] += graph[i].duration_s;
    work += graph[i].duration_s;
    longest = std::max(longest, end[i]);
  }
  return std::max(work / static_cast<double>(threads), longest);
}

double list_makespan(const SimulatedGraph& graph, std::uint64_t threads) {
  const auto count = static_cast<std::uint32_t>(graph.size());
  std::vector<double> way(count);
  std::vector<std::uint32_t> missing(count), first(count + 1), dependents;
  for (std::uint32_t i = count; i-- > 0;) {
    way[i] += graph[i].duration_s;
    missing[i] = static_cast<std::uint32_t>(graph[i].inputs.size());
    for (const std::uint32_t input : graph[i].inputs) {
      way[input] = std::max(way[input], way[i]);
      ++first[input];
    }
  }
  std::partial_sum(first.begin(), first.end(), first.begin());
  dependents.resize(first[count]);
  for (std::uint32_t i = 0; i < count; ++i)
    for (const std::uint32_t input : graph[i].inputs) dependents[--first[input]] = i;

  std::priority_queue<std::pair<double, std::uint32_t>> ready;    // by their way
  std::priority_queue<std::pair<double, std::uint32_t>> running;  // by the negative of their end
  for (std::uint32_t i = 0; i < count; ++i)
    if (missing[i] == 0) ready.emplace(way[i], i);
  double now = 0;
  while (!ready.empty() || !running.empty()) {
    for (; !ready.empty() && running.size() < threads; ready.pop())
      running.emplace(-(now + graph[ready.top().second].duration_s), ready.top().second);
    now = -running.top().first;
    for (; !running.empty() && -running.top().first <= now; running.pop()) {
      const std::uint32_t done = running.top().second;
      for (std::uint32_t at = first[done]; at < first[done + 1]; ++at)
        if (--missing[dependents[at]] == 0) ready.emplace(way[dependents[at]], dependents[at]);
    }
  }
  return now;
}

}  // namespace weir::detail::simulator
