// How fast workers join: join_s, from the request for a worker process to the first result from it; join20_s,
// the same for twenty at once.
#include <thread>

#include "report.hpp"
#include "weir/weir.hpp"

namespace {

int one() { return 1; }

/// Seconds until `count` workers have each answered.
double join(weir::Cluster& cluster, weir::Client& client, int count) {
  cluster.scale(0);
  while (cluster.jobs() > 0 || !client.workers().empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto begin = bench::Clock::now();
  cluster.scale(count);
  while (client.workers().size() < static_cast<std::size_t>(count))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (auto& future : client.run_on_workers(one)) future.result();
  return bench::seconds_since(begin);
}

}  // namespace

int main() {
  weir::LocalCluster cluster{{.workers = 1}};
  weir::Client client{cluster};
  client.wait_for_workers(1);
  bench::print("join_s", join(cluster, client, 1));
  bench::print("join20_s", join(cluster, client, 20));
}
