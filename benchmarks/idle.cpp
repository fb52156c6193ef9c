// What an idle cluster costs: the busiest rank's share of a core.
#include <thread>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

double cpu_s() { return bench::cpu_s(); }

// Of rank 0 and of every worker.
std::vector<double> cpu_of_ranks(weir::Client& client) {
  std::vector<double> all = client.gather(client.run_on_workers(cpu_s));
  all.push_back(cpu_s());
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(static_cast<std::size_t>(bench::option(argc, argv, "--workers", 2)));
    cpu_of_ranks(client);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const auto start = bench::Clock::now();
    const std::vector<double> before = cpu_of_ranks(client);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const std::vector<double> after = cpu_of_ranks(client);
    const double seconds = bench::seconds_since(start);
    double worst_worker = 0;
    for (std::size_t i = 0; i + 1 < before.size(); ++i)
      worst_worker = std::max(worst_worker, (after[i] - before[i]) / seconds);
    const double rank_0 = (after.back() - before.back()) / seconds;
    bench::print("idle_cpu_fraction_rank_0", rank_0);
    bench::print("idle_cpu_fraction", std::max(rank_0, worst_worker));
  });
}
