// Operators with a state.
#include <map>
#include <string>

#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST_CASE("accumulate begins with the first element, or with a start") {
  Stream<int> source;
  const auto running = source.accumulate(std::plus<>{}).sink_to_list();
  const auto from_ten = source.accumulate(std::plus<>{}, 10).sink_to_list();
  const auto counted = source.scan([](std::size_t n, int) { return n + 1; }, std::size_t{0}).sink_to_list();
  feed(source, 1, 4);
  CHECK(running.values() == Ints{1, 3, 6});
  CHECK(from_ten.values() == Ints{11, 13, 16});
  CHECK(counted.values() == std::vector<std::size_t>{1, 2, 3});
}

TEST_CASE("accumulate may return a result beside the state, and emit the state beside the result") {
  Stream<int> source;
  const auto both = [](int state, int x) { return std::pair(state + x, state * 100); };
  const auto results = source.accumulate(both, 1, returns_state).sink_to_list();
  const auto first_is_state = source.accumulate(both, returns_state).sink_to_list();
  const auto with = source.accumulate(std::plus<>{}, with_state).sink_to_list();
  const auto all = source.accumulate(both, 0, returns_state, with_state).sink_to_list();
  feed(source, 1, 3);
  CHECK(results.values() == Ints{100, 200});
  CHECK(first_is_state.values() == Ints{1, 100});
  CHECK(with.values() == std::vector<std::pair<int, int>>{{1, 1}, {3, 3}});
  CHECK(all.values() == std::vector<std::pair<int, int>>{{1, 0}, {3, 100}});
}

TEST_CASE("accumulate may return a result that has nothing to do with the type of the state") {
  Stream<int> source;
  const auto sizes = source
                         .accumulate(
                             [](std::vector<int> all, int x) {
                               all.push_back(x);
                               const std::string size = std::to_string(all.size());
                               return std::pair(std::move(all), size);
                             },
                             std::vector<int>(), returns_state)
                         .sink_to_list();
  feed(source, 5, 7);
  CHECK(sizes.values() == std::vector<std::string>{"1", "2"});
}

TEST_CASE("accumulate changes a state in place if the function wants it") {
  Stream<std::string> source;
  const auto out =
      source
          .accumulate([](std::map<std::string, int>& counts, const std::string& word) { ++counts[word]; },
                      std::map<std::string, int>{})
          .sink_to_list();
  source.emit("a");
  source.emit("a");
  CHECK(out.values().back() == std::map<std::string, int>{{"a", 2}});
}

TEST_CASE("accumulate keeps its state when the function throws") {
  Stream<int> source;
  const auto out =
      source
          .accumulate([](int sum, int x) { return x < 0 ? throw std::runtime_error("negative") : sum + x; },
                      0)
          .sink_to_list();
  source.emit(1);
  CHECK_THROWS_WITH(source.emit(-1), "negative");
  source.emit(2);
  CHECK(out.values() == Ints{1, 3});
}

TEST_CASE("reset_by sets the state back") {
  Stream<int> source;
  Stream<std::string> reset;
  const auto out = source.accumulate(std::plus<>{}, 0).reset_by(reset).sink_to_list();
  const auto no_start = source.accumulate(std::plus<>{}).reset_by(reset).sink_to_list();
  feed(source, 1, 3);
  reset.emit("now");
  feed(source, 1, 3);
  CHECK(out.values() == Ints{1, 3, 1, 3});
  CHECK(no_start.values() == Ints{1, 3, 1, 3});
  CHECK(sentence([&] { source.map(inc).reset_by(reset); }) == "reset_by: <map: inc> keeps no state");
}

TEST_CASE("collect hoards until it is flushed") {
  Stream<int> source;
  const auto node = source.collect();
  const auto out = node.sink_to_list();
  DoneCount count;
  source.emit(1, count.counter());
  source.emit(2, count.counter());
  CHECK(count.done == 0);
  CHECK(node.node().queued() == 2);
  node.flush();
  CHECK(count.done == 2);
  node.flush();
  source.emit(3);
  source.close();
  CHECK(out.values() == std::vector<Ints>{{1, 2}, {}, {3}});
}

TEST_CASE("collect is flushed by another stream") {
  Stream<int> source;
  Stream<int> tick;
  const auto out = source.collect().flush_by(tick).sink_to_list();
  feed(source, 0, 2);
  tick.emit(0);
  CHECK(out.values() == std::vector<Ints>{{0, 1}});
}

TEST_CASE("frequencies counts") {
  Stream<std::string> source;
  const auto out = source.frequencies().sink_to_list();
  for (const char* word : {"cat", "dog", "cat"}) source.emit(word);
  CHECK(out.values().back() == std::map<std::string, std::uint64_t>{{"cat", 2}, {"dog", 1}});
  CHECK(out.size() == 3);
}

TEST_CASE("unique passes what was not seen, and remembers the most recent") {
  const auto passed = [](std::optional<std::size_t> maxsize, const Ints& elements) {
    Stream<int> source;
    const auto out = source.unique(maxsize).sink_to_list();
    feed(source, elements);
    return out.values();
  };
  CHECK(passed({}, {1, 2, 1, 3, 2}) == Ints{1, 2, 3});
  CHECK(passed(1, {1, 2, 1}) == Ints{1, 2, 1});
  CHECK(passed(2, {1, 2, 1, 3, 1, 2}) == Ints{1, 2, 3, 2});  // seeing 1 again made it recent
  Stream<int> source;
  CHECK(sentence([&] { source.unique(0); }) == "unique: maxsize must be at least 1 (got 0)");
}

