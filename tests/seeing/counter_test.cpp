// What a worker counts, with a clock that is turned by hand.
#include "seeing/counter.hpp"

#include <catch2/catch.hpp>
#include <numeric>

using weir::detail::protocol::Seen;
using weir::detail::seeing::Counter;
using weir::detail::seeing::Idle;

namespace {

constexpr std::int64_t ms = 1'000'000, s = 1'000'000'000;
constexpr std::uint64_t f = 100, g = 200;

std::uint64_t tasks_in_blocks(const Seen& seen) {
  return std::accumulate(seen.blocks.begin(), seen.blocks.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& block) { return sum + block.count; });
}

void ran(Counter& counter, std::size_t thread, std::uint64_t function, std::int64_t start_ns,
         std::int64_t end_ns, std::int64_t inner_ns, std::uint64_t bytes, bool failed) {
  counter.ran(thread, function, {0, start_ns, end_ns, inner_ns, 0, 0, bytes, failed});
}

}  // namespace

TEST_CASE("counter tells count, time, bytes and durations of each function") {
  Counter counter(0);
  ran(counter, 0, f, 1 * ms, 3 * ms, 0, 8, false);
  ran(counter, 0, f, 3 * ms, 5 * ms, 0, 8, true);
  ran(counter, 1, g, 0, 1 * ms, 0, 100, false);
  const Seen seen = counter.take(s, {}, 100);
  CHECK(seen.interval_s == 1.0);
  REQUIRE(seen.functions.size() == 2);
  CHECK(seen.functions[0].function == f);
  CHECK(seen.functions[0].count == 2);
  CHECK(seen.functions[0].failed == 1);
  CHECK(seen.functions[0].busy_ns == 4 * ms);
  CHECK(seen.functions[0].bytes == 16);
  REQUIRE(seen.functions[0].durations.size() == 1);
  CHECK(seen.functions[0].durations[0].digits == 21);  // 2 ms is less than 2^21 ns
  CHECK(seen.functions[0].durations[0].count == 2);
  CHECK(seen.functions[1].count == 1);
  CHECK(counter.take(2 * s, {}, 100).functions.empty());
}

TEST_CASE("counter makes one block of runs of a function that follow each other closely") {
  Counter counter(0);
  for (int i = 0; i < 1000; ++i) ran(counter, 0, f, i * 1000, i * 1000 + 400, 0, 0, false);
  ran(counter, 0, f, 50 * ms, 51 * ms, 0, 0, false);  // after a pause
  ran(counter, 0, g, 51 * ms, 52 * ms, 0, 0, false);  // of another function
  const Seen seen = counter.take(s, {}, 100);
  REQUIRE(seen.blocks.size() == 3);
  CHECK(seen.blocks[0].count == 1000);
  CHECK(seen.blocks[0].busy_us == 400);
  CHECK(seen.blocks[0].length_us == 999);
  CHECK(seen.blocks[1].start_us == 50000);
  CHECK(seen.functions[seen.blocks[2].function].function == g);
}

TEST_CASE("counter tells no more blocks than it may, and forgets no task") {
  Counter counter(0);
  constexpr std::uint64_t all = 1'000'000;
  for (std::uint64_t i = 0; i < all; ++i)
    ran(counter, i % 2, i % 3 ? f : g, static_cast<std::int64_t>(i) * 3000,
        static_cast<std::int64_t>(i) * 3000 + 2000, 0, 0, false);
  const Seen seen = counter.take(s, {}, 50);
  CHECK(seen.blocks.size() <= 50);
  CHECK(seen.blocks.size() > 20);
  CHECK(tasks_in_blocks(seen) == all);
  CHECK(seen.functions[0].count + seen.functions[1].count == all);
}

TEST_CASE("counter tells of a task that still runs, and counts its time once") {
  Counter counter(0);
  const Seen first = counter.take(s, {{0, f, 0}}, 100);
  REQUIRE(first.blocks.size() == 1);
  CHECK(first.blocks[0].count == 0);
  CHECK(first.blocks[0].length_us == 1'000'000);
  CHECK(first.functions[0].busy_ns == s);
  CHECK(first.functions[0].count == 0);
  const Seen second = counter.take(2 * s, {{0, f, 0}}, 100);
  CHECK(second.functions[0].busy_ns == s);
  ran(counter, 0, f, 0, 2 * s + 5 * ms, 0, 0, false);
  const Seen third = counter.take(3 * s, {}, 100);
  CHECK(third.functions[0].busy_ns == 5 * ms);
  CHECK(third.functions[0].count == 1);
  CHECK(third.functions[0].durations[0].digits == 31);
}

