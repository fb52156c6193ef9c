// What an idle cluster costs: the busiest rank's share of a core, while nobody asks it anything.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int process_id() { return getpid(); }

/// Processor time of all threads of a process of this host, seen from outside: to ask it would wake it.
double cpu_of(int process) {
  double nanoseconds = 0;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    double one = 0;
    std::ifstream(thread.path() / "schedstat") >> one;
    nanoseconds += one;
  }
  return 1e-9 * nanoseconds;
}

std::vector<double> cpu_of_all(const std::vector<int>& processes) {
  std::vector<double> all;
  for (const int process : processes) all.push_back(cpu_of(process));
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    client.wait_for_workers(static_cast<std::size_t>(bench::option(argc, argv, "--workers", 2)));
    std::vector<int> ranks = client.gather(client.run_on_workers(process_id));
    ranks.push_back(getpid());
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const auto start = bench::Clock::now();
    const std::vector<double> before = cpu_of_all(ranks);
    std::this_thread::sleep_for(std::chrono::seconds(bench::option(argc, argv, "--seconds", 5)));
    std::vector<double> shares = cpu_of_all(ranks);
    const double seconds = bench::seconds_since(start);
    for (std::size_t i = 0; i < shares.size(); ++i) shares[i] = (shares[i] - before[i]) / seconds;
    bench::print("idle_cpu_fraction_rank_0", shares.back());
    bench::print("idle_cpu_fraction", *std::max_element(shares.begin(), shares.end()));
  });
}