TEST_CASE("unique takes keys with a hash, an order, or equality alone") {
  Stream<int> source;
  const auto by_key = source.unique({}, [](int x) { return x % 3; }).sink_to_list();
  feed(source, 0, 6);
  CHECK(by_key.values() == Ints{0, 1, 2});
  Stream<Ints> lists;
  const auto ordered = lists.unique(2).sink_to_list();
  for (const Ints& x : {Ints{1}, Ints{2}, Ints{1}, Ints{3}, Ints{2}}) lists.emit(x);
  CHECK(ordered.values() == std::vector<Ints>{{1}, {2}, {3}, {2}});
  struct Plain {
    int id;
    bool operator==(const Plain&) const = default;
  };
  Stream<Plain> plain;
  const auto equal = plain.unique(1).map([](const Plain& p) { return p.id; }).sink_to_list();
  for (const int id : {1, 1, 2, 1}) plain.emit(Plain{id});
  CHECK(equal.values() == Ints{1, 2, 1});
}

TEST_CASE("pairwise pairs neighbours") {
  Stream<int> source;
  const auto out = source.pairwise().sink_to_list();
  feed(source, 0, 3);
  CHECK(out.values() == std::vector<std::pair<int, int>>{{0, 1}, {1, 2}});
}

TEST_CASE("group_by keeps a state for each key") {
  Stream<int> source;
  const auto sums = source.group_by(is_odd, op::accumulate(std::plus<>{}, 0)).sink_to_list();
  const auto batches = source.group_by(is_odd, op::map(inc) | op::partition(2)).sink_to_list();
  feed(source, 0, 5);
  source.close();
  CHECK(sums.values() ==
        std::vector<std::pair<bool, int>>{{false, 0}, {true, 1}, {false, 2}, {true, 4}, {false, 6}});
  CHECK(batches.values() ==
        std::vector<std::pair<bool, Ints>>{{false, {1, 3}}, {true, {2, 4}}, {false, {5}}});
}

TEST_CASE("group_by forgets the least recently used key beyond its bound") {
  Stream<int> source;
  const auto out = source.group_by(std::identity{}, op::partition(10), 2).sink_to_list();
  for (const int x : {1, 2, 1, 3}) source.emit(x);
  CHECK(out.values() == std::vector<std::pair<int, Ints>>{{2, {2}}});
}

TEST_CASE("what was flushed is gone although what is below failed") {
  Stream<int> source;
  const auto collected = source.collect();
  std::vector<Ints> out;
  collected.sink([&](const Ints& all) {
    out.push_back(all);
    if (out.size() == 1) throw std::runtime_error("first");
  });
  source.emit(1);
  CHECK(sentence([&] { collected.flush(); }) == "first");
  source.emit(2);
  collected.flush();
  CHECK(out == std::vector<Ints>{{1}, {2}});
}

TEST_CASE("a node's text says what it was made with") {
  Stream<int> source;
  CHECK(source.map(inc).label() == "<map: inc>");
  CHECK(source.map(std::plus<>{}, 1).label() == "<map>");
  CHECK(source.filter(is_odd).named("odd").label() == "<odd; filter: is_odd>");
  CHECK(source.slice(1, 9, 2).label() == "<slice: 1:9:2>");
  CHECK(source.unique(4).label() == "<unique: 4>");
  CHECK(source.sliding_window(3).label() == "<sliding_window: 3>");
  CHECK(source.partition(2, 500ms).label() == "<partition: 2, 500ms>");
  CHECK(source.group_by(is_odd, op::accumulate(std::plus<>{}, 0)).label() == "<group_by: accumulate>");
}

TEST_CASE("accumulate passes further arguments on to its function") {
  Stream<int> source;
  const auto fading = [](double state, int x, double factor) { return state * factor + x; };
  const auto means = source.accumulate(fading, 0.0, 0.5).sink_to_list();
  const auto in_place = [](Ints& state, int x, int times) { state.push_back(x * times); };
  const auto lists = source.accumulate(in_place, Ints{}, 3).sink_to_list();
  const auto pairs = [](int state, int x, int a, int b) { return std::pair(state + x, a * x + b); };
  const auto results = source.accumulate(pairs, 0, 10, 1, returns_state).sink_to_list();
  feed(source, 1, 4);
  CHECK(means.values() == std::vector<double>{1, 2.5, 4.25});
  CHECK(lists.values().back() == Ints{3, 6, 9});
  CHECK(results.values() == Ints{11, 21, 31});
}

TEST_CASE("a further argument of accumulate may be a pair or a tuple") {
  Stream<int> source;
  const auto out =
      source
          .accumulate([](int sum, int x, std::pair<int, int> p,
                         std::tuple<int> t) { return sum + x * p.first + p.second + std::get<0>(t); },
                      0, std::pair(3, 4), std::tuple(100))
          .sink_to_list();
  feed(source, 1, 3);
  CHECK(out.values() == Ints{107, 217});
}
