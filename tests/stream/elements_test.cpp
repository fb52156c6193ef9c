// Element-wise operators.
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "stream/support.hpp"

using namespace weir;

TEST_CASE("map emits what the function returns") {
  Stream<int> source;
  const auto out = source.map(inc).sink_to_list();
  const auto texts = source.map([](int x) { return std::to_string(x); }).sink_to_list();
  const auto sums = source.map(std::plus<>{}, 10).sink_to_list();
  feed(source, 0, 3);
  CHECK(out.values() == Ints{1, 2, 3});
  CHECK(texts.values() == std::vector<std::string>{"0", "1", "2"});
  CHECK(sums.values() == Ints{10, 11, 12});
}

TEST_CASE("map takes functions that want their own copy, and ones that change it") {
  Stream<std::string> source;
  const auto moved = source.map([](std::string&& x) { return std::move(x) + "!"; }).sink_to_list();
  const auto changed = source.map([](std::string& x) { return x += "?"; }).sink_to_list();
  const auto kept = source.sink_to_list();
  source.emit("a");
  CHECK(moved.values() == std::vector<std::string>{"a!"});
  CHECK(changed.values() == std::vector<std::string>{"a?"});
  CHECK(kept.values() == std::vector<std::string>{"a"});
}

TEST_CASE("starmap and starsink spread tuples and pairs") {
  Stream<std::tuple<int, int>> source;
  const auto out = source.starmap([](int a, int b) { return a + b; }).sink_to_list();
  const auto more = source.starmap([](int a, int b, int c) { return a + b + c; }, 100).sink_to_list();
  int sum = 0;
  source.starsink([&](int a, int b) { sum += a * b; });
  source.emit({1, 2});
  source.emit({3, 4});
  CHECK(out.values() == Ints{3, 7});
  CHECK(more.values() == Ints{103, 107});
  CHECK(sum == 14);
  Stream<std::pair<int, std::string>> pairs;
  const auto texts =
      pairs.starmap([](int a, const std::string& b) { return b + std::to_string(a); }).sink_to_list();
  pairs.emit({1, "x"});
  CHECK(texts.values() == std::vector<std::string>{"x1"});
}

TEST_CASE("filter passes and remove drops") {
  Stream<int> source;
  const auto odd = source.filter(is_odd).sink_to_list();
  const auto even = source.remove(is_odd).sink_to_list();
  const auto truthy = source.filter(std::identity{}).sink_to_list();
  feed(source, 0, 5);
  CHECK(odd.values() == Ints{1, 3});
  CHECK(even.values() == Ints{0, 2, 4});
  CHECK(truthy.values() == Ints{1, 2, 3, 4});
}

TEST_CASE("flatten emits the items of containers, strings and optionals") {
  Stream<Ints> source;
  const auto out = source.flatten().sink_to_list();
  source.emit({1, 2});
  source.emit({});
  source.emit({3});
  CHECK(out.values() == Ints{1, 2, 3});
  Stream<std::string> words;
  const auto letters = words.flatten().sink_to_list();
  words.emit("ab");
  CHECK(letters.values() == std::vector<char>{'a', 'b'});
  Stream<std::optional<int>> maybe;
  const auto present = maybe.flatten().sink_to_list();
  maybe.emit(std::nullopt);
  maybe.emit(4);
  CHECK(present.values() == Ints{4});
}

TEST_CASE("flatten: the element is done when all its items are, and one that fails does not stop the next") {
  Stream<Ints> source;
  const auto out =
      source.flatten().map([](int x) { return x == 2 ? throw std::runtime_error("two") : x; }).sink_to_list();
  DoneCount count;
  CHECK_THROWS_WITH(source.emit(Ints{1, 2, 3}, count.counter()), "two");
  CHECK(out.values() == Ints{1, 3});
  CHECK(count.done == 1);
  CHECK(count.failed == 1);
}

