// What tasks share by name while workers that hold it, wait for it or have given it are killed.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/cluster_main.hpp"
#include "weir/coordination.hpp"

using namespace weir::test;
using namespace std::chrono_literals;
using weir::Lease;
using weir::SharedQueue;

namespace {

/// True for the first of all that ask: two deaths more would make an error of the task.
bool is_first(const std::string& name) {
  const Lease alone = weir::Lock(name + " alone").acquire(60s);
  weir::Variable<int> asked(name);
  const int number = asked.get(60s);
  asked.set(number + 1);
  return number == 0;
}

int hold_one_of_two(int x) {
  const bool dies = x < 2 && is_first("holder " + std::to_string(x));
  const Lease here = weir::Semaphore("two", 2).acquire(60s);
  weir::Variable<int> inside("inside");
  {
    const Lease alone = weir::Lock("inside").acquire(60s);
    inside.set(inside.get(60s) + 1);
    if (inside.get() > 2) throw std::logic_error("three holders of two leases");
    inside.set(inside.get() - 1);
  }
  if (dies) raise(SIGKILL);
  return x;
}

int take_or_die(int x) {
  if (x == 0 && is_first("taker")) {
    SharedQueue<int>("waiting").put(getpid());
    return SharedQueue<int>("elements").get(60s);
  }
  return SharedQueue<int>("elements").get(60s);
}

int put_and_die(int x) {
  SharedQueue<int>("given").put(x);
  if (is_first("giver")) raise(SIGKILL);
  return x;
}

int wait_for_it(int x) {
  if (is_first("waiter")) SharedQueue<int>("waiting").put(getpid());
  if (!weir::Event("it").wait(60s)) throw std::runtime_error("it did not come");
  return x;
}

std::vector<double> grid(int size) { return std::vector<double>(static_cast<std::size_t>(size), 0.5); }
int pid_of_worker() { return getpid(); }
double sum_of_grid(int) {
  double sum = 0;
  for (const double x : weir::published<std::vector<double>>("grid").result()) sum += x;
  return sum;
}
int seven_when_told() {
  if (!weir::Event("seven").wait(60s)) throw std::runtime_error("not told");
  return 7;
}
int wait_for_seven(int x) {
  if (is_first("reader")) SharedQueue<int>("waiting").put(getpid());
  return weir::published<int>("seven").result() + 0 * x;
}
int publish_and_wait(int x) {
  if (is_first("publisher")) {
    weir::publish("of a task", weir::Client::current().submit(grid, x));
    SharedQueue<int>("waiting").put(getpid());
    weir::Event("never").wait(60s);
  }
  return x;
}

int lock_or_die(int x) {
  if (x == 0 && is_first("locker")) SharedQueue<int>("waiting").put(getpid());
  const Lease alone = weir::Lock("given to the dead").acquire(60s);
  return x;
}

bool is_stopped(int pid) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::string stat;
    std::getline(std::ifstream(thread.path() / "stat"), stat);
    if (stat.find(") T ") == std::string::npos) return false;
  }
  return true;
}

void end_worker(int pid) {
  const std::size_t before = client().workers().size();
  kill(pid, SIGKILL);
  CHECK(soon([&] { return client().workers().size() < before; }));
}

void kill_waiting() {
  const int pid = SharedQueue<int>("waiting").get(60s);
  std::this_thread::sleep_for(50ms);  // it begins to wait
  end_worker(pid);
}

}  // namespace

TEST_CASE("the leases of a semaphore whose holders die go to the next") {
  for (const char* name : {"holder 0", "holder 1", "inside"}) weir::Variable<int>(name).set(0);
  const std::vector all{0, 1, 2, 3, 4, 5, 6, 7};
  CHECK(client().gather(client().map(hold_one_of_two, all)) == all);
  const Lease one = weir::Semaphore("two", 2).acquire(10s), two = weir::Semaphore("two", 2).acquire(10s);
  CHECK(message_of([] { (void)weir::Semaphore("two", 2).acquire(20ms); }).find("(waited 20ms)") !=
        std::string::npos);
}

