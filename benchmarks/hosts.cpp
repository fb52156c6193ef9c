// Two workers, each on a host of its own, and rank 0 on a third. Run it in a job of three hosts as `weir run
// -n 3 hosts`: what is between them is MPI. With --jobs 2 in a job of one host the workers are jobs of their
// own on the two others: what is between them is TCP.
#include <memory>
#include <thread>

#include "small_tasks.hpp"

namespace {

using bench::Clock;
using bench::seconds_since;

constexpr std::size_t large_bytes = 128'000'000;

std::vector<char> make(std::size_t count) { return std::vector<char>(count, 'x'); }
std::size_t size_of(const std::vector<char>& value) { return value.size(); }

weir::Options on(const weir::WorkerInfo& worker) { return {.workers = {std::to_string(worker.peer)}}; }

/// The workers that there are, two on two hosts.
std::vector<weir::WorkerInfo> workers_apart(weir::Client& client) {
  std::vector<weir::WorkerInfo> workers = client.workers();
  if (workers.size() != 2 || workers[0].host == workers[1].host)
    throw weir::Error(weir::ErrorKind::internal,
                      "hosts: needs two workers on two hosts (got " + std::to_string(workers.size()) + ")");
  return workers;
}

/// So many jobs of one worker, each on a host of its own; the workers that there were leave.
std::unique_ptr<weir::Cluster> only_jobs(weir::Client& client, long count) {
  const std::vector<weir::WorkerInfo> before = client.workers();
  auto cluster = std::make_unique<weir::SlurmCluster>(
      weir::BatchOptions{.cores = 1, .memory = "2GB", .walltime = "00:10:00", .directives = {"--exclusive"}});
  cluster->scale(static_cast<int>(count));
  client.wait_for_workers(before.size() + static_cast<std::size_t>(count));
  for (const weir::WorkerInfo& worker : before) client.retire(worker.peer);
  while (client.workers().size() > static_cast<std::size_t>(count))
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  return cluster;
}

/// From one worker to the other: a chain whose tasks are theirs in turns. All but the first round.
double hop_us(weir::Client& client, const std::vector<weir::WorkerInfo>& workers) {
  constexpr int hops = 2000;
  return 1e6 / hops * bench::seconds_of([&] {
           weir::Future<int> last = client.submit(on(workers[0]), bench::increment, 0);
           for (std::size_t i = 1; i < hops; ++i)
             last = client.submit(on(workers[i % 2]), bench::increment, last);
           if (last.result() != hops)
             throw weir::Error(weir::ErrorKind::internal, "hosts: the chain must be as long as it is");
         });
}

double bytes_per_s(weir::Client& client, const std::vector<weir::WorkerInfo>& workers) {
  std::vector<double> rates;
  for (int i = 0; i <= 5; ++i) {
    const auto there = client.submit(on(workers[0]), make, large_bytes);
    there.wait();
    const auto begin = Clock::now();
    if (client.submit(on(workers[1]), size_of, there).result() != large_bytes)
      throw weir::Error(weir::ErrorKind::internal, "hosts: the values must arrive");
    if (i > 0) rates.push_back(static_cast<double>(large_bytes) / seconds_since(begin));
  }
  return bench::median(std::move(rates));
}

}  // namespace

int main(int argc, char** argv) {
  const long jobs = bench::option(argc, argv, "--jobs", 0);
  return weir::run(argc, argv, [jobs](weir::Client& client) {
    std::unique_ptr<weir::Cluster> cluster;
    if (jobs > 0) cluster = only_jobs(client, jobs);
    else client.wait_for_workers(2);
    const std::vector<weir::WorkerInfo> workers = workers_apart(client);
    const std::string between = jobs > 0 ? "jobs_" : "ranks_";
    const auto print = [&](const std::string& name, double value) {
      bench::print((between + name).c_str(), value);
    };
    print("tasks_per_s", bench::small_tasks_per_s(client, 100'000));
    print("roundtrip_us", bench::roundtrip_us(client));
    print("hop_us", hop_us(client, workers));
    print("gb_per_s", 1e-9 * bytes_per_s(client, workers));
    std::fflush(stdout);
  });
}
