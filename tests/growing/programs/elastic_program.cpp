// The program that the elastic tests start: a cluster object in an ordinary main, or inside weir::run.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <thread>

#include "weir/weir.hpp"

namespace {

int square(int x) { return x * x; }
int pid_of_worker() { return static_cast<int>(getpid()); }
std::string session_of_worker() { return std::getenv("WEIR_CONNECT") ? "set" : "unset"; }
std::vector<double> numbers(int count) { return std::vector<double>(static_cast<std::size_t>(count), 0.5); }
std::string own_devices(int ms) {
  std::string names;
  for (const std::string& device : weir::this_task().gpus()) names += device;
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
  return names;
}
double total(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}
int logged(const std::string& file, int x) {
  std::ofstream(file, std::ios::app) << x << '\n';
  return x;
}
std::vector<double> slow_numbers(const std::string& file, int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  logged(file, x);
  return std::vector<double>(1000, x);
}
int slow_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  return milliseconds;
}
int slow_element(int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return logged(std::getenv("TEST_RAN"), x);
}
int slow(int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return x;
}

void say(const std::string& text) { std::cout << text << std::endl; }

template <class Condition>
void wait_for(const std::string& what, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      throw weir::Error(weir::ErrorKind::timeout, "waited too long for " + what);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

void wait_for_workers(const weir::Client& client, std::size_t count) {
  wait_for(std::to_string(count) + " workers", [&] { return client.workers().size() == count; });
}

long sum_of_squares(weir::Client& client, int count) {
  std::vector<int> xs;
  for (int i = 0; i < count; ++i) xs.push_back(i);
  long sum = 0;
  for (const int value : client.gather(client.map(square, xs))) sum += value;
  return sum;
}

std::vector<int> worker_pids(weir::Client& client) {
  std::vector<int> pids;
  for (auto& future : client.run_on_workers(pid_of_worker)) pids.push_back(future.result());
  return pids;
}

/// Every worker gives a large value to every other.
void exchange(weir::Client& client) {
  for (const auto& from : client.workers())
    for (const auto& to : client.workers()) {
      const auto value =
          client.submit(weir::Options{.workers = {std::to_string(from.peer)}}, numbers, 200'000);
      if (client.submit(weir::Options{.workers = {std::to_string(to.peer)}}, total, value).result() !=
          100'000)
        throw std::runtime_error("wrong sum");
    }
}

/// Every worker, a thread or a process, is given values that the program does not keep.
void give(weir::Client& client) {
  for (const auto& to : client.workers()) {
    const weir::Options there{.retries = 1, .workers = {std::to_string(to.peer)}};
    const auto large = client.submit(there, total, std::vector<double>(200'000, 0.5));
    const auto small = client.submit(there, total, std::vector<double>(2'000, 0.5));
    const auto shared = client.submit(
        there, [](const std::shared_ptr<const std::vector<double>>& values) { return total(*values); },
        std::make_shared<const std::vector<double>>(2'000, 1.0));
    if (large.result() + small.result() + shared.result() != 103'000) throw std::runtime_error("wrong sum");
  }
}

void work(weir::Cluster& cluster, weir::Client& client, const std::string& mode,
          const std::string& argument) {
  if (mode == "local") {
    wait_for_workers(client, std::stoul(argument));
    exchange(client);
    say("sum " + std::to_string(sum_of_squares(client, 1000)));
    say("variable " + client.submit(session_of_worker).result());
    for (const int pid : worker_pids(client)) say("pid " + std::to_string(pid));
  } else if (mode == "slots") {
    client.wait_for_workers(2);
    auto devices = client.gather(
        client.map(weir::Options{.resources = {{"gpu", 1}}}, own_devices, std::vector<int>(2, 500)));
    std::sort(devices.begin(), devices.end());
    std::cout << "devices " << devices[0] << ' ' << devices[1] << std::endl;
  } else if (mode == "scale") {
    cluster.scale(3);
    wait_for_workers(client, 3);
    std::vector<weir::Future<int>> kept;
    for (int i = 0; i < 60; ++i) kept.push_back(client.submit(logged, argument, i));
    client.wait(kept);
    cluster.scale(1);
    wait_for_workers(client, 1);
    int right = 0;
    const auto values = client.gather(kept);
    for (int i = 0; i < 60; ++i) right += values[static_cast<std::size_t>(i)] == i;
    say("right " + std::to_string(right));
    cluster.scale(0);
    wait_for("no jobs", [&] { return cluster.jobs() == 0; });
    cluster.scale(2);
    say("again " + std::to_string(sum_of_squares(client, 10)));
  } else if (mode == "lifetime") {
    std::vector<weir::Future<std::vector<double>>> kept;  // too large to travel with the news
    for (int i = 0; i < 40; ++i)
      kept.push_back(client.submit(weir::Options{.time_limit = std::chrono::milliseconds(200)}, slow_numbers,
                                   argument, i));
    client.wait(kept);
    const auto begun = client.workers();
    const auto is_new = [&](const weir::WorkerInfo& worker) {
      return std::none_of(begun.begin(), begun.end(),
                          [&](const auto& old) { return old.peer == worker.peer; });
    };
    wait_for("other workers", [&] {
      const auto now = client.workers();
      return !now.empty() && std::all_of(now.begin(), now.end(), is_new);
    });
    double sum = 0;
    for (const auto& values : client.gather(kept)) sum += values.at(999);
    say("sum " + std::to_string(static_cast<int>(sum)));
    say("lost " + std::to_string(client.snapshot().workers_lost));
  } else if (mode == "stream") {
    std::vector<int> seen;
    weir::Stream<int> source;
    source.scatter().map(slow_element).buffer(8).gather().sink([&](int x) { seen.push_back(x); });
    for (int i = 0; i < 300; ++i) source.emit(i);
    source.drain();
    int in_order = 0;
    for (std::size_t i = 0; i < seen.size(); ++i) in_order += seen[i] == static_cast<int>(i);
    say("in order " + std::to_string(in_order) + " of " + std::to_string(seen.size()));
    say("lost " + std::to_string(client.snapshot().workers_lost));
  } else if (mode == "late") {  // a worker of 8 s takes tasks for 4 s; when it is 2 s old, one of 3 s must
                                // wait for the next
    client.wait_for_workers(1);
    const auto held = client.submit(numbers, 100'000);
    client.submit(slow_for, 2000).wait();
    say(std::to_string(
        client.submit(weir::Options{.time_limit = std::chrono::seconds(3)}, square, 3).result()));
    if (held.result().size() != 100'000) throw std::runtime_error("lost");
    say("lost " + std::to_string(client.snapshot().workers_lost));
  } else if (mode == "too_long") {
    const auto future = client.submit(weir::Options{.time_limit = std::chrono::hours(1)}, square, 3);
    wait_for("a problem", [&] { return !cluster.problem().empty(); });
    say(cluster.problem());
    say(client.explain(future));
  } else if (mode == "at_once") {
    cluster.scale(2);
    cluster.scale(0);
    wait_for("no jobs", [&] { return cluster.jobs() == 0 && client.workers().empty(); });
    say("nothing left");
  } else if (mode == "kill") {
    wait_for_workers(client, 2);
    const auto pids = worker_pids(client);
    std::vector<int> xs;
    for (int i = 0; i < 200; ++i) xs.push_back(i);
    const auto futures = client.map(slow, xs);
    kill(pids.front(), SIGKILL);
    long sum = 0;
    for (const int value : client.gather(futures)) sum += value;
    say("sum " + std::to_string(sum));
    wait_for_workers(client, 2);
    say("lost " + std::to_string(client.snapshot().workers_lost));
  } else if (mode == "adapt") {
    cluster.scale(0);
    cluster.adapt({.minimum = 0, .maximum = 3, .idle_grace = std::chrono::seconds(1)});
    std::vector<int> xs(2000, 1);
    auto futures = client.map(slow, xs);
    wait_for_workers(client, 3);
    for (const auto& future : futures) future.cancel();
    wait_for_workers(client, 0);
    say("grown and shrunk");
  } else if (mode == "hold") {
    say("file " + cluster.connection_file());
    std::size_t wanted = std::stoul(argument);
    wait_for_workers(client, wanted);
    const auto begin = std::chrono::steady_clock::now();
    exchange(client);
    say("sum " + std::to_string(sum_of_squares(client, 1000)) + " of " + std::to_string(wanted) + " after " +
        std::to_string(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
    std::string line;
    while (!std::getline(std::cin, line)) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

int guarded(const std::function<void()>& body) {
  try {
    body();
    say("done");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << std::endl;
    return 3;
  }
}

}  // namespace

// elastic_program MODE ARGUMENT [NETWORK]; `inside MODE ARGUMENT` does the same in the body of weir::run.
int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  words.resize(std::max<std::size_t>(words.size(), 4));
  const bool inside = words[0] == "inside";
  const std::string mode = words[inside ? 1 : 0], argument = words[inside ? 2 : 1],
                    network = words[inside ? 3 : 2];
  const auto options = [&] {
    const int workers = mode == "local" ? std::stoi(argument)
                        : mode == "slots" || mode == "kill" || mode == "threads" || mode == "stream" ? 2
                                                                                                     : 1;
    return weir::LocalOptions{.workers = workers, .interface = network};
  };
  if (inside)
    return weir::run(argc, argv, [&](weir::Client& client) {
      return guarded([&] {
        const char* ranks = std::getenv("OMPI_COMM_WORLD_SIZE");
        const std::size_t own = ranks ? std::stoul(ranks) - 1 : 1;
        wait_for_workers(client, own);
        weir::LocalCluster cluster{options()};
        client.wait_for_workers(own + std::stoul(argument));
        exchange(client);
        give(client);
        say("sum " + std::to_string(sum_of_squares(client, 1000)) + " of " +
            std::to_string(client.workers().size()));
        cluster.close();
        wait_for_workers(client, own);
        say("left " + std::to_string(sum_of_squares(client, 10)));
      });
    });
  return guarded([&] {
    if (mode == "threads") {
      weir::LocalCluster cluster{{.workers = 2, .threads = 2, .processes = false}};
      weir::Client client{cluster};
      wait_for_workers(client, 2);
      say("sum " + std::to_string(sum_of_squares(client, 1000)) + " of " +
          std::to_string(client.workers().size()));
      return;
    }
    weir::LocalOptions local = options();
    weir::LocalCluster cluster{local};
    if (mode == "hold" || mode == "at_once") cluster.scale(0);
    weir::Client client{cluster};
    work(cluster, client, mode, argument);
  });
}