TEST_CASE("an element goes past a dead taker, and what a dead worker has put is there") {
  weir::Variable<int>("taker").set(0);
  const auto taken = client().map(take_or_die, std::vector{0, 1});
  kill_waiting();
  SharedQueue<int>("elements").put(1);
  SharedQueue<int>("elements").put(2);
  int sum = 0;
  for (const int x : client().gather(taken)) sum += x;
  CHECK(sum == 3);
  CHECK(SharedQueue<int>("elements").size() == 0);

  weir::Variable<int>("giver").set(0);
  CHECK(client().submit(put_and_die, 7).result() == 7);
  CHECK(SharedQueue<int>("given").get(10s) == 7);
  CHECK(SharedQueue<int>("given").get(10s) == 7);  // of the second run
}

TEST_CASE("tasks that wait for one result on a worker that is killed wait for it elsewhere") {
  weir::Variable<int>("reader").set(0);
  weir::publish("seven", client().submit(seven_when_told));
  const auto readers = client().map(wait_for_seven, std::vector<int>(40, 1));
  kill_waiting();
  CHECK(client().submit(weir::Options{.priority = 1}, [] { return 1; }).result() == 1);
  weir::Event("seven").set();
  CHECK(client().gather(readers) == std::vector<int>(40, 7));
  weir::unpublish("seven");
}

TEST_CASE("what is given to a worker before its death is noticed goes to the next") {
  weir::Variable<int>("taker").set(0);
  weir::Variable<int>("locker").set(0);
  weir::Variable<int>("waiter").set(0);
  // One that is stopped takes nothing any more, and looks alive for a while.
  const auto given_to_the_dead = [](auto&& give) {
    const int pid = SharedQueue<int>("waiting").get(60s);
    std::this_thread::sleep_for(50ms);  // it begins to wait
    kill(pid, SIGSTOP);
    CHECK(soon([&] { return is_stopped(pid); }));
    give();
    end_worker(pid);
  };
  const auto taken = client().map(take_or_die, std::vector{0, 1});
  given_to_the_dead([] {
    SharedQueue<int>("elements").put(1);
    SharedQueue<int>("elements").put(2);
  });
  int sum = 0;
  for (const int x : client().gather(taken)) sum += x;
  CHECK(sum == 3);
  CHECK(SharedQueue<int>("elements").size() == 0);

  Lease mine = weir::Lock("given to the dead").acquire();
  const auto locking = client().map(lock_or_die, std::vector{0, 1, 2});
  given_to_the_dead([&] { mine.release(); });
  CHECK(client().gather(locking) == std::vector{0, 1, 2});

  weir::Event("it").clear();
  const auto waiting = client().map(wait_for_it, std::vector{1, 2});
  given_to_the_dead([] { weir::Event("it").set(); });
  CHECK(client().gather(waiting) == std::vector{1, 2});
}

TEST_CASE("who waits for an event is woken though another that waited has died") {
  weir::Variable<int>("waiter").set(0);
  const auto waiting = client().map(wait_for_it, std::vector{1, 2, 3, 4});
  kill_waiting();
  weir::Event("it").set();
  CHECK(client().gather(waiting) == std::vector{1, 2, 3, 4});
}

TEST_CASE("what the body has published is computed again, what a dead worker has published is gone") {
  weir::publish("grid", client().submit(grid, 1000));
  CHECK(client().submit(sum_of_grid, 0).result() == 500);
  end_worker(client().submit(pid_of_worker).result());  // perhaps that of the holder
  CHECK(client().submit(sum_of_grid, 1).result() == 500);

  weir::Variable<int>("publisher").set(0);
  const auto publishing = client().submit(publish_and_wait, 10);
  kill_waiting();
  CHECK(publishing.result() == 10);
  CHECK(soon([] { return weir::published_names() == std::vector<std::string>{"grid"}; }));
  CHECK(message_of([] { (void)weir::published<std::vector<double>>("of a task", 20ms); }) ==
        "published: 'of a task' has not been published (waited 20ms)");
}
