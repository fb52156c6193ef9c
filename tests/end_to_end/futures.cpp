// Futures: submit in all its forms, results, errors, cancelling, waiting, callbacks.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <limits>
#include <numeric>
#include <thread>

#include "support/cluster_main.hpp"
#include "support/gate.hpp"

using namespace weir::test;
using weir::Error;
using weir::ErrorKind;
using weir::Future;
using weir::Options;
using weir::Status;
using weir::TaskError;

namespace {

int inc(int x) { return x + 1; }
int add(int a, int b) { return a + b; }
int seven() { return 7; }
void nothing(int) {}
double half(int x) { return x / 2.0; }
double half(double x) { return x / 2; }
template <class T>
T twice(T x) {
  return x + x;
}
std::string shout(const std::string& text) { return text + "!"; }
std::size_t length(std::string text) { return text.size(); }

struct Scale {
  double factor = 1;
  double operator()(double x) const { return factor * x; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(factor);
  }
};
struct PlainScale {
  int factor;
  int operator()(int x) const { return factor * x; }
};
struct Account {
  int balance = 0;
  std::string owner;
  [[nodiscard]] int after(int deposit) const { return balance + deposit; }
  virtual ~Account() = default;
  [[nodiscard]] virtual std::string title() const { return "account of " + owner; }
  template <class Archive>
  void serialize(Archive& archive) {
    archive(balance, owner);
  }
};
struct Point {
  int x, y;
  std::string name;
};
Point mirror(Point p) { return {p.y, p.x, p.name + "'"}; }

std::unique_ptr<int> boxed(int x) { return std::make_unique<int>(x); }
int unboxed(std::unique_ptr<int> box) { return *box; }
int look_into(const std::unique_ptr<int>& box) { return *box; }

int fails_until(int) { throw std::runtime_error("never"); }

}  // namespace

TEST_CASE("submit takes functions of any form") {
  CHECK(client().submit(inc, 1).result() == 2);
  CHECK(client().submit(&inc, 1).result() == 2);
  CHECK(client().submit(seven).result() == 7);
  CHECK(client().submit(inc, 2.9).result() == 3);
  CHECK(client().submit([](int a, int b) { return a * b; }, 6, 7).result() == 42);
  CHECK(client().submit([](auto a, auto b) { return a + b; }, 6, 0.5).result() == 6.5);
  CHECK(client().submit(weir::overload<double(double)>(half), 3.0).result() == 1.5);
  CHECK(client().submit(weir::overload<double(int)>(half), 3).result() == 1.5);
  CHECK(client().submit(weir::overload<double(double)>(std::sqrt), 16.0).result() == 4);
  CHECK(client().submit(twice<std::string>, "ab").result() == "abab");
  CHECK(client().submit(twice<int>, 4).result() == 8);
  CHECK(client().submit(Scale{2.5}, 2.0).result() == 5);
  CHECK(client().submit(PlainScale{3}, 5).result() == 15);
  CHECK(client().submit(std::plus<>(), 2, 3).result() == 5);
  client().submit(nothing, 1).result();
}

TEST_CASE("submit takes member functions of values and of futures") {
  Account account;
  account.balance = 10;
  account.owner = "Ada";
  CHECK(client().submit(&Account::after, account, 5).result() == 15);
  CHECK(client().submit(&Account::title, account).result() == "account of Ada");
  const Future<Account> made = client().submit(
      [](std::string owner) {
        Account made;
        made.owner = owner;
        return made;
      },
      "Grace");
  CHECK(client().submit(&Account::title, made).result() == "account of Grace");
  CHECK(client().submit(&Account::owner, made).result() == "Grace");
}

TEST_CASE("submit takes text, structs and move-only values as arguments") {
  CHECK(client().submit(shout, "hello").result() == "hello!");
  CHECK(client().submit(length, std::string(200000, 'x')).result() == 200000);
  const Point p = client().submit(mirror, Point{1, 2, "p"}).result();
  CHECK((p.x == 2 && p.y == 1 && p.name == "p'"));
  CHECK(client().submit(unboxed, std::make_unique<int>(5)).result() == 5);
  const auto box = client().submit(boxed, 6);
  CHECK(client().submit(look_into, box).result() == 6);
  CHECK(*box.result() == 6);
}

TEST_CASE("a future is an argument without its value visiting rank 0") {
  const auto a = client().submit(inc, 1);
  const auto b = client().submit(add, a, a);
  const auto c = client().submit(add, a, b);
  CHECK(c.result() == 6);
  CHECK(client().submit(length, client().submit(shout, "abc")).result() == 4);
}

TEST_CASE("then runs a function on the result, on the cluster") {
  const auto future = client().submit(inc, 1);
  CHECK(future.then(inc).then([](int x) { return x * 1.5; }).result() == 4.5);
}

