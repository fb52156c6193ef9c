// How fast workers join: join_s, from the request for a worker process to the first result from it; join20_s, the same for twenty at once.
#include <chrono>
#include <cstdio>
#include <thread>

#include "weir/weir.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }
int one() { return 1; }

/// Seconds until `count` workers have each answered.
double join(weir::Cluster& cluster, weir::Client& client, int count) {
  cluster.scale(0);
  while (cluster.jobs() > 0 || !client.workers().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto begin = Clock::now();
  cluster.scale(count);
  while (client.workers().size() < static_cast<std::size_t>(count)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (auto& future : client.run_on_workers(one)) future.result();
  return seconds_since(begin);
}

}  // namespace

int main() {
  weir::LocalCluster cluster{{.workers = 1}};
  weir::Client client{cluster};
  client.wait_for_workers(1);
  std::printf("join_s %.4g\n", join(cluster, client, 1));
  std::printf("join20_s %.4g\n", join(cluster, client, 20));
}
