// 200 real worker processes on one machine: how long they take to join, and what they cost the scheduler's
// process.
#include <fstream>
#include <string>
#include <thread>

#include "report.hpp"
#include "weir/weir.hpp"

namespace {

int add_one(int x) { return x + 1; }

/// Memory of this process that is in RAM. **Units.** MB.
double resident_mb() {
  std::ifstream file("/proc/self/statm");
  long total = 0, resident = 0;
  file >> total >> resident;
  return static_cast<double>(resident) * 4096e-6;
}

}  // namespace

int main(int argc, char** argv) {
  const auto count = static_cast<int>(bench::option(argc, argv, "--workers", 200));
  weir::LocalCluster cluster{{.workers = 1}};
  weir::Client client{cluster};
  client.wait_for_workers(1);
  const double before_mb = resident_mb();
  const auto begin = bench::Clock::now();
  cluster.scale(count);
  client.wait_for_workers(static_cast<std::size_t>(count), std::chrono::minutes(5));
  for (auto& future : client.run_on_workers([] { return 1; })) future.result();
  bench::print("crowd_join_s", bench::seconds_since(begin));
  bench::print("crowd_mb", resident_mb() - before_mb);

  constexpr std::chrono::seconds silence{5};
  std::this_thread::sleep_for(silence);  // until what joining left behind is done
  const double cpu_before = bench::cpu_s();
  std::this_thread::sleep_for(silence);
  bench::print("crowd_idle_cpu_fraction",
               (bench::cpu_s() - cpu_before) / std::chrono::duration<double>(silence).count());

  std::vector<int> inputs(200'000, 1);
  std::vector<double> rates;
  for (int round = 0; round < 3; ++round) {
    const auto start = bench::Clock::now();
    long sum = 0;
    for (const int x : client.gather(client.map(add_one, inputs))) sum += x;
    if (sum != 2L * static_cast<long>(inputs.size())) throw std::runtime_error("crowd: a result is wrong");
    rates.push_back(static_cast<double>(inputs.size()) / bench::seconds_since(start));
  }
  bench::print("crowd_tasks_per_s", bench::median(rates));
}
