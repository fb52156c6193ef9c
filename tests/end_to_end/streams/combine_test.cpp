// Several streams on the cluster, and operators that know time. Runs as threads and as ranks.
#include <catch2/catch.hpp>
#include <numeric>

#include "end_to_end/streams/support.hpp"
#include "support/warnings.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

int inc(int x) { return x + 1; }
int half(int x) { return x / 2; }
int negative(int x) { return -x; }
bool is_odd(int x) { return x % 2 != 0; }
int by_three(int x) { return x % 3; }

/// What `build(a, b)` gives for two streams here and for the same two on the cluster; `a` gets all numbers,
/// `b` those that are odd, or all that come in a while together.
template <class Build>
void check_same(Build build) {
  Stream<int> a, b;
  const auto here = build(a, b.map(negative)).sink_to_list();
  const auto there = build(a.scatter(), b.scatter().map(negative)).gather().sink_to_list();
  for (int i = 0; i < 400; ++i) {
    a.emit(i);
    if (is_odd(i)) b.emit(i);
  }
  for (int i = 400; i < 600; ++i) (i / 50 % 2 == 0 ? a : b).emit(i);
  a.drain();
  CHECK(there.size() == here.size());
  a.close();
  b.close();
  CHECK((there.values() == here.values()));
}

}  // namespace

TEST_CASE("zip on the cluster") {
  check_same([](auto a, auto b) { return a.zip(b, max_ahead{1000}); });
  check_same([](auto a, auto b) {
    return a.map(half).zip(b, a, max_ahead{1000}).filter([](const auto& x) {
      return std::get<0>(x) % 2 == 0;
    });
  });
}
TEST_CASE("zip on the cluster holds the stream back that is ahead") {
  Stream<int> a, b;
  const auto pairs = a.scatter().zip(b.scatter(), max_ahead{3}).gather().sink_to_list();
  int taken = 0;
  for (int i = 0; i < 1'000'000 && a.emit_for(i, 200ms); ++i) ++taken;
  CHECK(taken > 3);
  CHECK(taken < 100'000);  // news of the state comes late: what the window lets in meanwhile, a few chunks of
                           // at most 4096
  for (int i = 0; i < taken; ++i) b.emit(i);
  a.drain();
  CHECK(pairs.size() == static_cast<std::size_t>(taken));
}
TEST_CASE("combine_latest and zip_latest on the cluster") {
  check_same([](auto a, auto b) { return a.combine_latest(b); });
  check_same([](auto a, auto b) { return a.combine_latest(b, emit_on(1)); });
  check_same([](auto a, auto b) { return a.zip_latest(b); });
}
TEST_CASE("merge, merge_by_time and joins on the cluster") {
  check_same([](auto a, auto b) { return a.merge(b).map(inc); });
  check_same([](auto a, auto b) { return op::merge_by_time([](int x) { return std::abs(x); }, a, b); });
  check_same([](auto a, auto b) { return op::join(a, b, half, by_three, 20); });
  check_same([](auto a, auto b) {
    return op::left_join(
        a, b, half, [](int x) { return x / -3; }, 20);
  });
}
TEST_CASE("an element that comes on two ways comes in the order of the ways") {
  check_same([](auto a, auto) { return a.merge(a.map(negative)); });
  check_same([](auto a, auto b) { return a.filter(is_odd).merge(b, a.remove(is_odd)).map(inc); });
  check_same([](auto a, auto b) { return a.combine_latest(b, a); });
}
TEST_CASE("split and route on the cluster") {
  Stream<int> source;
  const auto [odd, even] = source.scatter().map(inc).split(is_odd);
  const auto odds = odd.gather().sink_to_list(), evens = even.map(half).gather().sink_to_list();
  const auto ways = source.scatter().route(3, by_three);
  const auto second = ways[2].gather().sink_to_list();
  feed(source, 0, 300);
  source.drain();
  CHECK(odds.values().back() == 299);
  CHECK(evens.values().back() == 150);
  CHECK(second.values().back() == 299);
  CHECK(odds.size() + evens.size() == 300);
  CHECK(second.size() == 100);
}
TEST_CASE("an element is done when its tuple has been consumed") {
  std::vector<int> order;
  Stream<int> a, b;  // the last element is done when the streams end
  a.scatter().zip(b.scatter()).gather().sink([&](const std::tuple<int, int>& pair) {
    order.push_back(100 + std::get<0>(pair));
  });
  for (int i = 0; i < 3; ++i) a.emit(i, [&, i](const std::exception_ptr&) { order.push_back(i); });
  a.drain();
  CHECK(order.empty());
  b.emit(0);
  b.emit(1);
  a.drain();
  CHECK(order == Ints{100, 0, 101, 1});
}
TEST_CASE("windows by the clock on the cluster follow the clock of the stream") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto windows = source.scatter().map(inc).timed_window(1s).gather().sink_to_list();
  const auto batches = source.scatter().partition(3, 2500ms).gather().sink_to_list();
  const auto samples = source.scatter().sample(1s).gather().sink_to_list();
  const auto spaced = source.scatter().throttle(1s).gather().sink_to_list();
  const auto distinct = source.scatter().map(half).distinct_within(1s).gather().sink_to_list();
  feed(source, 0, 4);
  source.drain();
  CHECK(batches.values() == std::vector<Ints>{{0, 1, 2}, {3}});
  CHECK(windows.values().front() == Ints{1, 2, 3, 4});
  CHECK(samples.values() == Ints{3});
  CHECK(spaced.values() == Ints{0});
  CHECK(distinct.values() == Ints{0, 1});
  feed(source, 4, 6);
  source.close();
  CHECK(batches.values().back() == Ints{4, 5});
  CHECK(windows.values().back() == Ints{5, 6});
  CHECK(spaced.values() == Ints{0, 4});
}
TEST_CASE("debounce, delay and rate_limit on the cluster follow the clock of the stream") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto quiet = source.scatter().debounce(1s).gather().sink_to_list();
  const auto late = source.scatter().map(inc).delay(3s).gather().sink_to_list();
  feed(source, 0, 3);
  source.drain();
  CHECK(quiet.values() == Ints{2});
  CHECK(late.values() == Ints{1, 2, 3});
  CHECK(clock.now() >= 3s);
  Stream<int> limited{clock};
  const auto begin = clock.now();
  const auto out = limited.scatter().rate_limit(1s).map(inc).gather().sink_to_list();
  feed(limited, 0, 5);
  limited.drain();
  CHECK(out.values() == Ints{1, 2, 3, 4, 5});
  CHECK(clock.now() - begin >= 4s);
}
TEST_CASE("take_until on the cluster ends with what was emitted before the signal") {
  Stream<int> source, signal;
  const auto doubled = source.scatter().map(half);
  const auto until = doubled.take_until(signal).partition(3).gather().sink_to_list();
  const auto all = doubled.map_async(inc, 4).gather().sink_to_list();
  feed(source, 0, 50);
  signal.emit(0);
  feed(source, 50, 100);
  source.drain();
  CHECK(until.size() == 17);
  CHECK(until.values().back() == Ints{24, 24});
  CHECK(all.size() == 100);
}
TEST_CASE("latest on the cluster gives the newest to a consumer that is busy") {
  Stream<int> source;
  const auto out = source.scatter().latest().map(inc).gather().sink_to_list();
  feed(source, 0, 2000);
  source.drain();
  const auto values = out.values();
  CHECK(values.back() == 2000);
  CHECK(std::is_sorted(values.begin(), values.end()));
  CHECK(std::adjacent_find(values.begin(), values.end()) == values.end());
}
TEST_CASE("a state on the cluster is reset and flushed by other streams") {
  Stream<int> source, reset, flush;
  const auto sums = source.scatter().accumulate(std::plus<int>{}, 0).reset_by(reset).gather().sink_to_list();
  const auto all = source.scatter().collect().flush_by(flush).gather().sink_to_list();
  feed(source, 0, 4);
  reset.emit(0);
  flush.emit(0);
  feed(source, 4, 6);
  source.drain();
  CHECK(sums.values() == Ints{0, 1, 3, 6, 4, 9});
  CHECK(all.values() == std::vector<Ints>{{0, 1, 2, 3}});
  CHECK_THAT(sentence([&] { static_cast<void>(source.scatter().map(inc).reset_by(reset)); }),
             Catch::Contains("keeps no state"));
}