TEST_CASE("on_done calls back once, whether the future is done or not") {
  Gate gate;
  std::atomic<int> calls{0};
  const auto future = client().submit(behind_gate, gate.path());
  future.on_done([&](const Future<int>& done) { calls += done.status() == Status::finished; });
  CHECK(future.status() == Status::pending);
  CHECK_FALSE(future.done());
  gate.open();
  CHECK(future.result() == 1);
  CHECK(soon([&] { return calls == 1; }));
  future.on_done([&](const Future<int>&) { ++calls; });
  CHECK(soon([&] { return calls == 2; }));
  const auto failed = client().submit(fails_until, 1);
  failed.on_done([&](const Future<int>& done) { calls += done.status() == Status::error; });
  failed.wait();
  CHECK(soon([&] { return calls == 3; }));
}

TEST_CASE("a callback may submit") {
  std::atomic<int> sum{0};
  const auto future = client().submit(inc, 1);
  future.on_done([&](const Future<int>& done) {
    client().submit(inc, done).on_done([&](const Future<int>& next) { sum = next.result(); });
  });
  CHECK(soon([&] { return sum == 3; }));
}

TEST_CASE("result with a timeout says which task has not finished") {
  Gate gate;
  const auto future = client().submit(behind_gate, gate.path());
  try {
    future.result("20ms");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::timeout);
    CHECK_THAT(error.what(),
               Catch::Contains("has not finished within 20") && Catch::Contains("client.explain(future)"));
  }
  CHECK_FALSE(future.wait("5ms"));
  gate.open();
  CHECK(future.wait("10s"));
  CHECK(future.result("10s") == 1);
}

TEST_CASE("what may take for ever is waited for") {
  const auto slow = [](int x) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return x;
  };
  const auto for_ever = std::chrono::seconds::max();
  const auto unlimited = std::chrono::duration<double>(std::numeric_limits<double>::infinity());
  CHECK(client().submit(slow, 1).result(for_ever) == 1);
  CHECK(client().submit(slow, 2).result(unlimited) == 2);
  CHECK(client().wait(std::vector{client().submit(slow, 3)}, weir::Until::all, for_ever));
  CHECK(client().submit(Options{.time_limit = std::chrono::nanoseconds::max()}, slow, 4).result() == 4);
}

TEST_CASE("an empty future says so") {
  CHECK_THROWS_WITH(weir::progress(std::vector<Future<int>>(1)),
                    Catch::StartsWith("progress: it belongs to no task"));
  Future<int> empty;
  CHECK_FALSE(empty.valid());
  CHECK_THAT(message_of([&] { empty.result(); }), Catch::Contains("it belongs to no task"));
  CHECK_THAT(message_of([&] { client().submit(inc, empty); }), Catch::Contains("it belongs to no task"));
}

TEST_CASE("cancel gives up the task and what depends on it, and says why") {
  Gate gate;
  const auto running = client().submit(behind_gate, gate.path());
  const auto after = client().submit(inc, running);
  running.cancel("not needed any more");
  CHECK(running.status() == Status::cancelled);
  CHECK_THAT(message_of([&] { running.result(); }), Catch::Contains("not needed any more"));
  CHECK_THAT(message_of([&] { after.result(); }), Catch::Contains("not needed any more"));
  CHECK(after.status() == Status::cancelled);
  REQUIRE(running.exception());
  CHECK(running.exception()->kind() == ErrorKind::cancelled);
  CHECK_THROWS_AS(client().submit(inc, running).result(), TaskError);
  gate.open();
  CHECK(client().submit(inc, 1).result() == 2);
}

TEST_CASE("cancel of a finished future drops its result, and leaves what was computed from it") {
  const auto finished = client().submit(inc, 1);
  const auto after = client().submit(inc, finished);
  CHECK(after.result() == 3);
  finished.cancel("enough of it");
  CHECK(finished.status() == Status::cancelled);
  CHECK_THAT(message_of([&] { finished.result(); }), Catch::Contains("enough of it"));
  CHECK_THROWS_AS(client().submit(inc, finished).result(), TaskError);
  CHECK(after.result() == 3);
  finished.retry();
  CHECK(finished.result() == 2);
}

TEST_CASE("a cancelled task can be retried") {
  Gate gate;
  const auto future = client().submit(behind_gate, gate.path());
  future.cancel();
  CHECK(future.status() == Status::cancelled);
  gate.open();
  future.retry();
  CHECK(future.result() == 1);
}

