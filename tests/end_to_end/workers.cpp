// Options of tasks, questions about workers, and tasks that submit tasks.
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "support/cluster_main.hpp"
#include "support/gate.hpp"

using namespace weir::test;
using weir::Client;
using weir::Error;
using weir::ErrorKind;
using weir::Future;
using weir::Options;
using weir::Status;

namespace {

int inc(int x) { return x + 1; }
int where() { return getpid(); }
struct Count {
  std::atomic<int> now{0}, most{0};
};
Count with_licence, beside_waiting;
int counted(Count& count, int x) {
  const int now = ++count.now;
  int seen = count.most;
  while (seen < now && !count.most.compare_exchange_weak(seen, now)) {
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2);
  while (std::chrono::steady_clock::now() < end) {
  }
  --count.now;
  return x;
}
int count_with_licence(int x) { return counted(with_licence, x); }
int count_beside_waiting(int x) { return counted(beside_waiting, x); }
int most() { return with_licence.most; }
int most_beside_waiting() { return beside_waiting.most; }
int wait_for_many() {
  Client here = Client::current();
  std::vector<int> numbers(30);
  return static_cast<int>(here.gather(here.map(count_beside_waiting, numbers)).size());
}
void note(std::string file, std::string text) {
  if (FILE* out = fopen(file.c_str(), "a")) {
    fputs(text.c_str(), out);
    fclose(out);
  }
}
std::string contents(const std::string& file) {
  std::string text;
  if (FILE* in = fopen(file.c_str(), "r")) {
    for (int c = 0; (c = fgetc(in)) != EOF;) text += static_cast<char>(c);
    fclose(in);
  }
  return text;
}

int note_and_wait(std::string file, std::string text, std::string gate) {
  note(file, text);
  return behind_gate(gate);
}

std::uint64_t fib(std::uint64_t n) {
  if (n < 2) return n;
  Client here = Client::current();
  const auto a = here.submit(fib, n - 1);
  const auto b = here.submit(fib, n - 2);
  return a.result() + b.result();
}
int sum_inside(int n) {
  Client here = Client::current();
  std::vector<int> numbers(n);
  for (int i = 0; i < n; ++i) numbers[i] = i;
  int sum = 0;
  for (const int x : here.gather(here.map(inc, numbers))) sum += x;
  const auto data = here.scatter(std::vector<int>(n, 1));
  return sum +
         static_cast<int>(here.submit([](const std::vector<int>& v) { return v.size(); }, data).result());
}
int later(int x) {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  return x;
}
int open_when_done(std::string gate) {
  Client::current().submit(later, 1).on_done([gate](const Future<int>&) { unlink(gate.c_str()); });
  return 0;
}
int call_back_often(int n) {
  Client here = Client::current();
  for (int i = 0; i < n; ++i) here.submit(inc, i).on_done([](const Future<int>&) { weir::test::pause(); });
  return 0;
}
std::string ask_inside(std::string what) {
  try {
    Client here = Client::current();
    if (what == "workers") (void)here.workers();
    if (what == "restart") here.restart();
    if (what == "failure") here.submit([](int) -> int { throw std::runtime_error("inner"); }, 1).result();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "fine";
}

}  // namespace

TEST_CASE("workers have names, hosts, threads and resources") {
  const auto workers = client().workers();
  REQUIRE(!workers.empty());
  for (const auto& worker : workers) {
    CHECK(worker.name == "worker " + std::to_string(worker.peer));
    CHECK_FALSE(worker.host.empty());
    CHECK(worker.threads >= 1);
    CHECK(worker.resources == std::vector<weir::Resource>{{"GPU", 2}, {"licence", 1}});
  }
}

TEST_CASE("wait_for_workers says how many there are") {
  client().wait_for_workers(client().workers().size());
  try {
    client().wait_for_workers(100, "20ms");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::timeout);
    CHECK(std::string(error.what()) ==
          "wait_for_workers: " + std::to_string(client().workers().size()) +
              " of 100 workers have joined within 20ms; start more ranks (weir run -n N) or wait for fewer");
  }
}

