// Tasks that submit tasks and wait for them.
#include <unistd.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <numeric>
#include <random>
#include <thread>

#include <weir/coordination.hpp>

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

// What a task does with what it has submitted, when nobody else has heard of it yet.
int twice(int x) { return 2 * x; }
int add(int a, int b) { return a + b; }
int fails_odd(int x) { return x % 2 ? throw std::runtime_error("odd " + std::to_string(x)) : x; }
std::vector<double> large(int x) { return std::vector<double>(200'000, x); }
double total(const std::vector<double>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0.0);
}

int waits_then_passes_on(int x) {
  auto here = Client::current();
  const auto a = here.submit(twice, x), b = here.submit(twice, x + 1);
  const int first = a.result();
  return here.submit(add, a, b).result() + first;
}
int wide(int count) {
  auto here = Client::current();
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> results = here.gather(here.map(twice, numbers));
  return results.back() + static_cast<int>(std::accumulate(results.begin(), results.end(), 0LL) % 1000);
}
std::string failure_in(const Future<int>& future) {
  try {
    static_cast<void>(future.result());
    return "none";
  } catch (const TaskError& error) {
    return error.what();
  }
}
std::vector<std::string> failures() {
  auto here = Client::current();
  const auto failed = here.submit(fails_odd, 1);
  std::vector<std::string> told{failure_in(failed)};
  told.push_back(failure_in(here.submit(twice, failed)));
  failed.retry();
  told.push_back(failure_in(failed));
  told.push_back(failure_in(here.submit(fails_odd, 2)));
  return told;
}
std::vector<std::string> cancelled_ones() {
  auto here = Client::current();
  const auto given_up = here.submit(twice, 1);
  given_up.cancel("not needed");
  std::vector<std::string> told{failure_in(given_up)};
  given_up.retry();
  told.push_back(std::to_string(given_up.result()));
  return told;
}
double large_results(int x) {
  auto here = Client::current();
  const auto numbers = here.submit(large, x);
  const double own = total(numbers.result());
  return own + here.submit(total, numbers).result() + here.submit(large, 1).result().front();
}
int by_completion(int count) {
  auto here = Client::current();
  std::vector<Future<int>> futures;
  for (int i = 0; i < count; ++i) futures.push_back(here.submit(twice, i));
  int sum = 0;
  for (const auto& future : as_completed(futures)) sum += future.result();
  return sum;
}
int within_time() {
  const auto future = Client::current().submit(twice, 4);
  return future.result(std::chrono::seconds(30)) + future.wait(std::chrono::seconds(1));
}
int throws_before_it_waits() {
  const auto future = Client::current().submit(twice, 4);
  throw std::runtime_error("before");
}

std::atomic<int> ran{0};
int note(int x) { return ran += x; }
int works_without_waiting() {
  ran = 0;
  const auto future = Client::current().submit(note, 1);
  while (ran == 0) {
  }
  return future.result();
}
Future<int> kept;
void leaves_it_to_others() { kept = Client::current().submit(note, 1); }

// What tasks do that start others and do not wait for them.
std::mutex begun_mutex;
std::vector<int> begun;
std::size_t begun_count() {
  const std::lock_guard hold(begun_mutex);
  return begun.size();
}
void starts_tree(int node, int levels) {
  auto here = Client::current();
  {
    const std::lock_guard hold(begun_mutex);
    begun.push_back(node);
  }
  if (levels == 0) return;
  for (const int child : {2 * node, 2 * node + 1})
    here.fire_and_forget(here.submit(starts_tree, child, levels - 1));
}
void starts_what_fails(int left) {
  auto here = Client::current();
  if (left == 10) kept = here.submit(fails_odd, 1);
  here.fire_and_forget(here.submit(fails_odd, 3));
  ++ran;
  if (left > 1) here.fire_and_forget(here.submit(starts_what_fails, left - 1));
}
std::atomic<bool> stop_going_on{false};
void goes_on() {
  auto here = Client::current();
  ++ran;
  if (!stop_going_on) here.fire_and_forget(here.submit(goes_on));
}

std::uint64_t finished() {
  std::uint64_t all = 0;
  for (const WorkerInfo& worker : client().workers()) all += worker.finished;
  return all;
}

/// Once what ran before is counted, and nothing is twice any more.
std::uint64_t finished_before() {
  std::uint64_t all = finished();
  for (int same = 0; same < 20; ++same) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (const std::uint64_t now = finished(); now != all) all = now, same = 0;
  }
  return all;
}

