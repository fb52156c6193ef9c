// Several inputs, several outputs.
#include <string>
#include <tuple>

#include "stream/support.hpp"
#include "weir/stream/sources.hpp"

using namespace weir;

TEST_CASE("zip pairs elements in the order of its arguments") {
  Stream<int> a;
  Stream<std::string> b;
  const auto out = a.zip(b).sink_to_list();
  a.emit(1);
  a.emit(2);
  b.emit("x");
  CHECK(out.values() == std::vector<std::tuple<int, std::string>>{{1, "x"}});
  b.emit("y");
  CHECK(out.size() == 2);
}

TEST_CASE("zip takes a stream twice, and literals") {
  Stream<int> a, b;
  const auto twice = a.zip(a).sink_to_list();
  const auto with = a.zip(7, b, std::string("z")).sink_to_list();
  a.emit(1);
  b.emit(2);
  CHECK(twice.values() == std::vector<std::tuple<int, int>>{{1, 1}});
  CHECK(with.values() == std::vector<std::tuple<int, int, int, std::string>>{{1, 7, 2, "z"}});
}

TEST_CASE("zip holds a stream back that is too far ahead") {
  Stream<int> a, b;
  const auto out = a.zip(b, max_ahead{2}).sink_to_list();
  for (int i = 0; i < 3; ++i) CHECK(a.try_emit(i));
  CHECK_FALSE(a.try_emit(3));
  CHECK_FALSE(a.emit_for(3, std::chrono::milliseconds(1)));
  CHECK(b.try_emit(10));
  CHECK(a.try_emit(3));
  CHECK(out.values() == std::vector<std::tuple<int, int>>{{0, 10}});
}

TEST_CASE("zip holds tickets until the tuple is consumed, and lets go at the end") {
  Stream<int> a, b;
  a.zip(b).sink([](const auto&) {});
  DoneCount count;
  a.emit(1, count.counter());
  a.emit(2, count.counter());
  CHECK(count.done == 0);
  b.emit(1, count.counter());
  CHECK(count.done == 2);
  b.close();  // no partner can come any more
  CHECK(count.done == 3);
}

TEST_CASE("zip ends when an input has ended and is used up") {
  Stream<int> a, b;
  const auto out = a.zip(b).partition(5).sink_to_list();
  a.emit(1);
  b.emit(2);
  a.close();
  CHECK(out.values() == std::vector<std::vector<std::tuple<int, int>>>{{{1, 2}}});
}

TEST_CASE("zip of two branches, in any order of creation") {
  Stream<int> source;
  const auto out = source.map(inc).zip(source.map([](int x) { return 2 * x; })).sink_to_list();
  feed(source, 0, 3);
  CHECK(out.values() == std::vector<std::tuple<int, int>>{{1, 0}, {2, 2}, {3, 4}});
}

TEST_CASE("combine_latest emits on every update once all have a value") {
  Stream<int> a, b;
  const auto out = a.combine_latest(b).sink_to_list();
  a.emit(1);
  a.emit(2);
  b.emit(10);
  a.emit(3);
  CHECK(out.values() == std::vector<std::tuple<int, int>>{{2, 10}, {3, 10}});
}

TEST_CASE("combine_latest emits on chosen inputs only") {
  Stream<int> a, b;
  const auto on_a = a.combine_latest(b, emit_on(a)).sink_to_list();
  const auto on_second = a.combine_latest(b, emit_on(1)).sink_to_list();
  a.emit(1);
  b.emit(10);
  b.emit(11);
  a.emit(2);
  CHECK(on_a.values() == std::vector<std::tuple<int, int>>{{2, 11}});
  CHECK(on_second.values() == std::vector<std::tuple<int, int>>{{1, 10}, {1, 11}});
  Stream<int> c;
  CHECK(sentence([&] { a.combine_latest(b, emit_on(2)); }) ==
        "combine_latest: emit_on must be less than 2 (got 2)");
  CHECK(sentence([&] { a.combine_latest(b, emit_on(-1)); }) ==
        "emit_on: a position must not be negative (got -1)");
  CHECK(sentence([&] { a.combine_latest(b, emit_on(c)); }) ==
        "combine_latest: emit_on names <stream>, which is not among the streams");
}

