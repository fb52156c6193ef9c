// A worker behind TCP against one behind MPI in the same run, and against a plain socket: run it as `weir run -n 2 tcp_work`.
// tcp_tasks_ratio: tasks/s behind TCP over tasks/s behind MPI. tcp_roundtrip_us: submit to result. tcp_transfer_ratio: bytes/s of a large result over a plain socket's.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "weir/weir.hpp"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }
int increment(int x) { return x + 1; }
std::vector<char> bytes(std::size_t count) { return std::vector<char>(count, 'x'); }

constexpr std::size_t transfer_bytes = 256 << 20;

double tasks_per_s(weir::Client& client, int count) {
  std::vector<int> xs(static_cast<std::size_t>(count), 1);
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begin = Clock::now();
    client.gather(client.map(increment, xs));
    best = std::max(best, count / seconds_since(begin));
  }
  return best;
}

double roundtrip_us(weir::Client& client) {
  std::vector<double> times;
  for (int i = 0; i < 2000; ++i) {
    const auto begin = Clock::now();
    client.submit(increment, i).result();
    times.push_back(1e6 * seconds_since(begin));
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

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

/// The same bytes from a child process over a loopback socket, read as fast as they come.
double socket_bytes_per_s() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 1) != 0) return 0;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<char> memory(transfer_bytes, 'x');
  const pid_t child = fork();
  if (child == 0) {
    const int out = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(out, reinterpret_cast<sockaddr*>(&address), size) != 0) _exit(1);
    for (int round = 0; round < 3; ++round)
      for (std::size_t at = 0; at < memory.size();) {
        const ssize_t sent = write(out, memory.data() + at, memory.size() - at);
        if (sent <= 0) _exit(1);
        at += static_cast<std::size_t>(sent);
      }
    _exit(0);
  }
  const int in = accept(listener, nullptr, nullptr);
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begin = Clock::now();
    for (std::size_t at = 0; at < memory.size();) {
      const ssize_t got = read(in, memory.data() + at, memory.size() - at);
      if (got <= 0) return 0;
      at += static_cast<std::size_t>(got);
    }
    best = std::max(best, static_cast<double>(transfer_bytes) / seconds_since(begin));
  }
  close(in);
  close(listener);
  waitpid(child, nullptr, 0);
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client& client) {
    constexpr int tasks = 100'000;
    client.wait_for_workers(1);
    const double mpi = tasks_per_s(client, tasks);
    weir::LocalCluster cluster{{.workers = 1}};
    client.wait_for_workers(2);
    client.retire(client.workers().front().peer);
    const double tcp = tasks_per_s(client, tasks);
    std::printf("mpi_tasks_per_s %.4g\ntcp_tasks_per_s %.4g\ntcp_tasks_ratio %.4g\n", mpi, tcp, tcp / mpi);
    std::printf("tcp_roundtrip_us %.4g\n", roundtrip_us(client));
    const double weir_rate = transfer_bytes_per_s(client), socket_rate = socket_bytes_per_s();
    std::printf("tcp_bytes_per_s %.4g\nsocket_bytes_per_s %.4g\ntcp_transfer_ratio %.4g\n", weir_rate, socket_rate, weir_rate / socket_rate);
    std::fflush(stdout);
  });
}