long sum_of(const std::vector<long>& numbers) {
  return 1 + std::accumulate(numbers.begin(), numbers.end(), 0L) % 1'000'003;
}
std::vector<long> grown(std::vector<long> numbers) {
  for (long& number : numbers) ++number;
  return numbers;
}
int longest(int links) {
  auto here = Client::current();
  Future<int> last = here.submit(twice, 0);
  for (int i = 0; i < links; ++i) last = here.submit(add, last, 1);
  return last.result();
}
int let_go_of(int links) {
  auto here = Client::current();
  Future<int> last = here.submit(twice, 0);
  for (int i = 0; i < links; ++i) last = here.submit(add, last, 1);
  last = {};
  return here.submit(twice, links).result();
}
int inputs_in_every_form() {
  auto here = Client::current();
  const auto a = here.submit(twice, 1), b = here.submit(twice, 2);
  const auto both = here.submit(
      [](int x, const std::vector<int>& all, std::pair<int, int> two) {
        return x + 10 * all.at(0) + 100 * all.at(1) + 1000 * two.first + 10'000 * two.second;
      },
      b, std::vector{a, b}, std::pair{a, a});
  const auto twofold = here.submit(add, a, a);
  static_cast<void>(b.id());  // the scheduler knows it, and the others do not stand on it alone
  const auto mixed = here.submit(add, b, twofold);
  return both.result() + 100'000 * mixed.result();
}
std::size_t large_in_between() {
  auto here = Client::current();
  auto numbers = here.submit(grown, std::vector<long>(20'000, 1));
  for (int i = 0; i < 20; ++i) numbers = here.submit(grown, numbers);
  return static_cast<std::size_t>(here.submit(sum_of, numbers).result());
}
std::vector<std::string> failed_inputs() {
  auto here = Client::current();
  const auto failed = here.submit(fails_odd, 1);
  const auto next = here.submit(add, failed, 1), last = here.submit(add, next, here.submit(twice, 3));
  std::vector<std::string> told{failure_in(last), failure_in(next)};
  const auto unwanted = here.submit(twice, 1);
  const auto on_it = here.submit(add, here.submit(add, unwanted, 1), 1);
  unwanted.cancel("not needed");
  told.push_back(failure_in(on_it));
  on_it.retry();
  told.push_back(std::to_string(on_it.result()));
  return told;
}

std::atomic<int> failures_left{0};
int fails_at_first(int x) { return failures_left-- > 0 ? throw std::runtime_error("at first") : x; }
int retried_at_the_end(int x) {
  auto here = Client::current();
  failures_left = 1;
  Future<int> last = here.submit(twice, x);
  for (int i = 0; i < 10; ++i) last = here.submit(add, last, 1);
  last = here.submit(fails_at_first, last);
  if (failure_in(last).find("at first") == std::string::npos) return -1;
  last.retry();
  return last.result();
}

// A graph of which it is known what comes out, whose futures are used in all ways on the way.
std::string random_graph(unsigned seed) {
  std::mt19937 random(seed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  auto here = Client::current();
  std::vector<Future<long>> futures;
  std::vector<long> expected;
  const std::size_t count = 20 + below(400), reach = 1 + below(50), most = 1 + below(6);
  std::atomic<int> called{0};
  int callbacks = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Future<long>> inputs;
    std::vector<long> values;
    for (std::size_t n = i == 0 ? 0 : below(most + 1); n > 0; --n) {
      const std::size_t input = i - 1 - below(std::min(i, reach));
      if (!futures[input].valid()) continue;
      inputs.push_back(futures[input]);
      values.push_back(expected[input]);
    }
    futures.push_back(inputs.empty() ? here.submit(sum_of, std::vector<long>{long(i)})
                                     : here.submit(sum_of, inputs));
    expected.push_back(sum_of(inputs.empty() ? std::vector<long>{long(i)} : values));
    const std::size_t any = below(futures.size());
    if (!futures[any].valid()) continue;
    switch (below(40)) {
      case 0:
        static_cast<void>(futures[any].id());
        break;
      case 1:
        if (futures[any].result() != expected[any]) return "result " + std::to_string(any);
        break;
      case 2:
        futures[any] = {};
        break;
      case 3:
        static_cast<void>(futures[any].wait(std::chrono::microseconds(50)));
        break;
      case 4:
        static_cast<void>(futures[any].done());
        break;
      case 5:
        ++callbacks;
        futures[any].on_done([&](const Future<long>&) { ++called; });
        break;
      case 6:
        std::this_thread::sleep_for(std::chrono::microseconds(below(100)));
        break;
    }
  }
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t i = n % 2 ? n : count - 1 - n;
    if (futures[i].valid() && futures[i].result() != expected[i]) return "result " + std::to_string(i);
  }
  while (called < callbacks) std::this_thread::sleep_for(std::chrono::microseconds(50));
  return "right";
}

int deep(int n) { return n == 0 ? 0 : 1 + Client::current().submit(deep, n - 1).result(); }

// Threads of a task's own, which no task runs on, wait for what they have submitted.
// Until another task has run.
std::atomic<bool> is_held{false}, is_free{false};
bool holds_out() {
  is_held = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!is_free && std::chrono::steady_clock::now() < end) {
  }
  return is_free;
}
void lets_go() { is_free = true; }