TEST_CASE("run_on_workers runs once on each") {
  const auto pids = client().gather(client().run_on_workers(where));
  CHECK(pids.size() == client().workers().size());
  CHECK(std::set<int>(pids.begin(), pids.end()).size() == pids.size());
}

TEST_CASE("run_on_workers does not wait for a slot") {
  Gate gate;
  std::vector<Future<int>> busy;
  for (const auto& worker : client().workers())
    for (std::uint32_t i = 0; i < worker.threads; ++i)
      busy.push_back(client().submit(Options{.workers = {worker.name}}, behind_gate, gate.path()));
  CHECK(client().gather(client().run_on_workers(inc, 1)) == std::vector<int>(client().workers().size(), 2));
  gate.open();
  client().gather(busy);
}

TEST_CASE("what run_on_workers runs has no slot to give away while it waits") {
  for (const int done : client().gather(client().run_on_workers(wait_for_many))) CHECK(done == 30);
  const auto most = client().gather(client().run_on_workers(most_beside_waiting));
  for (std::size_t i = 0; i < most.size(); ++i)
    CHECK(most[i] <= static_cast<int>(client().workers()[i].threads));
}

TEST_CASE("a callback of a task's future is called, though nothing else happens on its worker") {
  int soon = 0;
  for (int i = 0; i < 10; ++i) {
    const Gate gate;
    client().submit(open_when_done, gate.path()).result();
    const auto begin = std::chrono::steady_clock::now();
    while (is_closed(gate.path()) && std::chrono::steady_clock::now() < begin + std::chrono::seconds(10))
      weir::test::pause();
    soon += std::chrono::steady_clock::now() < begin + std::chrono::milliseconds(200);
    REQUIRE_FALSE(is_closed(gate.path()));
  }
  CHECK(soon >= 5);
}

TEST_CASE("run_on_workers works beside callbacks") {
  for (int round = 0; round < 5; ++round) {
    std::vector<Future<int>> all;
    for (const auto& worker : client().workers())
      all.push_back(client().submit(Options{.workers = {worker.name}}, call_back_often, 50));
    for (int i = 0; i < 20; ++i) {
      for (auto& future : client().run_on_workers(inc, i)) all.push_back(future);
      weir::test::pause();
    }
    for (const auto& future : all) REQUIRE(future.wait("20s"));
  }
}

TEST_CASE("workers named in the options run the task, by name or by number") {
  const auto workers = client().workers();
  const auto pids = client().gather(client().run_on_workers(where));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    CHECK(client().submit(Options{.workers = {workers[i].name}}, where).result() == pids[i]);
    CHECK(client().submit(Options{.workers = {std::to_string(workers[i].peer)}}, where).result() == pids[i]);
  }
  CHECK(client().submit(Options{.workers = {"nobody"}, .allow_other_workers = true}, inc, 1).result() == 2);
}

TEST_CASE("a task that no worker may run fails and says why, worker by worker") {
  const auto nowhere = client().submit(Options{.workers = {"nobody"}, .name = "lost"}, inc, 1);
  CHECK_THROWS_WITH(nowhere.result(),
                    Catch::Contains("lost-") &&
                        Catch::Contains("can run on no worker, and none is to come: worker ") &&
                        Catch::Contains("worker 1 on ") &&
                        Catch::Contains("is not among the workers this task may run on"));
  CHECK_THAT(client().explain(nowhere),
             Catch::Contains("is erred") && Catch::Contains("can run on no worker"));
  CHECK_THROWS_WITH(client().submit(Options{.resources = {{"GPU", 3}}}, inc, 1).result(),
                    Catch::Contains("GPU, the task needs 3"));
  CHECK_THROWS_WITH(client().submit(Options{.resources = {{"quantum", 1}}}, inc, 1).result(),
                    Catch::Contains("has 0 quantum"));
}

TEST_CASE("explain says why a task is not running, worker by worker") {
  Gate gate;
  const auto first = client().submit(behind_gate, gate.path());
  const auto second = client().submit(inc, first);
  CHECK_THAT(client().explain(second), Catch::Contains("behind_gate"));
  gate.open();
  second.wait();
  CHECK_THAT(client().explain(second), Catch::Contains("is memory"));
}

