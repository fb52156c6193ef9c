// Variables, queues, locks, events and published results, from tasks and from the body.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "support/cluster_main.hpp"
#include "weir/coordination.hpp"
#include "weir/ending.hpp"

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
bool wait_in_crowd(int ms) {
  weir::SharedQueue<int>("here").put(ms);
  const bool was_set = weir::Event("crowd").wait(std::chrono::milliseconds(ms));
  if (weir::cancelled()) weir::SharedQueue<int>("left").put(ms);
  return was_set;
}
int read_in_crowd(std::string name, int ms) {
  weir::SharedQueue<int>("reading").put(ms);
  try {
    return weir::published<int>(name).result(std::chrono::milliseconds(ms));
  } catch (const weir::TaskError&) {
    return -1;
  } catch (const weir::Error& error) {
    if (error.kind() != weir::ErrorKind::timeout) throw;
    return -2;
  }
}
int wait_without_limit(std::string name) {
  weir::SharedQueue<int>("reading").put(0);
  return weir::published<int>(name).result();
}
int give_when_told(int x) {
  if (!weir::Event("give").wait(60s)) throw std::runtime_error("not told");
  return x;
}
int twice(int x) { return 2 * x; }
int sum_of_children(int count) {
  int sum = 0;
  for (const int x : weir::Client::current().gather(
           weir::Client::current().map(twice, std::vector<int>(static_cast<std::size_t>(count), 1))))
    sum += x;
  return sum;
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
        "Lock: 'held' is held by the program's own process (waited 20ms)");
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