TEST_CASE("pluck picks by index, key and member") {
  Stream<std::tuple<int, std::string, double>> tuples;
  const auto second = tuples.pluck<1>().sink_to_list();
  const auto both = tuples.pluck<0, 2>().sink_to_list();
  tuples.emit({1, "a", 2.5});
  CHECK(second.values() == std::vector<std::string>{"a"});
  CHECK(both.values() == std::vector<std::tuple<int, double>>{{1, 2.5}});

  Stream<std::map<std::string, int>> maps;
  const auto x = maps.pluck(std::string("x")).sink_to_list();
  maps.emit({{"x", 1}, {"y", 2}});
  CHECK(x.values() == Ints{1});
  CHECK(sentence([&] { maps.emit({{"y", 2}}); }) == "pluck: the element has no key 'x'");

  Stream<Ints> rows;
  const auto third = rows.pluck(2).sink_to_list();
  const auto several = rows.pluck(std::vector<int>{1, 0}).sink_to_list();
  rows.emit({5, 6, 7});
  CHECK(third.values() == Ints{7});
  CHECK(several.values() == std::vector<Ints>{{6, 5}});
  CHECK(sentence([&] { rows.emit({1, 2}); }) == "pluck: the element has no index 2 (its size is 2)");

  struct Event {
    int id;
  };
  Stream<Event> events;
  const auto ids = events.pluck(&Event::id).sink_to_list();
  events.emit({9});
  CHECK(ids.values() == Ints{9});
}

TEST_CASE("slice follows Python") {
  const auto sliced = [](std::int64_t start, std::optional<std::int64_t> end, std::int64_t step) {
    Stream<int> source;
    const auto out = source.slice(start, end, step).sink_to_list();
    feed(source, 0, 6);
    return out.values();
  };
  CHECK(sliced(0, std::nullopt, 1) == Ints{0, 1, 2, 3, 4, 5});
  CHECK(sliced(1, std::nullopt, 2) == Ints{1, 3, 5});
  CHECK(sliced(2, 5, 1) == Ints{2, 3, 4});
  CHECK(sliced(0, 0, 1).empty());
  CHECK(sliced(3, 1, 1).empty());
  Stream<int> source;
  CHECK(sentence([&] { source.slice(-1); }) == "slice: start must not be negative (got -1)");
  CHECK(sentence([&] { source.slice(0, -2); }) == "slice: end must not be negative (got -2)");
  CHECK(sentence([&] { source.slice(0, {}, 0); }) == "slice: step must be at least 1 (got 0)");
}

TEST_CASE("take, skip and take_while; what ends gives partial windows below") {
  Stream<int> source;
  const auto taken = source.take(3).partition(2).sink_to_list();
  const auto rest = source.skip(3).sink_to_list();
  const auto small = source.take_while([](int x) { return x < 2; }).sink_to_list();
  feed(source, 0, 5);
  CHECK(taken.values() == std::vector<Ints>{{0, 1}, {2}});
  CHECK(rest.values() == Ints{3, 4});
  CHECK(small.values() == Ints{0, 1});
}

TEST_CASE("take_until ends at the first signal") {
  Stream<int> source;
  Stream<std::string> signal;
  const auto out = source.take_until(signal).sink_to_list();
  source.emit(1);
  signal.emit("stop");
  source.emit(2);
  CHECK(out.values() == Ints{1});
}

TEST_CASE("enumerate numbers the elements") {
  Stream<std::string> source;
  const auto out = source.enumerate(1).sink_to_list();
  source.emit("a");
  source.emit("b");
  CHECK(out.values() == std::vector<std::pair<std::uint64_t, std::string>>{{1, "a"}, {2, "b"}});
}

TEST_CASE("fused operators are one node") {
  Stream<int> source;
  const auto fused = source | (op::map(inc) | op::filter(is_odd) | op::partition(2));
  const auto out = fused.sink_to_list();
  feed(source, 0, 5);
  source.close();
  CHECK(out.values() == std::vector<Ints>{{1, 3}, {5}});
  CHECK(fused.label() == "<fused>");
  CHECK(source.node().downstreams().size() == 1);
}
