// Variables, queues, locks, events and published results, from tasks and from the body.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>

#include "support/cluster_main.hpp"
#include "weir/coordination.hpp"

using namespace weir::test;
using namespace std::chrono_literals;
using weir::Future;
using weir::Lease;

namespace {

int add_under_lock(int x) {
  const Lease here = weir::Lock("sum").acquire(60s);
  weir::Variable<int> sum("sum");
  const int now = sum.get(60s) + x;
  sum.set(now);
  return now;
}
int take_one(int) { return weir::SharedQueue<int>("work", 3).get(60s); }
void wait_for_start() {
  if (!weir::Event("start").wait(60s)) throw std::runtime_error("not started");
}
int hold_and_die(std::string flag) {
  const Lease here = weir::Lock("deadly").acquire(60s);
  if (!std::ifstream(flag)) {
    std::ofstream(flag) << "x" << std::flush;
    if (on_ranks()) raise(SIGKILL);
  }
  return 1;
}
int lock_deadly(int x) {
  const Lease here = weir::Lock("deadly").acquire(60s);
  return x;
}
std::vector<int> numbers() { return {1, 2, 3}; }

}  // namespace

TEST_CASE("tasks change one variable under one lock") {
  weir::Variable<int>("sum").set(0);
  std::vector<int> ones(20, 1);
  client().gather(client().map(add_under_lock, ones));
  CHECK(weir::Variable<int>("sum").get() == 20);
  CHECK(message_of([] { (void)weir::Variable<double>("sum").get(); }) ==
        "Variable: variable 'sum' is one of int (got double)");
}

TEST_CASE("a wait has a deadline that says what was waited for") {
  CHECK(message_of([] { (void)weir::Variable<int>("none").get(20ms); }) ==
        "Variable: 'none' has no value (waited 20ms)");
  CHECK(message_of([] { weir::SharedQueue<int>("none").get(20ms); }) ==
        "SharedQueue: 'none' is empty (waited 20ms)");
  const Lease held = weir::Lock("held").acquire();
  CHECK(message_of([] { (void)weir::Lock("held").acquire(20ms); }) ==
        "Lock: 'held' is held by the program's body (waited 20ms)");
  CHECK_FALSE(weir::Event("never").wait(20ms));
  CHECK(message_of([] { weir::Semaphore("none", 0); }) ==
        "Semaphore: 'none' must have at least 1 lease (got 0)");
  CHECK(message_of([] { weir::Variable<int>("").set(1); }) ==
        "Variable: the name must not be empty (got none)");
}

TEST_CASE("waiting tasks give their slots away") {
  std::vector<Future<void>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(client().submit(wait_for_start));
  CHECK(client().submit([](int x) { return x + 1; }, 1).result() == 2);
  client().submit([] { weir::Event("start").set(); }).result();
  client().gather(waiting);
  CHECK(weir::Event("start").is_set());
}

TEST_CASE("a queue with a limit feeds tasks in order") {
  const auto taken = client().map(take_one, std::vector<int>(10));
  weir::SharedQueue<int> work("work", 3);
  for (int i = 0; i < 10; ++i) work.put(i, 60s);
  std::vector<int> all = client().gather(taken);
  std::sort(all.begin(), all.end());
  CHECK(all == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(work.size() == 0);
}

TEST_CASE("a published result is found by tasks and the body") {
  weir::publish("numbers", client().submit(numbers));
  CHECK(
      client().submit([] { return weir::published<std::vector<int>>("numbers").result().size(); }).result() ==
      3);
  CHECK(weir::published<std::vector<int>>("numbers").result() == numbers());
  CHECK(weir::published_names() == std::vector<std::string>{"numbers"});
  CHECK(weir::unpublish("numbers"));
  CHECK_FALSE(weir::unpublish("numbers"));
  CHECK(message_of([] { (void)weir::published<int>("numbers"); }) ==
        "published: 'numbers' has not been published (waited 0s)");
}

TEST_CASE("the lease of a worker that is killed goes to the next") {
  std::string flag = "/tmp/weir_lease_XXXXXX";
  close(mkstemp(flag.data()));
  unlink(flag.c_str());
  const auto deadly = client().submit(hold_and_die, flag);
  const auto others = client().map(lock_deadly, std::vector{1, 2, 3});
  CHECK(client().gather(others) == std::vector{1, 2, 3});
  CHECK(deadly.result() == 1);
  unlink(flag.c_str());
}