namespace {
int refuse_negative(int x) { return x < 0 ? throw std::runtime_error("negative") : x; }
int refuse_no_number(const std::string& text) { return std::stoi(text); }
std::string text_or_x(int x) { return x % 10 == 5 ? "x" + std::to_string(x) : std::to_string(x); }
}  // namespace

TEST_CASE("joins and operators that know time, on the cluster, answer what their functions throw by policy") {
  Stream<int> a, b;
  const auto skipped = op::join(a.scatter(), b.scatter(), refuse_negative, refuse_negative, 100)
                           .on_error(on_error::skip)
                           .gather()
                           .sink_to_list();
  Stream<Letter<int>> letters;
  const auto dead = letters.sink_to_list();
  const auto merged = op::merge_by_time(refuse_negative, a.scatter(), b.scatter())
                          .on_error(on_error::dead_letter(letters, 1))
                          .gather()
                          .sink_to_list();
  Stream<Letter<std::variant<int, std::string>>> mixed;
  const auto dead_texts = mixed.sink_to_list();
  const auto joined =
      op::join(a.scatter(), b.scatter().map(text_or_x), refuse_negative, refuse_no_number, 100)
          .on_error(on_error::dead_letter(mixed))
          .gather()
          .sink_to_list();
  const auto distinct =
      a.scatter().distinct_within(10s, refuse_negative).on_error(on_error::skip).gather().sink_to_list();
  for (int i = 0; i < 20; ++i) {
    a.emit(i == 7 ? -7 : i);
    b.emit(i);
  }
  a.close();
  b.close();
  CHECK(skipped.size() == 19);
  CHECK(merged.size() == 39);
  REQUIRE(dead.size() == 1);
  CHECK(dead.values()[0].element == -7);
  CHECK(dead.values()[0].node == "<merge_by_time>");
  CHECK(joined.size() == 17);  // without -7, 5 and 15
  REQUIRE(dead_texts.size() == 3);
  CHECK(std::get<1>(dead_texts.values()[0].element) == "x5");
  CHECK(std::get<0>(dead_texts.values()[1].element) == -7);
  CHECK(distinct.size() == 19);
}