TEST_CASE("combine_latest of a stream with itself and of a diamond") {
  Stream<int> a;
  const auto twice = a.combine_latest(a).sink_to_list();
  a.emit(1);
  a.emit(2);
  CHECK(twice.values() == std::vector<std::tuple<int, int>>{{1, 1}, {2, 1}, {2, 2}});
  Stream<int> source;
  const auto diamond = source.map(inc).combine_latest(source).sink_to_list();
  feed(source, 0, 2);
  CHECK(diamond.values() == std::vector<std::tuple<int, int>>{{1, 0}, {2, 0}, {2, 1}});
}

TEST_CASE("combine_latest holds a ticket until its element came out or was replaced") {
  Stream<int> a, b;
  a.combine_latest(b).sink([](const auto&) {});
  DoneCount count;
  a.emit(1, count.counter());
  CHECK(count.done == 0);
  a.emit(2, count.counter());
  CHECK(count.done == 1);
  b.emit(1, count.counter());
  CHECK(count.done == 3);
}

TEST_CASE("combine_latest keeps going when an input is disconnected") {
  Stream<int> a, b;
  const auto joined = a.combine_latest(b);
  const auto out = joined.sink_to_list();
  a.emit(1);
  b.emit(2);
  b.disconnect(joined);
  a.emit(3);
  b.emit(4);
  CHECK(out.values() == std::vector<std::tuple<int, int>>{{1, 2}, {3, 2}});
}

TEST_CASE("zip gives what is complete without a disconnected input, and waits for nobody any more") {
  Stream<int> a, b, c;
  const auto joined = a.zip(b, c, max_ahead{2});
  const auto out = joined.sink_to_list();
  feed(a, 0, 2);
  b.emit(10);
  b.disconnect(joined);
  c.emit(20);
  CHECK(out.values() == std::vector<std::tuple<int, int, int>>{{0, 10, 20}});
  feed(a, 2, 20);
  feed(c, 0, 20);
  CHECK(out.size() == 1);
}

TEST_CASE("zip_latest gives every lossless element once") {
  Stream<int> a, b;
  const auto out = a.zip_latest(b).sink_to_list();
  DoneCount count;
  a.emit(1, count.counter());
  a.emit(2, count.counter());
  CHECK(count.done == 0);
  b.emit(10);
  CHECK(count.done == 2);
  b.emit(11);
  a.emit(3);
  CHECK(out.values() == std::vector<std::tuple<int, int>>{{1, 10}, {2, 10}, {3, 11}});
}

TEST_CASE("zip_latest holds the lossless stream back if asked to") {
  Stream<int> a, b;
  a.zip_latest(b, max_ahead{1}).sink([](const auto&) {});
  CHECK(a.try_emit(1));
  CHECK(a.try_emit(2));
  CHECK_FALSE(a.try_emit(3));
  b.emit(1);
  CHECK(a.try_emit(3));
}

TEST_CASE("merge passes everything on and ends with its last input") {
  Stream<int> a, b;
  const auto out = a.merge(b, a.map(inc)).partition(10).sink_to_list();
  a.emit(1);
  b.emit(5);
  a.close();
  CHECK(out.size() == 0);
  b.close();
  CHECK(out.values() == std::vector<Ints>{{2, 1, 5}});
}

TEST_CASE("merge_by_time puts streams in order") {
  Stream<int> a, b;
  const auto out = op::merge_by_time(std::identity{}, a, b).sink_to_list();
  feed(a, Ints{1, 4, 6});
  CHECK(out.size() == 0);
  feed(b, Ints{2, 5});
  CHECK(out.values() == Ints{1, 2, 4, 5});
  b.close();
  CHECK(out.values() == Ints{1, 2, 4, 5, 6});
}

TEST_CASE("join pairs equal keys and remembers a bounded number") {
  Stream<int> a, b;
  const auto key = [](int x) { return x % 10; };
  const auto out = op::join(a, b, key, key, 2).sink_to_list();
  feed(a, Ints{1, 2, 11});  // 1 is forgotten
  feed(b, Ints{21, 32});
  CHECK(out.values() == std::vector<std::pair<int, int>>{{11, 21}, {2, 32}});
  CHECK(sentence([&] { op::join(a, b, key, key, 0); }) == "join: remembered must be at least 1 (got 0)");
}

TEST_CASE("left_join gives what met nothing when it is forgotten") {
  Stream<int> a, b;
  const auto out = op::left_join(a, b, std::identity{}, std::identity{}, 2).sink_to_list();
  using Pair = std::pair<int, std::optional<int>>;
  feed(a, Ints{1, 2});
  b.emit(2);
  a.emit(3);
  CHECK(out.values() == std::vector<Pair>{{2, 2}, {1, std::nullopt}});
  a.close();
  b.close();
  CHECK(out.values().back() == Pair{3, std::nullopt});
}