int joins_threads(int x) {
  auto here = Client::current();
  int first = 0, second = 0;
  std::thread one([&] { first = here.submit(twice, x).result(); });
  std::thread other([&] { second = here.submit(twice, x + 1).result(); });
  one.join();
  other.join();
  return first + second;
}
int gets_asyncs(int x) {
  auto here = Client::current();
  auto one = std::async(std::launch::async, [&] { return here.submit(joins_threads, x).result(); });
  auto other = std::async(std::launch::async, [&] { return here.submit(twice, x + 1).result(); });
  return one.get() + other.get();
}
int joins_deep(int n) {
  auto here = Client::current();
  int below = 0;
  if (n > 0) std::thread([&] { below = 1 + here.submit(joins_deep, n - 1).result(); }).join();
  return below;
}

// Each takes all threads of its worker, and waits for another that does.
int all_wide(int cores, int depth) {
  if (depth == 0) return 0;
  return 1 + Client::current().submit(Options{.cores = cores}, all_wide, cores, depth - 1).result();
}
void set(const std::string& event) { Event(event).set(); }
int wide_by_event(int cores, int number) {
  auto here = Client::current();
  const std::string name = "wide " + std::to_string(number);
  const auto child = here.submit(Options{.cores = cores}, set, name);
  Event(name).wait();
  child.result();
  return number;
}
int wide_by_threads(int cores) {
  auto here = Client::current();
  int result = 0;
  std::thread([&] { result = here.submit(Options{.cores = cores}, twice, 4).result(); }).join();
  return result;
}
int gang_rank(Gang& gang) { return gang.allreduce(gang.rank() + 1); }
int wide_by_gang(int cores) {
  return Client::current().submit(gang{.ranks = 1, .options = {.cores = cores}}, gang_rank).result() + 1;
}

// How many of them run at once in this process.
std::atomic<int> sleeping{0}, most_sleeping{0};
int sleeps(int) {
  const int now = ++sleeping;
  for (int seen = most_sleeping; now > seen && !most_sleeping.compare_exchange_weak(seen, now);) {
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  --sleeping;
  return most_sleeping;
}

}  // namespace

namespace {
int throws_below(int depth) {
  if (depth == 0) throw std::out_of_range("bottom");
  return weir::Client::current().submit(throws_below, depth - 1).result();
}
}  // namespace

TEST_CASE("a failure that tasks pass on is told once, with a line for each of them") {
  try {
    static_cast<void>(client().submit(throws_below, 3).result());
    FAIL("it did not throw");
  } catch (const weir::TaskError& error) {
    CHECK(error.type() == "std::out_of_range");
    CHECK(error.failure().message == "bottom");
    const std::vector<std::string>& lines = error.failure().context;
    REQUIRE(lines.size() == 3);
    for (const std::string& line : lines) CHECK(line.find("from task ") == 0);
    INFO(error.what());
    CHECK(std::string(error.what()).find("throws_below") != std::string::npos);
  }
}

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

