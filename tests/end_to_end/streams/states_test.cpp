// Operators with a state on the cluster give what they give locally: the local ones are the oracle. Runs as
// threads and as ranks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <random>

#include "end_to_end/streams/support.hpp"
#include "weir/stream/describe.hpp"

using namespace weir;

namespace {

struct Sample {
  int time = 0;
  int value = 0;
  bool operator==(const Sample& other) const = default;
};
Sample sample(int x) { return {x / 3 + x % 5, x}; }
bool is_odd(int x) { return x % 2 != 0; }
int last_digit(int x) { return x % 10; }
std::pair<int, int> add_and_tell(int sum, int x) { return {sum + x, sum * 2}; }
void remember(std::vector<int>& all, int x) {
  if (all.size() >= 5) all.erase(all.begin());
  all.push_back(x);
}
bool below(int x) { return x < 900; }

Ints random_numbers(unsigned seed, int count) {
  std::mt19937 random(seed);
  Ints all;
  for (int i = 0; i < count; ++i) all.push_back(static_cast<int>(random() % 1000));
  return all;
}

/// Feeds the same numbers to `build(Stream)` and `build(ClusterStream)`, and compares what comes out, also
/// after a flush and at the end.
template <class Build>
void check_same(Build build, int count = 700) {
  Stream<int> source;
  const auto here = build(source).sink_to_list();
  const auto there = build(source.scatter()).gather().sink_to_list();
  const Ints input = random_numbers(7, count);
  for (std::size_t i = 0; i < input.size(); ++i) {
    source.emit(input[i]);
    if (i == input.size() / 2) source.flush();
  }
  source.drain();
  CHECK(there.size() == here.size());
  source.close();
  CHECK((there.values() == here.values()));
}
/// The same with elements somebody waits for: each is done once, and none before it is done locally.
template <class Build>
void check_done(Build build) {
  Stream<int> source;
  std::vector<int> done(200);
  build(source.scatter()).gather().sink([](const auto&) {});
  const Ints input = random_numbers(3, 200);
  for (std::size_t i = 0; i < input.size(); ++i)
    source.emit(input[i], [&done, i](const std::exception_ptr&) { ++done[i]; });
  source.drain();
  Stream<int> local;
  std::vector<int> done_here(200);
  build(local).sink([](const auto&) {});
  for (std::size_t i = 0; i < input.size(); ++i)
    local.emit(input[i], [&done_here, i](const std::exception_ptr&) { ++done_here[i]; });
  CHECK(done == done_here);
  source.close();
  local.close();
  CHECK(done == done_here);
}
template <class Build>
void check(Build build) {
  check_same(build);
  check_done(build);
}

}  // namespace

