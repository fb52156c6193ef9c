// Branches that have ended, and pictures of a graph that changes.
#include <atomic>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/describe.hpp"
#include "weir/stream/sink_async.hpp"
#include "weir/stream/sinks.hpp"

using namespace weir;
using namespace std::chrono_literals;

TEST_CASE("a branch that has ended holds nobody up") {
  Stream<int> source;
  std::function<void()> finish;
  source.take(1).sink_async([&](int, auto finished) { finish = [finished] { finished(); }; });
  const auto others = source.sink_to_list();
  for (int i = 0; i < 3; ++i) CHECK(source.try_emit(i));
  CHECK(others.values() == Ints{0, 1, 2});
  finish();
  source.drain();
}

TEST_CASE("a slice is no downstream any more when it has ended") {
  Stream<int> source;
  const auto first = source.slice(0, 2);
  const auto out = first.sink_to_list();
  source.take_while([](int x) { return x < 2; }).sink_to_list();
  const auto all = source.sink_to_list();
  CHECK(source.node().downstreams().size() == 3);
  feed(source, 0, 4);
  CHECK(source.node().downstreams().size() == 1);
  CHECK(first.node().in.value() == 2);
  CHECK(out.values() == Ints{0, 1});
  CHECK(all.values() == Ints{0, 1, 2, 3});
}

TEST_CASE("pictures of a graph that another thread changes are pictures of some moment") {
  Stream<int> source;
  std::atomic<bool> over{false};
  std::thread changer([&] {
    for (int i = 0; i < 200 && !over; ++i) {
      auto branch = source.map(inc);
      branch.sink([](int) {});
      source.emit(i);
      branch.destroy();
    }
  });
  for (int picture = 0; picture < 20; ++picture) {
    const auto nodes = report(source);
    for (const auto& node : nodes) {
      for (const std::size_t below : node.below) REQUIRE(below < nodes.size());
    }
    REQUIRE(!describe(source).empty());
    REQUIRE(!graphviz(source).empty());
  }
  over = true;
  changer.join();
}

TEST_CASE(
    "who closes a stream in a function cannot emit into it any more, but what was emitted before comes") {
  Stream<int> source;
  const auto ahead = source.map([](int x) { return x; });
  std::string refused;
  const auto out = ahead
                       .map([&](int x) {
                         if (x != 1) return x;
                         source.emit(2);
                         source.close();
                         refused = sentence([&] { source.emit(3); });
                         return x;
                       })
                       .sink_to_list();
  source.emit(1);
  CHECK(refused == "emit: " + source.label() + " is closed");
  CHECK(out.values() == Ints{1, 2});
  CHECK(sentence([&] { source.emit(4); }) == refused);

  Stream<int> above;
  const auto below = above.map([](int x) { return x; });
  const auto got = below.sink_to_list();
  below.sink([&](int x) {
    if (x != 1) return;
    above.close();
    below.emit(5);  // which ends when the element is through
  });
  above.emit(1);
  CHECK(got.values() == Ints{1, 5});
  CHECK(sentence([&] { below.emit(6); }) == "emit: " + below.label() + " is closed");
}