TEST_CASE("a task may use what it has submitted in every way") {
  CHECK(client().submit(waits_then_passes_on, 5).result() == 10 + 12 + 10);
  CHECK(client().submit(wide, 3000).result() == 2 * 2999 + 2999 * 3000 % 1000);
  CHECK(client().submit(large_results, 3).result() == 600'000 + 600'000 + 1);
  CHECK(client().submit(by_completion, 100).result() == 9900);
  CHECK(client().submit(within_time).result() == 9);
  CHECK(client().submit(cancelled_ones).result().at(1) == "2");
  CHECK(client().submit(cancelled_ones).result().at(0).find("not needed") != std::string::npos);
  CHECK(failure_in(client().submit(throws_before_it_waits)).find("before") != std::string::npos);
}

TEST_CASE("what fails where its submitter waits fails like any task") {
  const std::vector<std::string> told = client().submit(failures).result();
  CHECK(told.at(0).find("std::runtime_error: odd 1") != std::string::npos);
  CHECK(told.at(0).find("fails_odd-") != std::string::npos);
  CHECK(told.at(0).find("worker") != std::string::npos);
  CHECK(told.at(1).find("needed by twice-") != std::string::npos);
  CHECK(told.at(2).find("odd 1") != std::string::npos);
  CHECK(told.at(3) == "none");
}

