// Task Bench's stencil and fft: how short tasks may be that need those of their neighbours.
#include "metg.hpp"

#include <weir/weir.hpp>

namespace {

double first(double x, long rounds) { return metg::work(x, rounds); }
double of_one(double a, long rounds) { return metg::work(a, rounds); }
double of_two(double a, double b, long rounds) { return metg::work(0.5 * (a + b), rounds); }
double of_three(double a, double b, double c, long rounds) { return metg::work((a + b + c) / 3, rounds); }

using Row = std::vector<weir::Future<double>>;

weir::Future<double> submit(weir::Client& client, const Row& before, const metg::Needs& needs, long rounds) {
  const auto at = [&](std::size_t i) -> const weir::Future<double>& {
    return before[static_cast<std::size_t>(needs[i])];
  };
  if (needs.size() == 1) return client.submit(of_one, at(0), rounds);
  if (needs.size() == 2) return client.submit(of_two, at(0), at(1), rounds);
  return client.submit(of_three, at(0), at(1), at(2), rounds);
}

double seconds_of(weir::Client& client, metg::Pattern pattern, int width, long rounds, long steps) {
  const auto start = bench::Clock::now();
  Row row;
  for (int i = 0; i < width; ++i) row.push_back(client.submit(first, static_cast<double>(i), rounds));
  for (int step = 1; step < steps; ++step) {
    Row next;
    next.reserve(row.size());
    for (int i = 0; i < width; ++i)
      next.push_back(submit(client, row, metg::Needs(pattern, step, i, width), rounds));
    row = std::move(next);
  }
  client.gather(row);
  return bench::seconds_since(start);
}

/// Processor seconds of all processes.
double cpu_of_all(weir::Client& client) {
  double all = bench::cpu_s();
  if (client.workers().size() > 1)
    for (const double one : client.gather(client.run_on_workers(bench::cpu_s))) all += one;
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(static_cast<std::size_t>(bench::option(argc, argv, "--workers", 1)));
    // Processor time of all processes for a task of a stencil of 8 columns, or for one of `--task-us`; of
    // those also which part of the time of two cores is work.
    constexpr int cores = 2;
    const double one_round_s = metg::round_s();
    const auto task_us = static_cast<double>(bench::option(argc, argv, "--task-us", 0));
    const long steps = bench::option(argc, argv, "--steps", 4000);
    const int width = static_cast<int>(bench::option(argc, argv, "--width", 8));
    const auto pattern = bench::option(argc, argv, "--fft", 0) ? metg::Pattern::fft : metg::Pattern::stencil;
    std::vector<double> core_us, efficiencies;
    for (long i = bench::option(argc, argv, "--repeat", 5); i > 0; --i) {
      const double before_s = cpu_of_all(client);
      const long rounds = std::lround(1e-6 * task_us / one_round_s);
      const double took_s = seconds_of(client, pattern, width, rounds, steps);
      efficiencies.push_back(static_cast<double>(rounds * steps * width) * one_round_s / (cores * took_s));
      core_us.push_back(1e6 * (cpu_of_all(client) - before_s) / static_cast<double>(steps * width));
    }
    bench::print("stencil_core_us", bench::median(core_us));
    if (task_us > 0) return bench::print("efficiency", bench::median(efficiencies));
    metg::print_all(cores, [&](metg::Pattern which, int columns, long rounds, long steps) {
      return seconds_of(client, which, columns, rounds, steps);
    });
  });
}