TEST_CASE("a failed task can be retried, with the inputs that failed before it") {
  Gate gate;
  const auto first = client().submit(
      [](std::string gate) {
        if (is_closed(gate)) throw std::runtime_error("the gate is closed");
        return 20;
      },
      gate.path());
  const auto second = client().submit(inc, first);
  CHECK_THAT(message_of([&] { second.result(); }),
             Catch::Contains("the gate is closed") && Catch::Contains("needed by"));
  gate.open();
  second.retry();
  CHECK(second.result() == 21);
}

TEST_CASE("wait for all, for the first, and with a timeout") {
  Gate gate;
  const auto quick = client().submit(inc, 1);  // first, since a worker may have one thread only
  std::vector<Future<int>> futures{client().submit(behind_gate, gate.path()), quick};
  CHECK(client().wait(futures, weir::Until::first));
  CHECK(futures[1].done());
  CHECK_FALSE(client().wait(futures, weir::Until::all, "20ms"));
  gate.open();
  CHECK(client().wait(futures));
  CHECK(futures[0].done());
  CHECK(client().wait(std::vector<Future<int>>{}));
}

TEST_CASE("gather gives results in order and throws the first error in order") {
  std::vector<int> numbers(500);
  for (int i = 0; i < 500; ++i) numbers[i] = i;
  auto futures = client().map(inc, numbers);
  const std::vector<int> results = client().gather(futures);
  for (int i = 0; i < 500; ++i) REQUIRE(results[i] == i + 1);
  futures[100] = client().submit(fails_until, 1);
  CHECK_THROWS_AS(client().gather(futures), TaskError);
  CHECK(client().gather(std::vector<Future<int>>{}).empty());
  client().gather(std::vector<Future<void>>{client().submit(nothing, 1), client().submit(nothing, 2)});
}

