// Operators that know time, on a manual clock: nothing sleeps.
#include <string>

#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// Notes when each element came.
template <class T>
struct Times {
  ManualClock& clock;
  std::vector<std::pair<long, T>> seen = {};
  void watch(const Stream<T>& s) {
    s.sink([this](const T& x) {
      seen.emplace_back(std::chrono::duration_cast<std::chrono::milliseconds>(clock.now()).count(), x);
    });
  }
};
using Seen = std::vector<std::pair<long, int>>;
using Windows = std::vector<std::pair<long, Ints>>;

}  // namespace

TEST_CASE("timed_window emits what came, also nothing") {
  ManualClock clock;
  Stream<int> source{clock};
  Times<Ints> out{clock};
  out.watch(source.timed_window("1s"));
  DoneCount count;
  source.emit(1, count.counter());
  clock.advance(500ms);
  source.emit(2, count.counter());
  CHECK(count.done == 0);
  clock.advance(1500ms);
  source.emit(3);
  CHECK(out.seen == Windows{{1000, {1, 2}}, {2000, {}}});
  CHECK(count.done == 2);
  source.close();
  CHECK(out.seen.back() == std::pair<long, Ints>{2000, {3}});
  clock.advance(5s);
  CHECK(out.seen.size() == 3);  // an ended window does not tick
  CHECK(sentence([&] { source.timed_window(0s); }) == "timed_window: interval must be positive (got 0s)");
  CHECK(sentence([&] { source.timed_window(-5ms); }) == "timed_window: interval must be positive (got -5ms)");
  CHECK(sentence([&] { source.timed_window("soon"); }).find("soon") != std::string::npos);
}

TEST_CASE("timed_window survives an error below") {
  ManualClock clock;
  Stream<int> source{clock};
  Ints sums;
  source.timed_window(1s).sink([&](const Ints& window) {
    if (window.size() == 1) throw std::runtime_error("alone");
    sums.push_back(static_cast<int>(window.size()));
  });
  source.emit(1);
  clock.advance(2s);
  CHECK(sums == Ints{0});
  CHECK_THROWS_WITH(source.drain(), "alone");
  source.drain();
}

TEST_CASE("timed_window_unique keeps one element per key") {
  ManualClock clock;
  Stream<int> source{clock};
  Times<Ints> out{clock};
  out.watch(source.timed_window_unique(1s, is_odd, Keep::last));
  feed(source, Ints{1, 2, 3});
  clock.advance(1s);
  CHECK(out.seen == Windows{{1000, {2, 3}}});
}

TEST_CASE("delay delays each element by the same time") {
  ManualClock clock;
  Stream<int> source{clock};
  Times<int> out{clock};
  out.watch(source.delay(100ms));
  DoneCount count;
  source.emit(1, count.counter());
  clock.advance(30ms);
  source.emit(2, count.counter());
  source.emit(3, count.counter());
  clock.advance(70ms);
  CHECK(count.done == 1);
  clock.advance(1s);
  CHECK(out.seen == Seen{{100, 1}, {130, 2}, {130, 3}});
  CHECK(count.done == 3);
}

TEST_CASE("delay with a bound holds emitters back, and survives errors") {
  ManualClock clock;
  Stream<int> source{clock};
  Ints out;
  source.delay(1s, 2).sink([&](int x) { x == 1 ? throw std::runtime_error("one") : out.push_back(x); });
  CHECK(source.try_emit(1));
  CHECK(source.try_emit(2));
  CHECK_FALSE(source.try_emit(3));
  source.emit(3);  // who waits moves a manual clock
  CHECK(clock.now() == 1s);
  CHECK_THROWS_WITH(source.drain(), "one");
  CHECK(out == Ints{2, 3});
}

TEST_CASE("close waits for what is delayed, then ends what is below") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto out = source.delay(1h).partition(5).sink_to_list();
  feed(source, 0, 3);
  source.close();
  CHECK(clock.now() == 1h);
  CHECK(out.values() == std::vector<Ints>{{0, 1, 2}});
}

TEST_CASE("rate_limit lets the first one through at once and the next ones in time") {
  ManualClock clock;
  Stream<int> source{clock};
  Times<int> out{clock};
  out.watch(source.rate_limit("500ms"));
  feed(source, 0, 3);
  CHECK(out.seen == Seen{{0, 0}, {500, 1}, {1000, 2}});
  clock.advance(10s);
  source.emit(3);
  CHECK(out.seen.back() == std::pair<long, int>{11000, 3});
  CHECK(sentence([&] { source.rate_limit("half a second"); }).find("half a second") != std::string::npos);
}

