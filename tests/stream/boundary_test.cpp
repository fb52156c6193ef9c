// What stands in the queues between two domains keeps its order: elements, flushes, ends and new beginnings.
#include "stream/support.hpp"
#include "weir/stream/sources.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// Starts a source of three elements twice, while nothing behind `part` moves on, and lets it all come out.
template <class Part>
Ints twice_through(const Part& part) {
  ManualClock clock;
  const Ints three{1, 2, 3};
  const auto source = from_iterable(three, {.loop = EventLoop(clock)});
  const auto out = part(source).rate_limit(1s).sink_to_list();
  source.start();
  clock.advance(1ms);  // the first element is out, the others and the end wait
  source.start();
  clock.advance(60s);
  return out.values();
}

}  // namespace

TEST_CASE("a stream that begins anew does so behind its end in a buffer") {
  CHECK(twice_through([](const auto& s) { return s.buffer(10); }) == Ints{1, 2, 3, 1, 2, 3});
}
TEST_CASE("a stream that begins anew does so behind its end in map_async") {
  CHECK(twice_through([](const auto& s) { return s.map_async(inc, 5); }) == Ints{2, 3, 4, 2, 3, 4});
}
TEST_CASE("a stream that begins anew does so behind its end in latest") {
  CHECK(twice_through([](const auto& s) { return s.latest(); }) == Ints{3, 3});  // the last one of each time
}