TEST_CASE("joins answer what their functions throw as every node does") {
  Stream<int> a;
  Stream<std::string> b;
  int failures = 0;
  const auto number = [&](const std::string& text) {
    if (text == "once" && failures++ == 0) throw std::runtime_error("not yet");
    return text == "once" ? 1 : std::stoi(text);
  };
  const auto pairs = op::join(a, b, std::identity{}, number, 2);
  const auto out = pairs.sink_to_list();
  a.emit(1);
  CHECK(sentence([&] { b.emit("x"); }) == "stoi");
  pairs.on_error(on_error::skip);
  b.emit("x");
  CHECK(pairs.node().errors.value() == 2);
  pairs.on_error(on_error::retry(1));
  b.emit("once");
  CHECK(out.values() == std::vector<std::pair<int, std::string>>{{1, "once"}});
  Stream<Letter<std::variant<int, std::string>>> letters;
  const auto dead = letters.sink_to_list();
  pairs.on_error(on_error::dead_letter(letters));
  b.emit("y");
  REQUIRE(dead.size() == 1);
  CHECK(std::get<1>(dead.values()[0].element) == "y");
  CHECK(dead.values()[0].node == "<join>");
  Stream<Letter<int>> wrong;
  CHECK(sentence([&] { pairs.on_error(on_error::dead_letter(wrong)); }) ==
        "dead_letter: <stream> does not take the elements of <join>");
}

TEST_CASE("merge_by_time asks for the time of an element once, and gives the element back if that fails") {
  Stream<int> a, b;
  const auto time = [](int x) { return x < 0 ? throw std::runtime_error("before time") : x; };
  const auto merged = op::merge_by_time(time, a, b);
  const auto out = merged.sink_to_list();
  Stream<Letter<int>> letters;
  const auto dead = letters.sink_to_list();
  merged.on_error(on_error::dead_letter(letters, 2));
  feed(a, Ints{1, -1, 3});
  feed(b, Ints{2, 4});
  CHECK(out.values() == Ints{1, 2, 3});
  REQUIRE(dead.size() == 1);
  CHECK(dead.values()[0].element == -1);
}

TEST_CASE("route answers what its function throws by policy, also of elements that cannot be copied") {
  Stream<int> source;
  const auto ways = source.route(2, [](int x) { return x; });
  Stream<Letter<int>> letters;
  const auto dead = letters.sink_to_list();
  const auto first = ways[0].sink_to_list();
  ways[1].on_error(on_error::dead_letter(letters));
  feed(source, Ints{0, 7, 0});
  CHECK(first.size() == 2);
  REQUIRE(dead.size() == 1);
  CHECK(dead.values()[0].element == 7);

  Stream<std::unique_ptr<int>> boxes;
  const auto boxed = boxes.route(2, [](const std::unique_ptr<int>& x) { return *x; });
  int seen = 0;
  boxed[1].sink([&](std::unique_ptr<int> x) { seen = *x; });
  boxes.emit(std::make_unique<int>(1));
  CHECK(seen == 1);
}

TEST_CASE("split and route part a stream") {
  Stream<int> source;
  auto [odd, even] = source.split(is_odd);
  const auto odds = odd.sink_to_list();
  const auto evens = even.sink_to_list();
  const auto ways = source.route(3, [](int x) { return x; });
  const auto first = ways[1].sink_to_list();
  feed(source, 0, 3);
  CHECK(odds.values() == Ints{1});
  CHECK(evens.values() == Ints{0, 2});
  CHECK(first.values() == Ints{1});
  CHECK(sentence([&] { source.emit(3); }) == "route: way 3 of 3 does not exist");
  CHECK(sentence([&] { source.route(0, inc); }) == "route: ways must be at least 1 (got 0)");
}