TEST_CASE("rate_limit spaces the items of one element too") {
  ManualClock clock;
  Stream<Ints> source{clock};
  Times<int> out{clock};
  out.watch(source.flatten().rate_limit(1s));
  DoneCount count;
  source.emit({1, 2, 3}, count.counter());
  CHECK_FALSE(source.try_emit(Ints{4}));
  CHECK(count.done == 0);
  clock.advance(2s);
  CHECK(out.seen == Seen{{0, 1}, {1000, 2}, {2000, 3}});
  CHECK(count.done == 1);
}

TEST_CASE("debounce waits for quiet, throttle drops what comes too soon, sample takes the newest") {
  ManualClock clock;
  Stream<int> source{clock};
  Times<int> quiet{clock}, first{clock}, newest{clock};
  quiet.watch(source.debounce(100ms));
  first.watch(source.throttle(100ms));
  newest.watch(source.sample(100ms));
  for (int i = 0; i < 4; ++i) {
    source.emit(i);
    clock.advance(40ms);
  }
  clock.advance(1s);
  CHECK(quiet.seen == Seen{{220, 3}});
  CHECK(first.seen == Seen{{0, 0}, {120, 3}});
  CHECK(newest.seen == Seen{{100, 2}, {200, 3}});
}

TEST_CASE("distinct_within forgets after a while") {
  ManualClock clock;
  Stream<int> source{clock};
  Times<int> out{clock};
  out.watch(source.distinct_within(1s));
  for (int i = 0; i < 5; ++i) {
    source.emit(7);
    clock.advance(400ms);
  }
  CHECK(out.seen == Seen{{0, 7}, {1200, 7}});
}

TEST_CASE("operators that know time answer what their functions throw by policy") {
  ManualClock clock;
  Stream<int> source{clock};
  int failures = 0;
  const auto key = [&](int x) {
    return x == 13 && failures++ < 2 ? throw std::runtime_error("thirteen") : x;
  };
  const auto distinct = source.distinct_within(10s, key);
  const auto out = distinct.sink_to_list();
  CHECK(sentence([&] { source.emit(13); }) == "thirteen");
  distinct.on_error(on_error::retry(1));
  feed(source, Ints{1, 13});
  CHECK(out.values() == Ints{1, 13});
  Stream<Letter<int>> letters{clock};
  const auto dead = letters.sink_to_list();
  distinct.on_error(on_error::dead_letter(letters));
  failures = 0;
  feed(source, Ints{13, 2});
  CHECK(out.values() == Ints{1, 13, 2});
  REQUIRE(dead.size() == 1);
  CHECK(dead.values()[0].element == 13);
}

/// Which elements come out below `queue` when the one before the last fails there; then what drain says, and
/// what the elements' callbacks were told.
template <class Queue>
std::string with_error_below(Queue queue) {
  ManualClock clock;
  Stream<int> source{clock};
  int calls = 0;
  std::string out;
  queue(source).sink([&](const auto&) {
    if (++calls == 2) throw std::runtime_error("second");
    out += std::to_string(calls) + " ";
  });
  DoneCount count;
  for (int i = 0; i < 3; ++i) {
    source.emit(i, count.counter());
    clock.advance(10s);
  }
  out += sentence([&] { source.drain(); });
  source.emit(3, count.counter());  // the node has survived
  clock.advance(10s);
  source.flush();
  source.drain();
  return out + ", then " + std::to_string(calls) + ", failed " + std::to_string(count.failed) + " of " +
         std::to_string(count.done);
}

TEST_CASE("an error below a queue or a timer is told to its element and to drain, and everything goes on") {
  const std::string expected = "1 3 second4 , then 4, failed 1 of 4";
  CHECK(with_error_below([](const Stream<int>& s) { return s.buffer(2); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.latest(); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.map_async(inc); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.delay(1s); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.debounce(1s); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.sample(10s); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.timed_window(10s); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.timed_window_unique(10s); }) == expected);
  CHECK(with_error_below([](const Stream<int>& s) { return s.partition(5, 1s); }) == expected);
}

TEST_CASE("streams on different loops do not join") {
  ManualClock clock, other;
  Stream<int> a{clock}, b{other};
  CHECK(sentence([&] { a.zip(b); }) == "connect: the two streams run on different event loops");
}

TEST_CASE("a stream with a loop of its own keeps time by itself") {
  Stream<int> source{own_loop};
  const auto out = source.map(inc).rate_limit(1ms).sink_to_list();
  feed(source, 0, 3);
  source.drain();
  CHECK(out.values() == Ints{1, 2, 3});
}