TEST_CASE("counter names the tasks that have run for longest, a few of them, and none that has just begun") {
  Counter counter(0);
  std::vector<Counter::Running> running;
  for (std::size_t i = 0; i < 100; ++i)
    running.push_back({i, f, static_cast<std::int64_t>(i * 37 % 100) * 10 * ms, 1000 + i * 37 % 100});
  const Seen seen = counter.take(s, running, 10'000);
  REQUIRE(seen.running.size() == Counter::most_slow);
  for (std::size_t i = 0; i < seen.running.size(); ++i) {
    CHECK(seen.running[i].id == 1000 + i);
    CHECK(seen.running[i].start_us == static_cast<std::int64_t>(i) * 10'000);
    CHECK(seen.running[i].function == f);
  }
  CHECK(counter.take(2 * s, running, 1).running.size() == 1);  // of many workers each tells one
  CHECK(counter.take(3 * s, {{0, f, 3 * s - 99 * ms, 7}}, 10'000).running.empty());
}

TEST_CASE("counter leaves out the time in which a task waits for others") {
  Counter counter(0);
  ran(counter, 0, f, 0, 10 * ms, 9 * ms, 0, false);
  CHECK(counter.take(s, {}, 10).functions[0].busy_ns == 1 * ms);
}

TEST_CASE("counter sums why threads were idle") {
  Counter counter(0);
  counter.idle(Idle::fetching, 2, 0.5);
  counter.idle(Idle::unasked, 1, 0.25);
  counter.idle(Idle::no_memory, 1, 0.125);
  const Seen seen = counter.take(s, {}, 10);
  CHECK(seen.fetching_s == 1.0);
  CHECK(seen.unasked_s == 0.25);
  CHECK(seen.no_memory_s == 0.125);
}

TEST_CASE("counter tells of waits where they were, and counts them for what ran next") {
  Counter counter(0);
  ran(counter, 0, g, 0, 10 * ms, 0, 0, false);
  counter.waited(0, Idle::fetching, 0, 50 * ms);  // it ran something until 10 ms
  counter.waited(0, Idle::fetching, 50 * ms, 100 * ms);
  counter.waited(0, Idle::no_memory, 100 * ms, 130 * ms);
  ran(counter, 0, f, 130 * ms, 140 * ms, 0, 0, true);
  const Seen seen = counter.take(s, {}, 100);
  REQUIRE(seen.blocks.size() == 4);
  CHECK(seen.blocks[1].kind == 1);
  CHECK(seen.blocks[1].start_us == 10'000);
  CHECK(seen.blocks[1].length_us == 90'000);
  CHECK(seen.blocks[1].count == 0);
  CHECK(seen.blocks[2].kind == 2);
  CHECK(seen.blocks[3].failed == 1);
  CHECK(seen.blocks[0].failed == 0);
  REQUIRE(seen.functions.size() == 2);
  CHECK(seen.functions[0].fetching_ns == 0);
  CHECK(seen.functions[1].function == f);
  CHECK(seen.functions[1].fetching_ns == 90 * ms);
  CHECK(seen.functions[1].no_memory_ns == 30 * ms);
  counter.waited(0, Idle::fetching, 900 * ms, 950 * ms);  // what it waits for has not run yet
  CHECK(counter.take(2 * s, {}, 100).functions.empty());
  ran(counter, 0, f, 2 * s, 2 * s + ms, 0, 0, false);
  CHECK(counter.take(3 * s, {}, 100).functions[0].fetching_ns == 50 * ms);
}

TEST_CASE("counter counts functions beyond its limit as one") {
  Counter counter(0);
  for (std::uint64_t function = 1; function <= Counter::most_functions + 100; ++function)
    ran(counter, 0, function, 0, 10, 0, 0, false);
  const Seen seen = counter.take(s, {}, 10);
  CHECK(seen.functions.size() <= Counter::most_functions + 1);
  std::uint64_t count = 0, others = 0;
  for (const auto& each : seen.functions) {
    count += each.count;
    if (each.function == 0) others = each.count;
  }
  CHECK(count == Counter::most_functions + 100);
  CHECK(others == 100);
}

TEST_CASE("counter: a worker that has waited and run nothing yet says so") {
  Counter counter(0);
  counter.waited(0, Idle::fetching, 0, 50 * ms);
  const auto seen = counter.take(100 * ms, {}, 100);
  CHECK(seen.functions.empty());
  REQUIRE(seen.blocks.size() == 1);
  CHECK(seen.blocks[0].kind == 1);
  CHECK(seen.blocks[0].length_us == 50'000);
}

TEST_CASE("counter tells reading and sizing apart from running, and shows what is long enough") {
  Counter counter(0);
  counter.ran(0, f, {1, 1 * ms, 10 * ms, 0, 4 * ms, 1 * ms, 8, false});
  counter.ran(0, f, {2, 20 * ms, 21 * ms, 0, ms / 100, 0, 8, false});  // too short to be seen
  const Seen seen = counter.take(s, {}, 100);
  REQUIRE(seen.functions.size() == 1);
  CHECK(seen.functions[0].busy_ns == 5 * ms + ms - ms / 100);
  CHECK(seen.functions[0].serializing_ns == 5 * ms + ms / 100);
  REQUIRE(seen.blocks.size() == 4);
  CHECK(seen.blocks[0].kind == 3);
  CHECK(seen.blocks[0].start_us == 1000);
  CHECK(seen.blocks[0].length_us == 4000);
  CHECK(seen.blocks[1].start_us == 5000);
  CHECK(seen.blocks[1].length_us == 5000);
  CHECK(seen.blocks[1].count == 1);
  CHECK(seen.blocks[2].kind == 3);
  CHECK(seen.blocks[2].start_us == 10000);
  CHECK(seen.blocks[3].count == 1);
  CHECK(counter.take(2 * s, {}, 100).functions.empty());
}

TEST_CASE("counter tells of the tasks that took longest, of a second at a time") {
  Counter counter(0);
  for (std::int64_t i = 1; i <= 100; ++i)
    counter.ran(0, f,
                {static_cast<weir::TaskId>(i), i * s, i * s + (i * 37 % 101) * ms, 0, 0, 0, 0, i == 30});
  counter.ran(0, f, {1000, 200 * s, 200 * s + 50'000, 0, 0, 0, 0, false});  // too short for anybody
  const Seen seen = counter.take(300 * s, {}, 512);
  REQUIRE(seen.slow.size() == Counter::most_slow);
  for (std::size_t i = 0; i < seen.slow.size(); ++i) {
    CHECK(seen.slow[i].length_us == 100'000 - 1000 * i);
    CHECK(seen.slow[i].failed == (seen.slow[i].id == 30));
    CHECK(seen.slow[i].start_us == static_cast<std::int64_t>(seen.slow[i].id) * 1'000'000);
  }
  counter.ran(0, g, {7, 301 * s, 301 * s + 2 * ms, 0, 0, 0, 0, false});
  counter.ran(0, g, {8, 302 * s, 302 * s + 3 * ms, 0, 0, 0, 0, false});
  const Seen next = counter.take(303 * s, {}, 4);  // of many workers each tells less
  REQUIRE(next.slow.size() == 1);
  CHECK(next.slow[0].id == 8);
  CHECK(next.slow[0].function == g);
}

TEST_CASE("counter keeps functions of several threads apart, also where they alternate") {
  Counter counter(0);
  for (std::int64_t i = 0; i < 100; ++i)
    for (std::size_t thread = 0; thread < 3; ++thread)
      ran(counter, thread, (i + static_cast<std::int64_t>(thread)) % 2 ? f : g, i * ms, i * ms + ms / 2, 0, 1,
          false);
  const Seen seen = counter.take(s, {}, 100);
  REQUIRE(seen.functions.size() == 2);
  CHECK(seen.functions[0].count == 150);
  CHECK(seen.functions[1].count == 150);
  CHECK(seen.functions[0].busy_ns == 75 * ms);
}