TEST_CASE("nested tasks are counted wherever they ran") {
  const std::uint64_t before = finished_before();
  // None has an input: its user may be done, and have it forgotten, before rank 0 hears that it is done.
  CHECK(client().submit(small_fib, 12).result() == 144);  // 465 tasks
  for (int i = 0; finished() != before + 465 && i < 1000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(finished() == before + 465);
}

TEST_CASE("who has time takes what a busy task has submitted") {
  if (weir::test::on_ranks() || client().workers().front().threads < 2) return;
  ::alarm(60);  // it would spin for ever
  for (int i = 0; i < 20; ++i) CHECK(client().submit(works_without_waiting).result() == 1);
  ::alarm(0);
}

TEST_CASE("what a task has submitted and left runs when it has returned") {
  if (weir::test::on_ranks()) return;
  ran = 0;
  client().submit(leaves_it_to_others).result();
  CHECK(kept.result() == 1);
  CHECK(client().submit(twice, kept).result() == 2);
  kept = {};
}

TEST_CASE("what tasks start that do not wait for it runs once, on one thread in the order of the scheduler") {
  if (weir::test::on_ranks()) return;
  {
    const std::lock_guard hold(begun_mutex);
    begun.clear();
  }
  client().submit(starts_tree, 1, 6).result();
  CHECK(weir::test::soon([] { return begun_count() == 127; }));
  const std::lock_guard hold(begun_mutex);
  std::vector<int> place(128, -1);
  for (std::size_t i = 0; i < begun.size(); ++i) {
    CHECK(place[begun[i]] == -1);
    place[begun[i]] = static_cast<int>(i);
  }
  for (int node = 2; node < 128; ++node) CHECK(place[node / 2] < place[node]);
  if (client().workers().front().threads > 1) return;
  std::vector<int> in_order;  // what a task has started comes before what is beside it
  const std::function<void(int)> visit = [&](int node) {
    if (node > 127) return;
    in_order.push_back(node);
    visit(2 * node);
    visit(2 * node + 1);
  };
  visit(1);
  CHECK(begun == in_order);
}

TEST_CASE("of tasks that start others what fails is told of, and what stands on it fails too") {
  if (weir::test::on_ranks()) return;
  ran = 0;
  client().submit(starts_what_fails, 20).result();
  REQUIRE(weir::test::soon([] { return ran == 20; }));
  CHECK(failure_in(kept).find("odd 1") != std::string::npos);
  CHECK(failure_in(client().submit(twice, kept)).find("odd 1") != std::string::npos);
  kept = {};
}

TEST_CASE("what is more urgent comes before what a task that has ended has left over") {
  if (weir::test::on_ranks() || client().workers().front().threads > 1) return;
  ran = 0;
  stop_going_on = false;
  client().fire_and_forget(client().submit(goes_on));
  CHECK(weir::test::soon([] { return ran > 1000; }));
  CHECK(client().submit(Options{.priority = 1}, twice, 4).result() == 8);
  stop_going_on = true;
  const int before = ran;
  CHECK(client().submit(twice, 5).result() == 10);  // it has come to its end
  CHECK(ran <= before + 1);
}

TEST_CASE("what the body submits and does not wait for runs while it does something else") {
  ran = 0;
  const auto future = client().submit(twice, 4);
  for (int i = 0; future.status() == Status::pending && i < 10'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(future.status() == Status::finished);
  CHECK(future.result() == 8);
}

TEST_CASE("the body may use what it has submitted in every way") {
  std::vector<int> numbers(5000);
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::vector<int> results = client().gather(client().map(twice, numbers));
  for (int i = 0; i < 5000; ++i)
    if (results[std::size_t(i)] != 2 * i) FAIL("result " << i << " is " << results[std::size_t(i)]);
  CHECK(waits_then_passes_on(5) == 32);
  CHECK(wide(3000) == 2 * 2999 + 2999 * 3000 % 1000);
  CHECK(large_results(3) == 600'000 + 600'000 + 1);
  CHECK(by_completion(100) == 9900);
  CHECK(within_time() == 9);
  CHECK(cancelled_ones().at(1) == "2");
  CHECK_THROWS_WITH(throws_before_it_waits(), "before");
  const std::vector<std::string> told = failures();
  CHECK(told.at(0).find("std::runtime_error: odd 1") != std::string::npos);
  CHECK(told.at(1).find("needed by twice-") != std::string::npos);
  CHECK(told.at(2).find("odd 1") != std::string::npos);
  CHECK(told.at(3) == "none");
}

TEST_CASE("tasks may stand on what only their thread knows") {
  const std::size_t grown_sum = static_cast<std::size_t>(sum_of(std::vector<long>(20'000, 22)));
  const auto check = [&](const auto& run) {
    CHECK(run(longest, 20'000) == 20'000);
    CHECK(run(let_go_of, 100'000) == 200'000);
    CHECK(run(inputs_in_every_form) == 4 + 20 + 400 + 2000 + 20'000 + 100'000 * 8);
    CHECK(run(large_in_between) == grown_sum);
    if (!weir::test::on_ranks()) CHECK(run(retried_at_the_end, 5) == 20);
    const std::vector<std::string> told = run(failed_inputs);
    CHECK(told.at(0).find("odd 1") != std::string::npos);
    CHECK(told.at(0).find("needed by add-") != std::string::npos);
    CHECK(told.at(1).find("needed by add-") != std::string::npos);
    // On ranks it may have been done before it was cancelled.
    const bool was_done = weir::test::on_ranks() && told.at(2) == "none";
    CHECK((was_done || told.at(2).find("not needed") != std::string::npos));
    CHECK(told.at(3) == "4");
  };
  check([](auto function, auto... args) { return function(args...); });
  check([](auto function, auto... args) { return client().submit(function, args...).result(); });
}

TEST_CASE("graphs whose tasks stand on each other come out right, however they are used") {
  ::alarm(300);  // it would wait for ever
  for (unsigned seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    REQUIRE(random_graph(seed) == "right");
    REQUIRE(client().submit(random_graph, seed + 1000).result() == "right");
  }
  std::vector<Future<std::string>> several;
  for (unsigned seed = 1; seed <= 40; ++seed) several.push_back(client().submit(random_graph, seed));
  for (const auto& one : several) CHECK(one.result() == "right");
  ::alarm(0);
}

TEST_CASE("links of chains run while the body does something else, and all chains at the same time") {
  std::vector<Future<int>> ends;
  for (int chain = 0; chain < 20; ++chain) {
    ends.push_back(client().submit(twice, chain));
    for (int link = 0; link < 10; ++link) ends.back() = client().submit(add, ends.back(), 1);
  }
  const auto are_done = [&] {
    return std::ranges::all_of(ends, [](const Future<int>& end) { return end.done(); });
  };
  for (int i = 0; !are_done() && i < 10'000; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(are_done());
  for (int chain = 0; chain < 20; ++chain) CHECK(ends[std::size_t(chain)].result() == 2 * chain + 10);
}

TEST_CASE("what a callback submits runs although nobody waits for it") {
  Future<int> second;
  std::atomic<bool> is_submitted{false};
  const auto first = client().submit(twice, 1);
  first.on_done([&](const Future<int>& done) {
    second = client().submit(twice, done.result());
    is_submitted = true;
  });
  CHECK(client().wait(std::vector<Future<int>>{first}));
  for (int i = 0; (!is_submitted || second.status() == Status::pending) && i < 10'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(second.status() == Status::finished);
  CHECK(second.result() == 4);
}

TEST_CASE("a task that the body runs may wait for others") {
  CHECK(client().submit(deep, 80).result() == 80);
  CHECK(client().submit(waits_then_passes_on, 5).result() == 32);
  std::vector<Future<int>> futures;
  for (int i = 0; i < 50; ++i) futures.push_back(client().submit(small_fib, 8));
  for (const auto& future : futures) CHECK(future.result() == 21);
}

TEST_CASE("a program's thread may wait for what a task has submitted and runs") {
  if (weir::test::on_ranks()) return;
  ran = 0;
  const auto outer = client().submit([] {
    kept = Client::current().submit([] {
      ran = 7;
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      return 8;
    });
    return kept.result();
  });
  while (ran != 7) std::this_thread::yield();
  const Future<int> same = kept;
  CHECK(same.result() == 8);
  CHECK(outer.result() == 8);
  kept = {};
}

TEST_CASE("a task that takes long after many quick ones holds up no other") {
  if (weir::test::on_ranks() || client().workers().front().threads < 2) return;
  const Options told{.name = "told"};  // not in a pocket
  std::vector<Future<int>> quick;
  for (int i = 0; i < 400; ++i) quick.push_back(client().submit(told, twice, i));
  CHECK(client().gather(quick).back() == 798);
  const auto held = client().submit(told, holds_out);
  while (!is_held) std::this_thread::yield();
  const auto other = client().submit(told, lets_go);
  while (!is_free && !held.done()) std::this_thread::yield();  // its thread must not be this one
  CHECK(held.result());
  other.wait();
}

TEST_CASE("tasks that join threads of their own, which wait for tasks, never stand still") {
  ::alarm(120);  // they would wait for ever
  std::vector<int> numbers(12);
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto two = client().map(joins_threads, numbers), more = client().map(gets_asyncs, numbers);
  for (const int x : numbers) {
    CHECK(two[x].result() == 4 * x + 2);
    CHECK(more[x].result() == 6 * x + 4);
  }
  CHECK(client().submit(joins_deep, 6).result() == 6);
  ::alarm(0);
}

TEST_CASE("tasks that take all cores of their worker may wait for such tasks") {
  ::alarm(120);  // they would wait for ever
  const std::vector<WorkerInfo> workers = client().workers();
  const auto least = std::ranges::min_element(workers, {}, &WorkerInfo::threads);
  const auto cores = static_cast<int>(least->threads);
  std::vector<Future<int>> futures;
  std::vector<int> expected;
  for (int i = 0; i < 8; ++i) {
    const Options options{.cores = cores};
    futures.push_back(client().submit(options, all_wide, cores, 5));
    futures.push_back(client().submit(options, wide_by_event, cores, i));
    futures.push_back(client().submit(options, wide_by_threads, cores));
    futures.push_back(client().submit(options, wide_by_gang, cores));
    expected.insert(expected.end(), {5, i, 8, 2});
  }
  CHECK(client().gather(futures) == expected);
  ::alarm(0);
}

TEST_CASE("tasks that only take their time keep their slots while threads of the program wait for them") {
  const auto threads = static_cast<int>(client().workers().front().threads);
  std::vector<std::thread> waiting(8);
  std::atomic<int> most{0};
  for (std::thread& one : waiting)
    one = std::thread([&] {
      const int seen = client().submit(sleeps, 0).result();
      for (int now = most; seen > now && !most.compare_exchange_weak(now, seen);) {
      }
    });
  for (std::thread& one : waiting) one.join();
  CHECK(most <= threads);
}
