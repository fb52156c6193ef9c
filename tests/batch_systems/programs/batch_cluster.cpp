// The program that the batch tests start: a cluster of batch jobs in an ordinary main, batch_cluster SYSTEM
// MODE [ARGUMENT]; or ranks of weir run, batch_cluster gang LAUNCHER and batch_cluster start COMMAND.
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <thread>

#include "weir/weir.hpp"

namespace {

using namespace std::chrono_literals;

int inc(int x) { return x + 1; }
void print(int x) { std::cout << x << std::endl; }
int slow(int x) {
  std::this_thread::sleep_for(20ms);
  return x;
}
int logged(const std::string& file, int x) {
  std::ofstream(file, std::ios::app) << std::to_string(x) + ' ' + std::to_string(getpid()) + '\n';
  return slow(x);
}

void say(const std::string& text) { std::cout << text << std::endl; }

template <class Condition>
void wait_for(const std::string& what, const weir::Cluster& cluster, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      throw weir::Error(weir::ErrorKind::timeout, "waited too long for " + what + "; " + cluster.problem());
    std::this_thread::sleep_for(2ms);
  }
}

void wait_for_workers(const weir::Cluster& cluster, const weir::Client& client, std::size_t count) {
  wait_for(std::to_string(count) + " workers", cluster, [&] { return client.workers().size() == count; });
}

/// As in the quickstart.
void flow(weir::Cluster& cluster) {
  cluster.scale(2);
  weir::Client client{cluster};
  weir::Stream<int> source;
  source.scatter().map(inc).buffer(8).gather().sink(print);
  for (int i = 0; i < 20; ++i) source.emit(i);
  source.drain();
  wait_for_workers(cluster, client, 2);
  cluster.adapt({.minimum = 0, .maximum = 3, .idle_grace = 1s});
  auto futures = client.map(slow, std::vector<int>(3000, 1));
  wait_for_workers(cluster, client, 3);
  say("three workers");
  futures.clear();
  wait_for("no jobs", cluster, [&] { return cluster.jobs() == 0; });
  say("no workers");
}

/// Tasks of 20 ms for some seconds, of which each is logged when it runs.
void work(weir::Cluster& cluster, const std::string& file) {
  cluster.scale(2);
  weir::Client client{cluster};
  std::vector<weir::Future<int>> futures;
  for (int i = 0; i < 300; ++i)
    futures.push_back(client.submit(weir::Options{.time_limit = 1s}, logged, file, i));
  wait_for_workers(cluster, client, 2);
  say("two workers");
  long sum = 0;
  for (const int value : client.gather(futures)) sum += value;
  say("sum " + std::to_string(sum));
  say("lost " + std::to_string(client.snapshot().workers_lost));
}

/// Up and down, faster than jobs begin.
void up_and_down(weir::Cluster& cluster) {
  cluster.scale(4);
  weir::Client client{cluster};
  const auto futures = client.map(slow, std::vector<int>(1500, 1));
  wait_for_workers(cluster, client, 4);
  for (int i = 0; i < 24; ++i) {
    cluster.scale(i % 2 ? 1 : 6);
    std::this_thread::sleep_for(i % 2 ? 100ms : 200ms + i * 25ms);
  }
  cluster.scale(4);
  long sum = 0;
  for (const int value : client.gather(futures)) sum += value;
  say("sum " + std::to_string(sum));
  say("lost " + std::to_string(client.snapshot().workers_lost));
}

int nap(int x) {
  std::this_thread::sleep_for(3s);
  return x;
}

/// A job begins while it is cancelled, and is killed.
void late(weir::Cluster& cluster) {
  cluster.scale(1);
  weir::Client client{cluster};
  const auto future = client.submit(nap, 42);
  wait_for("a job", cluster, [&] { return cluster.jobs() == 1; });
  cluster.scale(0);
  wait_for("no jobs", cluster, [&] { return cluster.jobs() == 0; });
  cluster.scale(1);
  say("nap " + std::to_string(future.result()));
  say("lost " + std::to_string(client.snapshot().workers_lost));
}

std::vector<double> half_second(const std::string& file, int x) {
  std::this_thread::sleep_for(500ms);
  std::ofstream(file, std::ios::app) << std::to_string(x) + ' ' + std::to_string(getpid()) + '\n';
  return std::vector<double>(1000, x);  // too large to travel with the news
}
std::pair<std::string, int> element(const std::pair<std::string, int>& x) {
  std::this_thread::sleep_for(300ms);
  std::ofstream(x.first + ".stream", std::ios::app)
      << std::to_string(x.second) + ' ' + std::to_string(getpid()) + '\n';
  return x;
}

/// Tasks, then a stream, then tasks again, together longer than a job lasts.
void outlast(weir::Cluster& cluster, const std::string& file) {
  cluster.scale(2);
  weir::Client client{cluster};
  std::vector<weir::Future<std::vector<double>>> kept;
  const auto tasks = [&](int count) {
    for (int i = 0; i < count; ++i)
      kept.push_back(client.submit(half_second, file, static_cast<int>(kept.size())));
  };
  tasks(100);
  std::vector<int> seen;
  weir::Stream<std::pair<std::string, int>> source;
  source.scatter().map(element).buffer(4).gather().sink(
      [&](const std::pair<std::string, int>& x) { seen.push_back(x.second); });
  for (int i = 0; i < 200; ++i) source.emit({file, i});
  source.drain();
  tasks(20);
  double sum = 0;
  for (const auto& values : client.gather(kept)) sum += values.at(999);
  int in_order = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) in_order += seen[i] == static_cast<int>(i);
  say("sum " + std::to_string(static_cast<int>(sum)));
  say("in order " + std::to_string(in_order) + " of " + std::to_string(seen.size()));
  say("lost " + std::to_string(client.snapshot().workers_lost));
}

