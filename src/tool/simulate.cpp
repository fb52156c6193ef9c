// weir simulate SHAPE [-n WORKERS] ...
#include <algorithm>
#include <charconv>
#include <cstdio>

#include "simulator/simulate.hpp"
#include "tool/command.hpp"
#include "tool/parse.hpp"
#include "tool/print.hpp"
#include "weir/duration.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

struct Request {
  std::string shape = "random";
  std::uint32_t tasks = 100'000;
  std::vector<std::uint32_t> workers{10};
  std::uint32_t width = 100;
  std::string duration = "1ms", latency = "20us", jitter = "0s";
  double duration_s = 0;
  bool json = false;
  simulator::Simulation simulation;
};

double seconds(const std::string& name, const std::string& text) {
  try {
    return std::chrono::duration<double>(parse_duration(text)).count();
  } catch (const Error& error) {
    throw Error(error.kind(), name + ": " + error.what());
  }
}

constexpr std::uint32_t most_tasks = 100'000'000, most_workers = 1'000'000;

/// Numbers that stand in one word with commas between them, or in several words.
std::vector<std::uint32_t> counts(const std::string& name, const std::vector<std::string>& words) {
  std::vector<std::uint32_t> all;
  for (const std::string& word : words)
    for (std::size_t begin = 0, end = 0; end != word.size(); begin = end + 1) {
      end = std::min(word.find(',', begin), word.size());
      const std::string text = word.substr(begin, end - begin);
      std::uint32_t number = 0;
      const auto [rest, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (problem != std::errc() || rest != text.data() + text.size() || number < 1 || number > most_workers)
        throw Error(ErrorKind::invalid_argument, name + " must be whole numbers from 1 to " +
                                                     std::to_string(most_workers) +
                                                     " with commas between them (got " + word + ")");
      all.push_back(number);
    }
  return all;
}

/// Tasks of one round of a shuffle: parts, and those that put them together.
std::uint64_t round_of(const Request& request) {
  return std::uint64_t{request.width} * (std::uint64_t{request.width} + 1);
}

simulator::SimulatedGraph make_graph(const Request& request) {
  const double duration_s = request.duration_s;
  if (request.shape == "roots") return simulator::roots(request.tasks, duration_s);
  if (request.shape == "chain") return simulator::chain(request.tasks, duration_s);
  if (request.shape == "tree") return simulator::tree((request.tasks + 1) / 2, duration_s);
  if (request.shape == "stencil")
    return simulator::stencil(request.width, std::max(1u, request.tasks / request.width), duration_s);
  if (request.shape == "shuffle") {
    const auto rounds = static_cast<std::uint32_t>(request.tasks / round_of(request));
    return simulator::shuffle(request.width, std::max(1u, rounds), duration_s);
  }
  return simulator::random_graph(request.tasks, request.width, duration_s, request.simulation.cluster.seed);
}

bool parse(int argc, char** argv, Request& request) {
  CLI::App app(
      "Runs a task graph on simulated workers: the real scheduler, a virtual clock and a virtual network.",
      "weir simulate");
  app.add_option("shape", request.shape, "roots, chain, tree, stencil, shuffle or random")
      ->check(CLI::IsMember({"roots", "chain", "tree", "stencil", "shuffle", "random"}));
  app.add_option(
         "--tasks", request.tasks,
         "Tasks of the graph, about: a shuffle has width x (width + 1) or more, a stencil width (100000)")
      ->transform(decimal())
      ->check(CLI::Range(1u, most_tasks))
      ->type_name("N");
  std::vector<std::string> workers;
  app.add_option("-n,--workers", workers, "Workers; several numbers, as 10,100, give several lines (10)")
      ->type_name("N");
  app.add_option("--threads", request.simulation.threads, "Threads of each worker (1)")
      ->transform(decimal())
      ->check(CLI::Range(1u, 4096u))
      ->type_name("T");
  app.add_option("--width", request.width,
                 "Width of a stencil or shuffle; how far back inputs of a random graph lie (100)")
      ->transform(decimal())
      ->check(CLI::Range(1u, most_tasks))
      ->type_name("N");
  app.add_option("--duration", request.duration, "Of a task; the mean in a random graph (1ms)")
      ->type_name("TIME");
  app.add_option("--latency", request.latency, "Least delay of a message (20us)")->type_name("TIME");
  app.add_option("--jitter", request.jitter, "Up to so much more, at random (0s)")->type_name("TIME");
  app.add_flag("--rank0", request.simulation.cluster.busy_rank0,
               "Let rank 0's own time pass: the scheduler's as measured here, 100 ns for each message");
  app.add_option("--deaths", request.simulation.deaths,
                 "Workers that die at random moments; one always stays (0)")
      ->transform(decimal())
      ->type_name("N");
  app.add_option("--joins", request.simulation.joins, "Workers that join at random moments (0)")
      ->transform(decimal())
      ->type_name("N");
  app.add_option("--seed", request.simulation.cluster.seed, "Of all that is random (1)")
      ->transform(decimal())
      ->type_name("N");
  app.add_flag("--check", request.simulation.cluster.checked,
               "Verify all invariants after every event; slow");
  app.add_flag("--json", request.json, "One object a line instead of a table");
  app.get_formatter()->column_width(28);
  if (!tool::parse(app, argc, argv)) return false;
  if (!workers.empty()) request.workers = counts("--workers", workers);
  request.duration_s = seconds("--duration", request.duration);
  request.simulation.cluster.latency_s = seconds("--latency", request.latency);
  request.simulation.cluster.jitter_s = seconds("--jitter", request.jitter);
  if (request.shape == "shuffle" && round_of(request) > most_tasks)
    throw Error(ErrorKind::invalid_argument,
                "--width: a shuffle must have at most " + std::to_string(most_tasks) +
                    " tasks, width x (width + 1) (got " + std::to_string(round_of(request)) + ")");
  return true;
}

void print_head() {
  std::printf("%10s %9s %12s %12s %7s %12s %12s %16s %16s\n", "tasks", "workers", "makespan s", "ideal s",
              "ratio", "messages", "executions", "scheduler us/t", "scheduler B/t");
}

void print(const Request& request, std::uint32_t workers, const simulator::SimulationReport& report) {
  const double ratio = report.ideal_s > 0 ? report.makespan_s / report.ideal_s : 0;
  if (request.json) {
    std::printf(
        "{\"shape\": \"%s\", \"tasks\": %llu, \"workers\": %u, \"threads\": %llu, \"makespan_s\": %.9g, "
        "\"ideal_s\": %.9g, \"messages\": %llu, \"executions\": %llu, "
        "\"scheduler_us_per_task\": %.4g, \"scheduler_bytes_per_task\": %.4g}\n",
        request.shape.c_str(), static_cast<unsigned long long>(report.tasks), workers,
        static_cast<unsigned long long>(report.threads), report.makespan_s, report.ideal_s,
        static_cast<unsigned long long>(report.messages), static_cast<unsigned long long>(report.executions),
        report.scheduler_us_per_task, report.scheduler_bytes_per_task);
    return;
  }
  std::printf("%10llu %9u %12.4f %12.4f %7.2f %12llu %12llu %16.3f %16.0f\n",
              static_cast<unsigned long long>(report.tasks), workers, report.makespan_s, report.ideal_s,
              ratio, static_cast<unsigned long long>(report.messages),
              static_cast<unsigned long long>(report.executions), report.scheduler_us_per_task,
              report.scheduler_bytes_per_task);
}

}  // namespace

int simulate(int argc, char** argv) {
  Request request;
  if (!parse(argc, argv, request)) return 0;
  if (!request.json) print_head();
  for (const std::uint32_t workers : request.workers) {
    request.simulation.workers = workers;
    print(request, workers, simulator::simulate(make_graph(request), request.simulation));
    check_output();
  }
  return 0;
}

}  // namespace weir::detail::tool