TEST_CASE("a function that is not there is refused when the operator is made") {
  Stream<int> source;
  Stream<std::pair<int, int>> pairs;
  int (*const f)(int) = nullptr;
  const std::function<bool(int)> p;
  int (*const g)(int, int) = nullptr;
  void (*const with)(int, weir::detail::stream::Finished) = nullptr;
  int (*const make)() = nullptr;
  const auto refused = [](const std::string& who, const std::string& what, auto run) {
    const std::string said = sentence(run);
    CHECK(said.substr(0, said.find(" (got")) == who + ": " + what + " must not be empty");
    CHECK(said.find("pass one that can be called") != std::string::npos);
  };
  refused("map", "the function", [&] { source.map(f); });
  refused("map", "the function", [&] { source.map(g, 1); });
  refused("filter", "the function", [&] { source.filter(p); });
  refused("remove", "the function", [&] { source.remove(p); });
  refused("take_while", "the function", [&] { source.take_while(p); });
  refused("starmap", "the function", [&] { pairs.starmap(g); });
  refused("pluck", "the key", [&] { pairs.pluck(static_cast<int std::pair<int, int>::*>(nullptr)); });
  refused("accumulate", "the function", [&] { source.accumulate(g); });
  refused("accumulate", "the function", [&] { source.scan(g, 0, weir::with_state); });
  refused("unique", "the key", [&] { source.unique(3, f); });
  refused("group_by", "the key", [&] { source.group_by(f, weir::op::collect()); });
  refused("timed_window_unique", "the key", [&] { source.timed_window_unique("1s", f); });
  refused("distinct_within", "the key", [&] { source.distinct_within("1s", f); });
  refused("tumbling_window", "the time", [&] { source.tumbling_window(f, 5); });
  refused("session_window", "the time", [&] { source.session_window(f, 5); });
  refused("merge_by_time", "the time", [&] { weir::op::merge_by_time(f, source, source); });
  refused("join", "a key", [&] { weir::op::join(source, source, inc, f, 5); });
  refused("left_join", "a key", [&] { weir::op::left_join(source, source, f, inc, 5); });
  refused("route", "the function", [&] { source.route(2, f); });
  refused("split", "the function", [&] { source.split(p); });
  refused("map_async", "the function", [&] { source.map_async(f, 2); });
  refused("sink", "the function", [&] { source.sink(f); });
  refused("starsink", "the function", [&] { pairs.starsink(g); });
  refused("sink_async", "the function", [&] { source.sink_async(with); });
  refused("from_periodic", "the function", [&] { weir::from_periodic(make, "1s"); });
  CHECK(sentence([&] { source.map(f); }) ==
        "map: the function must not be empty (got a null pointer); pass one that can be called");
  CHECK(sentence([&] { source.filter(p); }) ==
        "filter: the function must not be empty (got an empty std::function); pass one that can be called");
  CHECK(source.node().downstreams().empty());
}

TEST_CASE("merge gives an element of a stream that is named twice once, and ends when that stream does") {
  Stream<int> a, b;
  const auto merged = a.merge(a, b, a);
  const auto out = merged.partition(10).sink_to_list();
  a.emit(1);
  b.emit(2);
  a.emit(3);
  b.close();
  CHECK(out.size() == 0);
  a.close();
  CHECK(out.values() == std::vector<Ints>{{1, 2, 3}});
  const auto both = op::merge(b, b);
  CHECK(both.node().has_ended());
}

TEST_CASE("a literal may stand at any place of zip") {
  Stream<int> a, b;
  const auto out = op::zip(std::string("first"), a, 2.5, b).sink_to_list();
  a.emit(1);
  b.emit(2);
  CHECK(out.values() == std::vector<std::tuple<std::string, int, double, int>>{{"first", 1, 2.5, 2}});
}

TEST_CASE("a pair or tuple in zip stays one element, beside literals too") {
  Stream<std::pair<int, int>> pairs;
  std::vector<std::tuple<std::pair<int, int>, int>> out;
  pairs.zip(5).sink([&](const std::tuple<std::pair<int, int>, int>& x) { out.push_back(x); });
  pairs.emit({1, 2});
  CHECK(out == std::vector{std::tuple<std::pair<int, int>, int>({1, 2}, 5)});

  Stream<int> a;
  Stream<std::tuple<int>> b;
  const auto all = a.zip(std::tuple(7), max_ahead{2}, b, std::pair(3, 4)).sink_to_list();
  a.emit(1);
  b.emit(std::tuple(2));
  using All = std::tuple<int, std::tuple<int>, std::tuple<int>, std::pair<int, int>>;
  CHECK(all.values() == std::vector{All(1, 7, 2, {3, 4})});
}

TEST_CASE("elements that cannot be copied are zipped with literals") {
  Stream<std::unique_ptr<int>> source;
  int sum = 0;
  source.zip(5).sink(
      [&](std::tuple<std::unique_ptr<int>, int> x) { sum = *std::get<0>(x) + std::get<1>(x); });
  source.emit(std::make_unique<int>(3));
  CHECK(sum == 8);
}