TEST_CASE("accumulate on the cluster") {
  check([](auto s) { return s.accumulate(std::plus<int>{}); });
  check_same([](auto s) { return s.accumulate(std::plus<int>{}, 5, with_state); });
  check_same([](auto s) { return s.accumulate(add_and_tell, 1, returns_state); });
  check_same([](auto s) { return s.accumulate(remember, Ints{}); });
}
TEST_CASE("partition on the cluster") {
  check([](auto s) { return s.partition(7); });
  check([](auto s) { return s.partition(3, last_digit); });
}
TEST_CASE("partition_unique on the cluster") {
  check([](auto s) { return s.partition_unique(4); });
  check([](auto s) { return s.partition_unique(4, last_digit, Keep::last); });
}
TEST_CASE("sliding_window on the cluster") {
  check([](auto s) { return s.sliding_window(5); });
  check([](auto s) { return s.sliding_window(5, Partial::hold); });
}
TEST_CASE("unique on the cluster") {
  check([](auto s) { return s.unique(); });
  check_same([](auto s) { return s.unique(20); });
  check_same([](auto s) { return s.unique({}, last_digit); });
}
TEST_CASE("frequencies, pairwise and enumerate on the cluster") {
  check_same([](auto s) { return s.map(last_digit).frequencies(); });
  check([](auto s) { return s.pairwise(); });
  check_same([](auto s) { return s.enumerate(10); });
}
TEST_CASE("collect on the cluster") {
  check([](auto s) { return s.collect(); });
}
TEST_CASE("take, skip, slice and take_while on the cluster") {
  check_same([](auto s) { return s.skip(13); });
  check_same([](auto s) { return s.slice(5, 400, 7); });
  check_same([](auto s) { return s.take(50).partition(8); });
  check_same([](auto s) { return s.take_while(below).map(last_digit).partition(3).map(total); });
}
TEST_CASE("group_by on the cluster") {
  check([](auto s) { return s.group_by(last_digit, op::accumulate(std::plus<int>{}, 0)); });
  check([](auto s) { return s.group_by(last_digit, op::partition(3)); });
  check([](auto s) { return s.group_by(last_digit, op::map(is_odd) | op::partition(2), 4); });
  check_same([](auto s) { return s.group_by(last_digit, op::unique()); });
}
TEST_CASE("group_by on the cluster forgets the least recently used of all keys, wherever their groups are") {
  check([](auto s) { return s.group_by(last_digit, op::partition(3), 5); });
  check([](auto s) { return s.group_by(last_digit, op::accumulate(std::plus<int>{}, 0), 9); });
  check([](auto s) { return s.group_by(last_digit, op::collect(), 1); });
  check_same([](auto s) { return s.group_by(std::identity{}, op::partition(2), 300); });
}
TEST_CASE("current_value on the cluster is what it is here") {
  Stream<int> source;
  const auto squares =
      source.scatter().map([](int x) { return x * x; }).filter([](int x) { return x < 100; });
  const auto last = squares.current_value();
  CHECK(!last.value());
  const auto all = squares.gather().sink_to_list();
  for (const int x : {3, 4, 12}) {
    source.emit(x);
    CHECK(last.value() == (x == 3 ? 9 : 16));
  }
  feed(source, 0, 1000);
  CHECK(last.value() == 81);
  CHECK(weir::test::client().submit([](std::optional<int> x) { return *x + 1; }, last.future()).result() ==
        82);
  source.drain();
  CHECK(all.size() == 12);
}
TEST_CASE(
    "current_value needs no gather: errors come out of drain, and emit waits while the cluster is full") {
  Stream<int> source;
  const auto last =
      source.scatter()
          .buffer(4)
          .map([](int x) {
            return x == 7 ? throw std::runtime_error("seven") : std::string(static_cast<std::size_t>(x), 'x');
          })
          .current_value();
  for (int i = 1; i <= 9; ++i) {
    source.emit(i);
    CHECK(report(source)[1].in_flight <= 5);
  }
  CHECK(sentence([&] { source.drain(); }).find("seven") != std::string::npos);
  CHECK(last.value() == std::string(9, 'x'));
}
TEST_CASE("windows by the time in the elements on the cluster") {
  check([](auto s) {
    return s.map(sample).tumbling_window(&Sample::time, 10, Late<int>{3, 5}).map([](const auto& w) {
      return std::pair(w.begin, w.elements);
    });
  });
  check([](auto s) {
    return s.map(sample).sliding_time_window(&Sample::time, 10, 5).map([](const auto& w) {
      return std::tuple(w.end, w.revision, w.elements);
    });
  });
  check_same([](auto s) {
    return s.map(sample).session_window(&Sample::time, 2, Late<int>{10}).map([](const auto& w) {
      return w.elements.size();
    });
  });
}
TEST_CASE("windows by the time in the elements tell what came too late to the cluster") {
  Stream<Sample> source;
  const auto out =
      source.scatter().tumbling_window(&Sample::time, 10, Late<int>{5, 10}).gather().sink_to_list();
  for (const int time : {8, 12, 9, 15, 3, 30, 4, 5}) source.emit(Sample{time, 0});
  source.drain();
  CHECK(report(source)[2].late == 2);
}
TEST_CASE("states and functions after each other on the cluster") {
  check([](auto s) {
    return s.filter(is_odd)
        .partition(3)
        .map(total)
        .accumulate(std::plus<int>{})
        .sliding_window(2, Partial::hold);
  });
  check([](auto s) { return s.sliding_window(3).flatten().unique().map(last_digit).partition(4); });
}
TEST_CASE("a state keeps what it had when a function throws") {
  Stream<int> source;
  const auto sums = source.scatter()
                        .accumulate(
                            [](int sum, int x) {
                              if (x == 5) throw std::runtime_error("five");
                              return sum + x;
                            },
                            0)
                        .gather()
                        .sink_to_list();
  feed(source, 0, 8);
  CHECK(sentence([&] { source.drain(); }) == "task <stateful segment: accumulate>: std::runtime_error: five");
  CHECK(sums.values() == Ints{0, 1, 3, 6, 10, 16, 23});
}

namespace {
int add_but_33(int sum, int x) { return x == 33 ? throw std::runtime_error("thirty-three") : sum + x; }
}  // namespace

TEST_CASE("groups that are divided are reset, flushed, waited for and answered for as one state") {
  std::vector<int> done;
  int windows = 0;
  Stream<int> source, reset;
  Stream<Letter<int>> letters;
  const auto dead = letters.sink_to_list();
  const auto sums = source.scatter()
                        .group_by(last_digit, op::accumulate(add_but_33, 0))
                        .on_error(on_error::dead_letter(letters))
                        .reset_by(reset)
                        .gather()
                        .sink_to_list();
  source.scatter().group_by(last_digit, op::partition(3)).gather().sink([&](const auto&) { ++windows; });
  const auto emit = [&](int begin, int end) {
    for (int i = begin; i < end; ++i)
      source.emit(i, [&done, i](const std::exception_ptr&) { done.push_back(i); });
    source.drain();
  };
  emit(0, 40);
  CHECK(windows == 10);
  std::sort(done.begin(), done.end());  // they are done window by window
  CHECK(done == numbers(0, 30));        // the others wait in windows
  CHECK(sums.size() == 39);
  REQUIRE(dead.size() == 1);
  CHECK(dead.values()[0].element == 33);
  CHECK(dead.values()[0].node == "<group_by: accumulate>");
  source.flush();
  source.drain();
  CHECK(windows == 20);
  CHECK(done.size() == 40);
  reset.emit(0);
  emit(45, 46);
  CHECK(sums.last() == std::optional(std::pair(5, 45)));
}