TEST_CASE("of many tasks that wait each goes on at its deadline, when nobody wants it, and when it is told") {
  const auto long_ones = client().map(wait_in_crowd, std::vector<int>(30, 600'000));
  const auto short_ones = client().map(wait_in_crowd, std::vector<int>(10, 50));
  weir::SharedQueue<int> here("here"), left("left");
  for (int i = 0; i < 40; ++i) (void)here.get(60s);
  CHECK(client().gather(short_ones) == std::vector<bool>(10, false));
  for (int i = 0; i < 30; i += 3) long_ones[i].cancel();
  for (int i = 0; i < 30; i += 3) REQUIRE(left.get(60s) == 600'000);
  weir::Event("crowd").set();
  for (int i = 0; i < 30; ++i)
    if (i % 3 != 0) CHECK(long_ones[i].result("60s"));
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

TEST_CASE("many tasks and threads wait for one result while others go on") {
  constexpr int count = 300;  // more than a worker has slots with pockets
  weir::SharedQueue<int> reading("reading");
  const auto await_readers = [&](int readers) {
    for (int i = 0; i < readers; ++i) (void)reading.get(60s);
  };
  const Future<int> late = client().submit(give_when_told, 7);
  weir::publish("late", late);
  std::vector<Future<int>> readers;
  for (int i = 0; i < count; ++i) readers.push_back(client().submit(wait_without_limit, std::string("late")));
  await_readers(count);
  std::vector<int> read(5, 0);
  std::vector<std::thread> threads;
  for (int& here : read) threads.emplace_back([&here, late] { here = late.result(); });

  for (int i = 0; i < 50; ++i)
    REQUIRE(client().submit(weir::Options{.priority = 1}, twice, i).result() == 2 * i);
  CHECK(client().submit(weir::Options{.priority = 1}, sum_of_children, 100).result() == 200);
  std::vector<Future<int>> impatient, given_up;
  for (int i = 0; i < 10; ++i) impatient.push_back(client().submit(read_in_crowd, std::string("late"), 30));
  CHECK(client().gather(impatient) == std::vector<int>(10, -2));
  await_readers(10);

  const Future<int> never = client().submit(give_when_told, 8);
  weir::publish("never given", never);
  for (int i = 0; i < 10; ++i)
    given_up.push_back(client().submit(read_in_crowd, std::string("never given"), 60'000));
  await_readers(10);
  never.cancel();
  CHECK(client().gather(given_up) == std::vector<int>(10, -1));

  weir::Event("give").set();
  CHECK(client().gather(readers) == std::vector<int>(count, 7));
  for (std::thread& thread : threads) thread.join();
  CHECK(read == std::vector<int>(5, 7));
  CHECK(client().submit(sum_of_children, 100).result() == 200);
  weir::Event("give").clear();
  weir::unpublish("late");
  weir::unpublish("never given");
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

namespace {

class Counter {
 public:
  explicit Counter(int start = 0, std::string flag = {}) : value_(start), flag_(std::move(flag)) {
    if (start < 0) throw std::invalid_argument("a counter starts at 0 or more");
  }
  Counter(const Counter&) = delete;
  ~Counter() {
    if (!flag_.empty()) unlink(flag_.c_str());
  }
  int add(int x) {
    const int now = ++inside_;
    if (now != 1) throw std::logic_error("two calls at once");
    if (x < 0) {
      --inside_;
      throw std::out_of_range("only upwards");
    }
    value_ += x;
    --inside_;
    return value_;
  }
  [[nodiscard]] int value() const { return value_; }
  int die() { return on_ranks() ? raise(SIGKILL) : 0; }

 private:
  int value_;
  std::string flag_;
  std::atomic<int> inside_{0};
};

int add_often(weir::Actor<Counter> counter, int times) {
  int last = 0;
  for (int i = 0; i < times; ++i) {
    const int now = counter.call(&Counter::add, 1).result();
    if (now <= last) throw std::logic_error("out of order");
    last = now;
  }
  return last;
}
int fails(int) { throw std::runtime_error("no input"); }
int wait_and_give(int x) {
  if (!weir::Event("actor goes on").wait(60s)) throw std::runtime_error("not started");
  return x;
}

}  // namespace

TEST_CASE("calls of an actor run in order, one at a time") {
  const auto counter = client().actor<Counter>(10);
  std::vector<Future<int>> calls;
  for (int i = 0; i < 300; ++i) calls.push_back(counter.call(&Counter::add, 1));
  const std::vector<int> results = client().gather(calls);
  for (int i = 0; i < 300; ++i) REQUIRE(results[static_cast<std::size_t>(i)] == 11 + i);
  CHECK(counter.call(&Counter::value).result() == 310);
  CHECK(counter.call([](Counter& it, double x) { return it.value() * x; }, 2).result() == 620);
  // Callers of their own: tasks that were given the handle.
  std::vector<Future<int>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(client().submit(add_often, counter, 25));
  client().gather(tasks);
  CHECK(counter.call(&Counter::value).result() == 410);
}

TEST_CASE("a call whose future is dropped is made, and the next waits for inputs of the one before") {
  const auto counter = client().actor<Counter>();
  const auto late = client().submit(wait_and_give, 5);
  counter.call(&Counter::add, late);
  const auto next = counter.call(&Counter::add, 1);
  CHECK_FALSE(next.wait(20ms));
  weir::Event("actor goes on").set();
  CHECK(next.result() == 6);
}

TEST_CASE("what fails is its call alone") {
  const auto counter = client().actor<Counter>(1);
  const auto thrown = counter.call(&Counter::add, -1);
  const auto behind = counter.call(&Counter::add, 1);
  const auto without = counter.call(&Counter::add, client().submit(fails, 1));
  const auto last = counter.call(&Counter::add, 1);
  CHECK(last.result() == 3);
  CHECK(behind.result() == 2);
  CHECK(message_of([&] { (void)thrown.result(); }).find("only upwards") != std::string::npos);
  CHECK(message_of([&] { (void)without.result(); }).find("no input") != std::string::npos);
  const auto never = client().actor<Counter>(-1);
  CHECK(message_of([&] {
          (void)never.call(&Counter::value).result();
        }).find("a counter starts at 0 or more") != std::string::npos);
  CHECK(message_of([] { (void)weir::Actor<Counter>().call(&Counter::value); }) ==
        "call: this handle is of no actor (default-constructed or moved from); use what "
        "client.actor<T>(...) returned");
}

TEST_CASE("an actor ends with its handle") {
  std::string flag = "/tmp/weir_actor_XXXXXX";
  close(mkstemp(flag.data()));
  weir::Actor<Counter> borrowed;
  Future<int> kept;
  {
    const auto counter = client().actor<Counter>(1, flag);
    kept = counter.call(&Counter::add, 1);
    weir::Variable<weir::Actor<Counter>>("counter").set(counter);
    borrowed = weir::Variable<weir::Actor<Counter>>("counter").get();
    CHECK(borrowed.call(&Counter::add, 1).result() > 1);
  }
  CHECK(kept.result() > 1);
  CHECK(soon([&] { return access(flag.c_str(), F_OK) != 0; }));
  CHECK(message_of([&] {
          (void)borrowed.call(&Counter::value).result();
        }).find("the actor has ended, with its first handle; keep that while others call it") !=
        std::string::npos);
}

TEST_CASE("an actor fails with its worker, or is made again") {
  if (!on_ranks()) return;
  const auto again = client().actor<Counter>(weir::OnDeath::rebuild, 5);
  const auto other = client().actor<Counter>(7);  // on the other worker
  CHECK(again.call(&Counter::add, 1).result() == 6);
  CHECK(other.call(&Counter::add, 1).result() == 8);
  const auto before = other.call(&Counter::value);
  client().wait(std::vector{before});
  // Three deaths would make it an error of the call: it dies once.
  std::string flag = "/tmp/weir_actor_XXXXXX";
  close(mkstemp(flag.data()));
  const auto deadly = again.call(
      [](Counter& it, const std::string& path) {
        if (unlink(path.c_str()) == 0) return it.die();
        return it.add(1);
      },
      flag);
  CHECK(deadly.result() == 6);
  CHECK(again.call(&Counter::add, 1).result() == 7);
  CHECK(before.result() == 8);
  CHECK(other.call(&Counter::value).result() == 8);
  const auto mortal = client().actor<Counter>(1);
  const std::string why = message_of([&] { (void)mortal.call(&Counter::die).result(); });
  CHECK(why.find("the actor was on ") != std::string::npos);
  CHECK(why.find("make it again, or with weir::OnDeath::rebuild") != std::string::npos);
  CHECK(message_of([&] { (void)mortal.call(&Counter::value).result(); }).find("its state has gone") !=
        std::string::npos);
}
