// What a program costs whose jobs stand in the queue of a batch system: its own share of a core while it
// waits for a result that no worker is there to compute.
#include <weir/weir.hpp>

#include "report.hpp"

namespace {

int increment(int x) { return x + 1; }

}  // namespace

int main(int argc, char** argv) {
  weir::PbsCluster cluster{{.cores = 1, .memory = "1GB", .walltime = "01:00:00"}};
  cluster.scale(static_cast<int>(bench::option(argc, argv, "--jobs", 10)));
  weir::Client client{cluster};
  const auto results = client.map(increment, std::vector<int>(1000, 1));
  const auto wait = [&](long seconds) {
    if (client.wait(results, weir::Until::all, std::chrono::seconds(seconds)))
      throw weir::Error(weir::ErrorKind::internal, "waiting: there must be no worker");
  };
  wait(3);  // jobs are submitted meanwhile
  const auto start = bench::Clock::now();
  const double before = bench::cpu_s();
  wait(bench::option(argc, argv, "--seconds", 25));
  bench::print("waiting_cpu_fraction", (bench::cpu_s() - before) / bench::seconds_since(start));
  cluster.scale(0);
}