namespace {
Ints three(int x) { return {x, x + 1, x + 2}; }
int refuse_seven(int x) { return x == 7 ? throw std::runtime_error("seven") : x; }
}  // namespace

TEST_CASE("items of one element that come on two ways come item by item") {
  const auto items = [](auto s) { return s.map(three).flatten(); };
  check_same([&](auto a, auto) {
    return items(a).map(inc).map(negative).merge(items(a));
  });  // two flattens: way by way here too
  check_same([&](auto a, auto) {
    auto x = items(a);
    return x.map(negative).merge(x).map(inc);
  });
  check_same([&](auto a, auto b) {
    auto x = items(a);
    return x.filter(is_odd).combine_latest(b, x.map(half), x);
  });
  check_same([&](auto a, auto) {
    auto x = items(a);
    return x.accumulate(std::plus<int>{}).zip_latest(x.remove(is_odd));
  });
}

TEST_CASE("items keep their order through groups, windows and joins on one of the ways") {
  const auto items = [](auto s) { return s.map(three).flatten(); };
  check_same([&](auto a, auto) {
    auto x = items(a);
    return x.group_by(is_odd, op::accumulate(std::plus<int>{}, 0))
        .map([](const std::pair<bool, int>& sum) { return -sum.second; })
        .merge(x);
  });
  check_same([&](auto a, auto) {
    auto x = items(a);
    return x.group_by(half, op::partition(2), 3)
        .map([](const std::pair<int, Ints>& pair) { return pair.second.front() + 1000; })
        .merge(x);
  });
  check_same([&](auto a, auto) {
    auto x = items(a).group_by(half, op::map(inc)).template pluck<1>();  // the groups are where the ways part
    return x.map(negative).merge(x);
  });
  check_same([&](auto a, auto) {
    auto x = items(a);
    return x.tumbling_window(std::identity{}, 4, Late<int>{2})
        .map([](const auto& window) { return 1000 + window.begin; })
        .merge(x.map(negative));
  });
  check_same([&](auto a, auto) {
    auto x = items(a);
    return x.zip(x.map(inc))
        .map([](const std::tuple<int, int>& both) { return std::get<0>(both) + std::get<1>(both); })
        .merge(x.map(negative));
  });
}

TEST_CASE(
    "on the cluster, a cycle that waits for itself is reported with the node's name when drain has nothing "
    "left to do") {
  Stream<int> source, feedback;
  const auto sums =
      source.scatter()
          .zip(feedback.scatter())
          .named("sum")
          .map([](const std::tuple<int, int>& both) { return std::get<0>(both) + std::get<1>(both); })
          .gather();
  sums.connect(feedback);
  const auto out = sums.sink_to_list();
  source.emit(1);
  Warnings warnings;
  source.drain();
  CHECK(warnings.text() ==
        "stream: drain: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit "
        "a first element into the cycle\n");
  feedback.emit(10);
  source.emit(2);
  source.drain();
  CHECK(out.values() == Ints{11, 13});
}

TEST_CASE("an error above two ways is answered once") {
  Stream<int> source;
  Stream<Letter<int>> letters;
  const auto dead = letters.sink_to_list();
  const auto safe = source.scatter().map(refuse_seven).on_error(on_error::dead_letter(letters));
  const auto first = safe.gather().sink_to_list(), second = safe.map(inc).gather().sink_to_list(),
             third = safe.map(half).merge(safe).gather().sink_to_list();
  feed(source, 0, 20);
  source.drain();
  CHECK(first.size() == 19);
  CHECK(second.size() == 19);
  CHECK(third.size() == 38);
  CHECK(dead.size() == 1);
}

TEST_CASE("a stream that is merged with itself and is over ends the merge") {
  Stream<int> source;
  const auto odd = source.scatter().take_while(is_odd).cut();
  const auto out = odd.merge(odd).partition(5).gather().sink_to_list();
  for (const int x : {1, 3, 4}) source.emit(x);
  source.drain();
  REQUIRE(out.size() == 1);
  CHECK(out.values()[0] == Ints{1, 3});
}