TEST_CASE("resources limit how many tasks run at once on a worker") {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 30; ++i)
    futures.push_back(client().submit(Options{.resources = {{"licence", 1}}}, count_with_licence, i));
  for (int i = 0; i < 30; ++i) CHECK(futures[i].result() == i);
  for (const int count : client().gather(client().run_on_workers(most))) CHECK(count <= 1);
}

TEST_CASE("a higher priority runs first") {
  const auto worker = client().workers().front();
  const std::string file = "/tmp/weir-order-" + std::to_string(getpid());
  Gate gate;
  const auto busy = client().submit(Options{.workers = {worker.name}, .resources = {{"licence", 1}}},
                                    note_and_wait, file, "in ", gate.path());
  CHECK(soon([&] { return contents(file) == "in "; }));
  std::vector<Future<void>> notes;
  for (const int priority : {0, 5, -5, 9})
    notes.push_back(client().submit(
        Options{.priority = priority, .workers = {worker.name}, .resources = {{"licence", 1}}}, note, file,
        std::to_string(priority) + " "));
  client().gather(client().run_on_workers(inc, 1));  // by now the worker knows of all of them
  gate.open();
  client().wait(notes);
  CHECK(contents(file) == "in 9 5 0 -5 ");
  unlink(file.c_str());
}

TEST_CASE("fire_and_forget lets a task run to its end") {
  const std::string file = "/tmp/weir-fired-" + std::to_string(getpid());
  client().fire_and_forget(client().submit(note, file, "done"));
  CHECK(soon([&] { return contents(file) == "done"; }));
  unlink(file.c_str());
}

TEST_CASE("tasks submit tasks, however deep, whatever the number of threads") {
  CHECK(client().submit(fib, 13).result() == 233);
  CHECK(client().submit(sum_inside, 100).result() == 5050 + 100);
  std::vector<Future<std::uint64_t>> many;
  for (int i = 0; i < 20; ++i) many.push_back(client().submit(fib, 7));
  for (const auto& future : many) CHECK(future.result() == 13);
}

TEST_CASE("inside a task errors of inner tasks can be caught, and what only rank 0 knows is refused") {
  CHECK_THAT(client().submit(ask_inside, "failure").result(), Catch::Contains("std::runtime_error: inner"));
  if (!on_ranks()) return;
  CHECK_THAT(client().submit(ask_inside, "workers").result(),
             Catch::Contains("workers: only the program's body on rank 0 can ask this"));
  CHECK_THAT(client().submit(ask_inside, "restart").result(),
             Catch::Contains("restart: only the program's body on rank 0 can ask this"));
}

TEST_CASE("restart cancels what there is and goes on") {
  Gate gate;
  const auto kept = client().submit(inc, 1);
  kept.wait();
  const auto running = client().submit(behind_gate, gate.path());
  const auto waiting = client().submit(inc, running);
  client().restart();
  CHECK_THAT(message_of([&] { waiting.result(); }), Catch::Contains("the cluster was restarted"));
  CHECK(running.status() == Status::cancelled);
  gate.open();
  CHECK(client().submit(inc, 41).result() == 42);
}

// The last test: a worker is gone afterwards.
TEST_CASE("retire moves a worker's results to others and ends it") {
  const auto workers = client().workers();
  if (workers.size() < 2) {
    CHECK_THAT(message_of([&] { client().retire(workers.front().peer); }),
               Catch::Contains("is the only one; its results would have nowhere to go"));
    CHECK_THAT(message_of([&] { client().retire(77); }), Catch::Contains("retire: there is no worker 77"));
    return;
  }
  std::vector<Future<std::vector<int>>> results;
  for (int i = 0; i < 50; ++i)
    results.push_back(client().submit(
        Options{.workers = {workers.back().name}}, [](int x) { return std::vector<int>(2000, x); }, i));
  client().wait(results);
  const int pid = client().submit(Options{.workers = {workers.back().name}}, where).result();
  client().retire(workers.back().peer, "10s");
  CHECK(client().workers().size() == workers.size() - 1);
  CHECK(eventually([&] { return !is_running(pid); }));
  for (int i = 0; i < 50; ++i) CHECK(results[i].result() == std::vector<int>(2000, i));
  CHECK(client().submit(inc, 1).result() == 2);
}
