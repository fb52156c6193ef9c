// A worker behind TCP against one behind MPI in the same run, and against a plain socket: run it as `weir run
// -n 2 tcp_work`. With --slurm 1 in a job of two hosts the one behind TCP is a job of its own on a third.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>

#include "small_tasks.hpp"
#include "weir/weir.hpp"

namespace {

using bench::Clock;
using bench::seconds_since;

std::vector<char> bytes(std::size_t count) { return std::vector<char>(count, 'x'); }

constexpr std::size_t transfer_bytes = 256 << 20;

double transfer_bytes_per_s(weir::Client& client) {
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto value = client.submit(bytes, transfer_bytes);
    value.wait();
    const auto begin = Clock::now();
    if (value.result().size() != transfer_bytes) std::abort();
    best = std::max(best, static_cast<double>(transfer_bytes) / seconds_since(begin));
  }
  return best;
}

/// The same bytes from a child process over a loopback socket, read as fast as they come: into memory used
/// before, and into fresh memory.
std::array<double, 2> socket_bytes_per_s() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 1) != 0) return {};
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<char> memory(transfer_bytes, 'x');
  const pid_t child = fork();
  if (child == 0) {
    const int out = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(out, reinterpret_cast<sockaddr*>(&address), size) != 0) _exit(1);
    for (int round = 0; round < 6; ++round)
      for (std::size_t at = 0; at < memory.size();) {
        const ssize_t sent = write(out, memory.data() + at, memory.size() - at);
        if (sent <= 0) _exit(1);
        at += static_cast<std::size_t>(sent);
      }
    _exit(0);
  }
  const int in = accept(listener, nullptr, nullptr);
  std::array<double, 2> best{};
  for (int round = 0; round < 6; ++round) {
    const bool fresh = round % 2;
    const auto begin = Clock::now();
    const std::unique_ptr<char[]> own(fresh ? new char[transfer_bytes] : nullptr);
    char* const target = fresh ? own.get() : memory.data();
    for (std::size_t at = 0; at < memory.size();) {
      const ssize_t got = read(in, target + at, memory.size() - at);
      if (got <= 0) return {};
      at += static_cast<std::size_t>(got);
    }
    best[fresh] = std::max(best[fresh], static_cast<double>(transfer_bytes) / seconds_since(begin));
  }
  close(in);
  close(listener);
  waitpid(child, nullptr, 0);
  return best;
}

/// A cluster with one worker process, on this host or as a job on another.
std::unique_ptr<weir::Cluster> one_worker(bool has_hosts) {
  if (!has_hosts) return std::make_unique<weir::LocalCluster>(weir::LocalOptions{.workers = 1});
  auto jobs = std::make_unique<weir::SlurmCluster>(
      weir::BatchOptions{.cores = 1, .memory = "2GB", .walltime = "00:10:00"});
  jobs->scale(1);
  return jobs;
}

}  // namespace

int main(int argc, char** argv) {
  const bool has_hosts = bench::option(argc, argv, "--slurm", 0) != 0;  // workers on hosts of their own
  return weir::run(argc, argv, [has_hosts](weir::Client& client) {
    constexpr int tasks = 100'000;
    client.wait_for_workers(1);
    bench::print("mpi_tasks_per_s", bench::small_tasks_per_s(client, tasks));
    if (has_hosts) {
      bench::print("mpi_roundtrip_us", bench::roundtrip_us(client));
      bench::print("mpi_gb_per_s", 1e-9 * transfer_bytes_per_s(client));
    }
    const std::unique_ptr<weir::Cluster> cluster = one_worker(has_hosts);
    client.wait_for_workers(2);
    client.retire(client.workers().front().peer);
    bench::print("tcp_tasks_per_s", bench::small_tasks_per_s(client, tasks));
    bench::print("tcp_roundtrip_us", bench::roundtrip_us(client));
    bench::print("tcp_gb_per_s", 1e-9 * transfer_bytes_per_s(client));
    if (!has_hosts) {
      const auto [reused, fresh] = socket_bytes_per_s();
      bench::print("socket_gb_per_s", 1e-9 * reused);
      bench::print("socket_fresh_gb_per_s", 1e-9 * fresh);
    }
    std::fflush(stdout);
  });
}