TEST_CASE("gather of futures that are given up keeps order and errors, and what others hold") {
  const auto numbers_to = [](int count) {
    std::vector<int> numbers(count);
    std::iota(numbers.begin(), numbers.end(), 0);
    return numbers;
  };
  CHECK(client().gather(client().map(inc, numbers_to(300))).back() == 300);
  const auto large =
      client().gather(client().map([](int x) { return std::vector<int>(50'000, x); }, numbers_to(20)));
  REQUIRE(large.size() == 20);
  for (int i = 0; i < 20; ++i) CHECK(large[i] == std::vector<int>(50'000, i));

  std::vector<Future<int>> futures = client().map(inc, numbers_to(10));
  const std::vector<Future<int>> held{futures[3], futures[4]};
  const Future<int> twice = client().submit(inc, futures[7]);
  CHECK(client().gather(std::move(futures)).at(3) == 4);
  CHECK(held[0].result() == 4);
  CHECK(client().gather(held) == std::vector{4, 5});
  CHECK(twice.result() == 9);
  CHECK(client().gather({held[0], held[0]}) == std::vector{4, 4});

  const auto some = [] {
    return std::vector{client().submit(inc, 1), client().submit(fails_until, 2), client().submit(inc, 3)};
  };
  CHECK_THROWS_AS(client().gather(some()), TaskError);
  CHECK(client().gather(some(), weir::on_error::skip) == std::vector{2, 4});
}

TEST_CASE("gather leaves out what failed, and keeps names") {
  const std::vector<Future<int>> futures{client().submit(inc, 1), client().submit(fails_until, 1),
                                         client().submit(inc, 2)};
  CHECK(client().gather(futures, weir::on_error::skip) == std::vector{2, 3});
  CHECK(futures[1].status() == weir::Status::error);
  CHECK_THROWS_AS(client().gather(futures, weir::on_error::raise), TaskError);
  futures[0].cancel();
  CHECK(client().gather(futures, weir::on_error::skip) == std::vector{3});
  const std::map<std::string, Future<int>> named{{"a", futures[2]}, {"b", futures[1]}};
  CHECK(client().gather(named, weir::on_error::skip) == std::map<std::string, int>{{"a", 3}});
  CHECK_THROWS_AS(client().gather(named), TaskError);
  const std::unordered_map<int, Future<int>> numbered{{7, futures[2]}};
  CHECK(client().gather(numbered) == std::unordered_map<int, int>{{7, 3}});
  client().gather(std::vector{client().submit(nothing, 1)}, weir::on_error::skip);
}

TEST_CASE("when_all makes one future of many") {
  const std::vector<Future<int>> each = client().map(inc, std::vector<int>{1, 2, 3});
  const Future<std::vector<int>> all = client().when_all(each);
  CHECK(all.result() == std::vector<int>{2, 3, 4});
  CHECK(client().when_all(std::vector<Future<int>>{}).result().empty());
  const Future<std::vector<int>> one_fails =
      client().when_all(std::vector<Future<int>>{each[0], client().submit(fails_until, 1)});
  CHECK_THROWS_AS(one_fails.result(), weir::TaskError);
}

TEST_CASE("map ends with the shortest range and takes futures as elements") {
  const std::vector<int> five{1, 2, 3, 4, 5};
  const std::vector<int> three{10, 20, 30};
  CHECK(client().gather(client().map(add, five, three)) == std::vector<int>{11, 22, 33});
  CHECK(client().gather(client().map(add, three, five)) == std::vector<int>{11, 22, 33});
  const auto futures = client().map(inc, five);
  CHECK(client().gather(client().map(add, futures, five)) == std::vector<int>{3, 5, 7, 9, 11});
  CHECK(client().map(inc, std::vector<int>{}).empty());
  CHECK(client().gather(client().map(Options{.priority = 1}, inc, std::array{0, 1, 2, 3})) ==
        std::vector<int>{1, 2, 3, 4});
  CHECK(client().gather(client().map([](const std::string& text, int n) { return text + std::to_string(n); },
                                     std::vector<std::string>{"a", "b"}, five)) ==
        std::vector<std::string>{"a1", "b2"});
}

TEST_CASE("as_completed yields each once, earliest first, and grows while it is read") {
  Gate gate;
  const auto quick = client().submit(inc, 1);
  auto all = weir::as_completed(std::vector<Future<int>>{client().submit(behind_gate, gate.path()), quick});
  CHECK(all.next().result() == 2);
  gate.open();
  CHECK(all.next().result() == 1);
  CHECK(all.empty());
  CHECK_THROWS_AS(all.next(), Error);

  auto countdown =
      weir::as_completed(std::vector<Future<int>>{client().submit(inc, 0), client().submit(inc, 100)});
  int seen = 0;
  for (auto future : countdown) {
    ++seen;
    if (future.result() % 100 < 10) countdown.add(client().submit(inc, future));
  }
  CHECK(seen == 20);
}

TEST_CASE("what a temporary future gives in time is the result itself") {
  long sum = 0;
  for (const int x : client().submit([](int n) { return std::vector<int>(1000, n); }, 7).result("60s"))
    sum += x;
  CHECK(sum == 7000);
  CHECK(*client().submit([](int n) { return std::make_unique<int>(n); }, 5).result("60s") == 5);
}

TEST_CASE("what takes several futures takes them between braces") {
  const Future<int> one = client().submit(inc, 1), two = client().submit(inc, 2);
  int sum = 0;
  for (const Future<int>& future : weir::as_completed({one, two})) sum += future.result();
  CHECK(sum == 5);
  CHECK(client().wait({one, two}, weir::Until::all, "10s"));
  CHECK(client().gather({one, two}) == std::vector{2, 3});
  CHECK(client().when_all({two, one}).result() == std::vector{3, 2});
  CHECK_THROWS_WITH(weir::as_completed({Future<int>{}}),
                    "as_completed: it belongs to no task (default-constructed or moved from); use what "
                    "client.submit returned");
}

TEST_CASE("as_completed yields failed futures too, also in batches") {
  auto all =
      weir::as_completed(std::vector<Future<int>>{client().submit(inc, 1), client().submit(fails_until, 1)});
  std::size_t seen = 0, failed = 0;
  while (!all.empty())
    for (const auto& future : all.next_batch()) {
      ++seen;
      failed += future.status() == Status::error;
    }
  CHECK(seen == 2);
  CHECK(failed == 1);
}

TEST_CASE("many threads use one client at once") {
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto a = client().submit(inc, t * 1000 + i);
        const auto b = client().submit(add, a, i);
        std::vector<Future<int>> many = client().map(inc, std::vector<int>{1, 2, 3});
        wrong += b.result() != t * 1000 + 2 * i + 1;
        wrong += client().gather(many) != std::vector<int>{2, 3, 4};
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("long chains and wide trees give the right results") {
  auto link = client().submit(inc, 0);
  for (int i = 0; i < 3000; ++i) link = client().submit(inc, link);
  CHECK(link.result() == 3001);
  std::vector<int> numbers(1024);
  std::iota(numbers.begin(), numbers.end(), 0);
  std::vector<Future<int>> level = client().map(inc, numbers);
  while (level.size() > 1) {
    std::vector<Future<int>> next;
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(client().submit(add, level[i], level[i + 1]));
    level = std::move(next);
  }
  CHECK(level.front().result() == 1024 * 1025 / 2);
}

TEST_CASE("futures that are dropped leave nothing behind") {
  for (int i = 0; i < 200; ++i) client().submit(inc, i);
  const auto kept = client().submit(inc, 1);
  CHECK(kept.result() == 2);
  const auto known = [&] {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : client().snapshot().tasks) sum += count;
    return sum;
  };
  CHECK(soon([&] { return known() <= 1; }));
}
