// Time limits, tasks that ask whether they are wanted, and programs as tasks.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <thread>

#include "support/cluster_main.hpp"
#include "weir/ending.hpp"
#include "weir/journal.hpp"
#include "weir/program.hpp"

using namespace weir::test;
using namespace std::chrono_literals;
using weir::Error;
using weir::ErrorKind;
using weir::Future;
using weir::Options;
using weir::TaskError;

namespace {

std::string failure_of(const auto& future) {
  try {
    future.result();
  } catch (const TaskError& error) {
    return std::string(weir::to_string(error.kind())) + ": " + error.failure().message;
  }
  return "no error";
}

int polite(int x) {
  while (!weir::cancelled()) std::this_thread::sleep_for(1ms);
  return x;
}
int deaf(std::string flag) {
  std::ofstream(flag) << getpid();
  for (int i = 0; i < 2000; ++i) std::this_thread::sleep_for(10ms);
  return 0;
}
int left_ms() {
  const auto left = weir::time_left();
  return left ? static_cast<int>(*left / 1ms) : -1;
}
int nested_polite(int x) {
  return weir::Client::current().submit(Options{.time_limit = 50ms}, polite, x).result();
}
int slow_child(int x) {
  std::this_thread::sleep_for(2s);
  return x;
}
int waits_for_child(int x) { return weir::Client::current().submit(slow_child, x).result(); }
int waits_at_most(int x) {
  const auto start = std::chrono::steady_clock::now();
  const auto child = weir::Client::current().submit(slow_child, x);
  const bool is_done = child.wait("100ms");
  return is_done ? -1 : static_cast<int>((std::chrono::steady_clock::now() - start) / 1ms);
}
bool is_gone(const std::string& file) {
  for (int i = 0; i < 1000; ++i) {
    pid_t pid = 0;
    std::ifstream(file) >> pid;
    if (pid > 0 && kill(pid, 0) != 0) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}
std::string new_file() {
  std::string name = "/tmp/weir_ends_XXXXXX";
  close(mkstemp(name.data()));
  return name;
}

}  // namespace

TEST_CASE("a task beyond its time limit is an error that says so, though it brings a result") {
  const Future<int> future = client().submit(Options{.time_limit = 100ms}, polite, 7);
  CHECK(failure_of(future) == "timeout: it was not done within its time limit of 100ms");
  CHECK(client().submit(Options{.time_limit = 1h}, [] { return 8; }).result() == 8);
  CHECK(failure_of(client().submit(nested_polite, 1)).find("time limit of 50ms") != std::string::npos);
}

TEST_CASE(
    "a task that waits for another ends with its time limit, and so does a wait, with their workers alive") {
  const std::size_t workers = client().workers().size();
  const auto start = std::chrono::steady_clock::now();
  CHECK(failure_of(client().submit(Options{.time_limit = "100ms"}, waits_for_child, 7)) ==
        "timeout: it was not done within its time limit of 100ms: it still waited for another task");
  CHECK(client().submit(waits_at_most, 7).result() < 1900);
  CHECK(std::chrono::steady_clock::now() - start < 1900ms);
  CHECK(client().submit(Options{.time_limit = "1h"}, waits_for_child, 7).result() == 7);
  CHECK(client().workers().size() == workers);
}

TEST_CASE("a task knows how much time it has left") {
  CHECK(client().submit(left_ms).result() == -1);
  const int left = client().submit(Options{.time_limit = 100s}, left_ms).result();
  CHECK(left > 0);
  CHECK(left <= 100'000);
  CHECK_FALSE(weir::cancelled());
}

TEST_CASE("a running task is told when it is cancelled, and one that is wanted again runs again") {
  const std::string file = new_file();
  const Future<int> future = client().submit(
      [](std::string name) {
        std::ofstream(name, std::ios::app) << "run\n" << std::flush;
        if (std::ifstream(name + ".done")) return 1;
        while (!weir::cancelled()) std::this_thread::sleep_for(1ms);
        std::ofstream(name + ".done") << "x";
        return 0;
      },
      file);
  while (std::ifstream(file).peek() == EOF) std::this_thread::sleep_for(1ms);
  future.cancel();
  while (!std::ifstream(file + ".done")) std::this_thread::sleep_for(1ms);
  future.retry();
  CHECK(future.result() == 1);
  unlink(file.c_str());
  unlink((file + ".done").c_str());
}

TEST_CASE("a program is a task: output, status, limits, retries") {
  CHECK(client().submit(weir::program{"echo", "hello"}).result().output == "hello\n");
  std::vector<std::string> outputs;
  for (const auto& future : client().map(weir::program{"echo", "seed={}"}, std::vector{1, 2, 3}))
    outputs.push_back(future.result().output);
  CHECK(outputs == std::vector<std::string>{"seed=1\n", "seed=2\n", "seed=3\n"});
  CHECK(failure_of(client().submit(weir::program{"sh", "-c", "echo no >&2; exit 3"})) ==
        "task_failed: program: 'sh -c echo no >&2; exit 3' ended with status 3: no");
  const std::string file = new_file();
  const std::string once = "echo x >> " + file + "; test $(wc -l < " + file + ") = 3";
  CHECK(client().submit(Options{.retries = 2}, weir::program{"sh", "-c", once}).result().status == 0);
  CHECK(
      failure_of(client().submit(Options{.time_limit = 100ms}, weir::program{"sleep", "1000"}))
          .find("timeout: it was not done within its time limit of 100ms: program: 'sleep 1000' was ended") ==
      0);
  unlink(file.c_str());
  const Future<weir::ProgramResult> running =
      client().submit(weir::program{"sh", "-c", "echo $$ > " + file + "; exec sleep 1000"});
  while (std::ifstream(file).peek() == EOF) std::this_thread::sleep_for(1ms);
  running.cancel();
  CHECK(is_gone(file));
  unlink(file.c_str());
}

TEST_CASE("on_ending wants a function, and the body") {
  CHECK_THROWS_WITH(weir::on_ending({}), "on_ending: the function must not be empty (got none)");
  CHECK(failure_of(client().submit([] { weir::on_ending([](auto, auto) {}); }))
            .find("on_ending: only the "
                  "program's body") != std::string::npos);
}

TEST_CASE("a task that does not stop is ended, and nobody else is hurt") {
  const std::string file = new_file();
  const Future<int> future = client().submit(Options{.time_limit = 100ms}, deaf, file);
  const std::string failure = failure_of(future);
  INFO(failure);
  CHECK(failure.find("it was not done within its time limit of 100ms, and did not stop at weir::cancelled() "
                     "within 200ms; its ") != std::string::npos);
  pid_t where = 0;
  std::ifstream(file) >> where;
  if (where != getpid()) {
    CHECK(failure.find("its worker is ended") != std::string::npos);
    CHECK(is_gone(file));
  } else {
    CHECK(failure.find("its thread is left to itself") != std::string::npos);
  }
  std::vector<int> numbers(50);
  CHECK(client().gather(client().map([](int x) { return x + 1; }, numbers)) == std::vector<int>(50, 1));
  unlink(file.c_str());
}
