// Tasks that submit tasks and wait for them.
#include <unistd.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>

#include "support/cluster_main.hpp"

using namespace weir;
using weir::test::client;

namespace {

std::atomic<int> peak{0};

int threads_now() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (int threads = 0; word == "Threads:" && status >> threads) return threads;
  return 0;
}

int fib(int n) {
  int seen = peak;
  for (const int now = threads_now(); now > seen && !peak.compare_exchange_weak(seen, now);) {
  }
  if (n < 2) return n;
  auto here = Client::current();
  const auto a = here.submit(fib, n - 1), b = here.submit(fib, n - 2);
  return a.result() + b.result();
}

int small_fib(int n) {
  if (n < 2) return n;
  auto here = Client::current();
  const auto a = here.submit(small_fib, n - 1), b = here.submit(small_fib, n - 2);
  return a.result() + b.result();
}

int peak_threads() { return peak; }

int deep(int n) { return n == 0 ? 0 : 1 + Client::current().submit(deep, n - 1).result(); }

}  // namespace

TEST_CASE("nested tasks that wait are run by the threads that wait") {
  CHECK(client().submit(fib, 13).result() == 233);  // 753 tasks
  for (const auto& threads : client().run_on_workers(peak_threads)) CHECK(threads.result() < 60);
}

TEST_CASE("a chain of waiting tasks that is deeper than one stack carries comes to its end") {
  CHECK(client().submit(deep, 80).result() == 80);
}

TEST_CASE("nested tasks that a program's body waits for never stand still") {
  if (weir::test::on_ranks()) return;
  ::alarm(120);  // it would wait for ever
  int right = 0;
  for (int i = 0; i < 300; ++i) right += client().submit(small_fib, 15).result() == 610;
  ::alarm(0);
  CHECK(right == 300);
}
