// What a task's own tasks do, whoever runs them.
#include <atomic>
#include <catch2/catch.hpp>
#include <numeric>
#include <thread>

#include "support/cluster_main.hpp"

using namespace weir;
using weir::test::client;
using weir::test::message_of;
using weir::test::on_ranks;
using Lines = std::vector<std::string>;

namespace {

std::atomic<int> attempts{0}, done{0}, begun{0};

int twice(int x) {
  if (x < 0) throw std::out_of_range("below zero");
  return 2 * x;
}
int third_time(int x) { return ++attempts < 3 ? throw std::runtime_error("not yet") : x; }
double sum(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}
std::vector<double> ones(std::size_t count) { return std::vector<double>(count, 1); }

Lines failures(int) {
  auto here = Client::current();
  Lines lines;
  const auto bad = here.submit(twice, -1);
  try {
    (void)bad.result();
  } catch (const TaskError& error) {
    const Failure& failure = error.failure();
    lines = {failure.type, failure.message, failure.worker.empty() ? "nowhere" : "somewhere",
             failure.task == bad.id() ? "itself" : "another"};
  }
  lines.emplace_back(to_string(bad.status()));
  bad.retry();
  lines.push_back(message_of([&] { (void)bad.result(); }).find("below zero") != std::string::npos ? "again"
                                                                                                  : "");
  try {
    (void)here.submit(twice, bad).result();
  } catch (const TaskError& error) {
    lines.push_back(error.failure().message);
  }
  return lines;
}

int tried_again(int x) {
  const auto task = Client::current().submit(third_time, x);
  for (int i = 0; i < 2; ++i) {
    CHECK_THROWS_AS(task.result(), TaskError);
    task.retry();
  }
  return task.result();
}

Lines dropped(int) {
  auto here = Client::current();
  Lines lines;
  const auto early = here.submit(twice, 4), late = here.submit(twice, 5);
  lines.push_back(std::to_string(late.result()));
  for (const auto& task : {early, late}) {
    task.cancel("enough");
    lines.emplace_back(to_string(task.status()));
    task.retry();
    lines.push_back(std::to_string(task.result()));
  }
  return lines;
}

std::vector<double> inputs(int) {
  auto here = Client::current();
  const auto known = here.submit(twice, 1), held = here.submit(twice, 3);
  const auto large = here.submit(ones, std::size_t{100'000});
  std::vector<double> results{double(known.result()), sum(large.result())};
  results.push_back(here.submit(twice, known).result());
  results.push_back(here.submit(twice, held).result());
  results.push_back(here.submit(sum, large).result());
  results.push_back(held.result());
  return results;
}

int waits_otherwise(int x) {
  auto here = Client::current();
  const auto a = here.submit(twice, x), b = here.submit(twice, x + 1);
  if (!here.wait(std::vector{a, b}, Until::first)) return -1;
  const auto c = here.submit(twice, x + 2);
  if (!c.wait(Duration(std::chrono::seconds(20)))) return -2;
  int in_order = 0;
  for (const int result : here.gather(here.map(twice, std::vector<int>(100, x)))) in_order += result;
  return in_order + a.result() + b.result() + c.result();
}

int leaves_behind(int count) {
  auto here = Client::current();
  for (int i = 0; i < count; ++i) here.fire_and_forget(here.submit([] { return ++done; }));
  return count;
}

bool meet(int) {
  ++begun;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (begun < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return begun == 2;
}
bool both_run(int) {
  begun = 0;
  auto here = Client::current();
  const auto a = here.submit(meet, 1), b = here.submit(meet, 2);
  return a.result() && b.result();
}

bool told(int) {
  auto here = Client::current();
  begun = 0;
  const auto child = here.submit([] {
    ++begun;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!weir::cancelled() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return weir::cancelled();
  });
  std::thread other([&] {
    while (begun == 0) std::this_thread::yield();
    child.cancel();
  });
  CHECK_THROWS_AS(child.result(), TaskError);
  other.join();
  return true;
}

}  // namespace

TEST_CASE("a task's own tasks fail as others do") {
  CHECK(client().submit(failures, 0).result() ==
        Lines{"std::out_of_range", "below zero", "somewhere", "itself", "error", "again", "below zero"});
  if (on_ranks()) return;  // the attempts are counted in one process
  attempts = 0;
  CHECK(client().submit(tried_again, 7).result() == 7);
}

TEST_CASE("a task's own tasks are cancelled and wanted again as others are") {
  if (on_ranks()) return;  // the news of a cancellation may come after `retry` there
  CHECK(client().submit(dropped, 0).result() == Lines{"10", "cancelled", "8", "cancelled", "10"});
  CHECK(client().submit(told, 0).result());
}

TEST_CASE("results of a task's own tasks are inputs of others") {
  CHECK(client().submit(inputs, 0).result() == std::vector<double>{2, 1e5, 4, 12, 1e5, 6});
}

TEST_CASE("a task may wait for its own tasks in every way") {
  CHECK(client().submit(waits_otherwise, 1).result() == 200 + 2 + 4 + 6);
}

TEST_CASE("what a task leaves behind is run") {
  if (on_ranks()) return;
  done = 0;
  CHECK(client().submit(leaves_behind, 100).result() == 100);
  CHECK(weir::test::soon([] { return done == 100; }));
}

TEST_CASE("of two tasks of a task another thread takes one") {
  if (on_ranks() || client().workers().front().threads < 2) return;
  for (int i = 0; i < 20; ++i) CHECK(client().submit(both_run, i).result());
}

TEST_CASE("tasks that their parents have run are counted") {
  if (on_ranks()) return;
  const auto finished = [] { return client().workers().front().finished; };
  const auto before = finished();
  CHECK(client().submit(waits_otherwise, 1).result() == 212);
  CHECK(finished() == before + 104);
}