void run(weir::Cluster& cluster, const std::string& mode, const std::string& argument) {
  if (mode == "flow") return flow(cluster);
  if (mode == "work") return work(cluster, argument);
  if (mode == "up_and_down") return up_and_down(cluster);
  if (mode == "late") return late(cluster);
  if (mode == "outlast") return outlast(cluster, argument);
  if (mode == "at_once") {
    cluster.scale(2);
    cluster.scale(0);
    wait_for("no jobs", cluster, [&] { return cluster.jobs() == 0; });
    return say("nothing left");
  }
  if (mode == "hold") {  // two workers, and a job that stays in the queue
    cluster.scale(3);
    weir::Client client{cluster};
    wait_for_workers(cluster, client, 2);
    wait_for("three jobs", cluster, [&] { return cluster.jobs() == 3; });
    (void)client.submit(inc, 1).result();
    say("holding");
    for (std::string line; std::getline(std::cin, line);) {
    }
    std::this_thread::sleep_for(60s);
  }
  if (mode == "keep") {  // two workers, until there is a file of this name
    cluster.scale(2);
    weir::Client client{cluster};
    wait_for_workers(cluster, client, 2);
    say("sum " + std::to_string(client.submit(inc, 41).result()));
    while (!std::ifstream(argument)) std::this_thread::sleep_for(20ms);
    return;
  }
  if (mode == "problem_with") {  // while there is work
    cluster.scale(1);
    weir::Client client{cluster};
    const auto work = client.submit(inc, 1);
    wait_for("its problem", cluster, [&] { return cluster.problem().find(argument) != std::string::npos; });
  }
  if (mode == "problem") {
    cluster.scale(1);
    wait_for("a problem", cluster, [&] { return !cluster.problem().empty(); });
    say(cluster.problem());
  }
}

/// A program on the places of a gang that has four ranks.
void run_gang(weir::Client& client, const std::string& launcher) {
  const weir::program rank(
      {"/bin/sh", "-c", "echo rank ${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-$SLURM_PROCID}} on $(hostname)"},
      {.launcher = launcher});
  say(client.submit(weir::gang{.ranks = 4}, rank).result().output);
}

/// Ends when it is told, with work on its workers.
void run_ending(weir::Client& client) {
  weir::on_ending([](weir::EndReason, std::chrono::nanoseconds left) {
    say(left < 15s ? "told" : "told of " + weir::to_string(left));  // 0: Slurm did not say
  });
  say("ready");
  while (!weir::cancelled()) std::this_thread::sleep_for(5ms);
  long sum = 0;
  for (const int value : client.gather(client.map(slow, std::vector<int>(20, 2)))) sum += value;
  say("saved " + std::to_string(sum));
}

std::string here() {
  char name[256]{};
  gethostname(name, sizeof name - 1);
  return name;
}

std::string piped(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  for (int c; (c = std::fgetc(pipe)) != EOF;) output += static_cast<char>(c);
  const int status = pclose(pipe);
  return here() + " popen " + (status ? "failed: " : "gives: ") + output;
}

std::string streamed(const std::string& command) {
  weir::Stream<std::string> source = weir::from_process({"/bin/sh", "-c", command});
  std::string output;
  source.sink([&](const std::string& line) { output += line + '\n'; });
  source.start();
  source.drain();
  return here() + " from_process gives: " + output;
}

/// A command in a task on each worker, started in each way that there is.
void run_start(weir::Client& client, const std::string& command) {
  for (const weir::WorkerInfo& worker : client.workers()) {
    const weir::Options there{.workers = {std::to_string(worker.peer)}, .time_limit = 30s};
    say(client.submit(there, piped, command).result());
    say(client.submit(there, streamed, command).result());
    const weir::program own({"/bin/sh", "-c", command});
    say(worker.host + " program gives: " + client.submit(there, own).result().output);
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  words.resize(std::max<std::size_t>(words.size(), 3));
  if (words[0] == "gang")
    return weir::run(argc, argv, [&](weir::Client& client) { run_gang(client, words[1]); });
  if (words[0] == "ending") return weir::run(argc, argv, run_ending);
  if (words[0] == "start")
    return weir::run(argc, argv, [&](weir::Client& client) { run_start(client, words[1]); });
  try {
    weir::BatchOptions options{.cores = 1, .memory = "200MB", .walltime = "00:05:00"};
    if (words[1] == "hold") options.cores = 4;
    if (words[1] == "outlast") options.walltime = "00:01:00";
    if (const char* keep = std::getenv("TEST_KEEP")) options.keep_jobs = keep;
    if (const char* queue = std::getenv("TEST_QUEUE")) options.queue = queue;
    if (const char* before = std::getenv("TEST_BEFORE")) options.before = {before};
    if (const char* weir = std::getenv("TEST_WEIR")) options.weir = weir;
    if (words[0] == "slurm") {
      weir::SlurmCluster cluster{options};
      run(cluster, words[1], words[2]);
    } else {
      weir::PbsCluster cluster{options};
      run(cluster, words[1], words[2]);
    }
    say("done");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << std::endl;
    return 3;
  }
}
