// Operators that run by themselves: buffer, latest, map_async, asynchronous sinks.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// A door that functions of a stream stand before until the test opens it.
class Door {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_ > 0; });
    --open_;
  }
  void open(int times) {
    const std::lock_guard lock(mutex_);
    open_ += times;
    changed_.notify_all();
  }
  /// Waits until this many have come to the door altogether.
  bool wait_for(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0, open_ = 0;
};

}  // namespace

TEST_CASE("buffer keeps order and lets n + 1 emits through before one waits") {
  Stream<int> source;
  Door door;
  Ints out;
  source.buffer(3).sink([&](int x) {
    door.pass();
    out.push_back(x);
  });
  source.emit(0);
  REQUIRE(door.wait_for(1));
  for (int i = 1; i <= 3; ++i) CHECK(source.try_emit(i));
  CHECK_FALSE(source.try_emit(4));
  CHECK_FALSE(source.emit_for(4, 1ms));
  std::thread emitter([&] { source.emit(4); });
  door.open(5);
  emitter.join();
  source.drain();
  CHECK(out == Ints{0, 1, 2, 3, 4});  // what was refused was not taken
  CHECK(sentence([&] { source.buffer(0); }) == "buffer: size must be at least 1 (got 0)");
}

TEST_CASE("try_emit and emit_for leave an element that is not taken where it was") {
  Stream<std::unique_ptr<int>> source;
  Door door;
  Ints out;
  source.buffer(1).sink([&](std::unique_ptr<int> x) {
    door.pass();
    out.push_back(*x);
  });
  source.emit(std::make_unique<int>(0));
  REQUIRE(door.wait_for(1));
  source.emit(std::make_unique<int>(1));
  auto x = std::make_unique<int>(2);
  CHECK_FALSE(source.try_emit(std::move(x)));
  CHECK_FALSE(source.emit_for(std::move(x), 5ms));
  REQUIRE(x);
  door.open(3);
  CHECK(source.emit_for(std::move(x), 10s));
  CHECK_FALSE(x);
  source.drain();
  CHECK(out == Ints{0, 1, 2});
}

TEST_CASE("map_async takes in more elements than its threads compute if these take microseconds") {
  using Clock = std::chrono::steady_clock;
  Stream<int> source;
  std::atomic<int> out{0};
  source
      .map_async(
          [](int x) {
            const auto end = Clock::now() + 20us;
            while (Clock::now() < end) {
            }
            return x;
          },
          2)
      .sink([&](int) { ++out; });
  int in = 0, most = 0;
  for (const auto deadline = Clock::now() + 30s; most <= 12 && Clock::now() < deadline;) {
    source.emit(in++);
    most = std::max(most, in - out);
  }
  source.drain();
  CHECK(most > 12);  // 4 are computed, or about to be
  CHECK(out == in);
}

TEST_CASE("map_async of a quick function keeps few elements for a consumer that takes none") {
  Stream<int> source;
  Door door;
  source.map_async(inc, 2).sink([&](int) { door.pass(); });
  int taken = 0;
  while (taken < 200 && source.emit_for(taken, "50ms")) ++taken;
  CHECK(taken >= 4);
  CHECK(taken < 20);  // each may be large
  door.open(taken);
  source.drain();
}

TEST_CASE("a sink may wait for each emission that its buffers have room for") {
  constexpr int size = 40, count = 200;
  Stream<int> source;
  std::atomic<int> emitted{0};
  bool came_in_time = true;
  source.buffer(size).buffer(size).sink([&](int x) {
    const int most = std::min(x + 1 + 2 * size, count);  // this one, and what the buffers hold
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (came_in_time && emitted < most) came_in_time = std::chrono::steady_clock::now() < end;
  });
  for (int i = 0; i < count; ++i) {
    source.emit(i);
    ++emitted;
  }
  source.drain();
  CHECK(came_in_time);
}

TEST_CASE("buffer goes on after an error below, and drain tells") {
  Stream<int> source;
  Ints out;
  DoneCount count;
  source.buffer(2).sink([&](int x) { x == 1 ? throw std::runtime_error("one") : out.push_back(x); });
  for (int i = 0; i < 8; ++i) source.emit(i, count.counter());
  CHECK_THROWS_WITH(source.drain(), "one");
  source.drain();
  CHECK(out == Ints{0, 2, 3, 4, 5, 6, 7});
  CHECK(count.done == 8);
  CHECK(count.failed == 1);
}

TEST_CASE("buffer carries tickets, flushes and the end in their places") {
  Stream<int> source;
  const auto out = source.buffer(4).partition(2).buffer(4).sink_to_list();
  DoneCount count;
  feed(source, 0, 3);
  source.flush();
  source.emit(3, count.counter());
  source.emit(4, count.counter());
  source.emit(5, count.counter());
  source.drain();
  CHECK(count.done == 2);
  source.close();
  CHECK(out.values() == std::vector<Ints>{{0, 1}, {2}, {3, 4}, {5}});
  CHECK(count.done == 3);
}

TEST_CASE("buffer passes thousands of elements between threads in order") {
  Stream<int> source;
  int next = 0;
  bool in_order = true;
  source.buffer(100).map(inc).buffer(7).sink([&](int x) { in_order = in_order && x == ++next; });
  feed(source, 0, 10000);
  source.drain();
  CHECK(in_order);
  CHECK(next == 10000);
}

TEST_CASE("buffers drop the oldest or the newest if asked to") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto oldest = source.buffer(2, Overflow::drop_oldest).sink_to_list();
  const auto newest = source.buffer(2, Overflow::drop_newest).sink_to_list();
  DoneCount count;
  for (int i = 0; i < 5; ++i) source.emit(i, count.counter());
  source.drain();
  CHECK(oldest.values() == Ints{3, 4});
  CHECK(newest.values() == Ints{0, 1});
  CHECK(count.done == 5);
}

TEST_CASE("memory stays bounded when the source is faster than the sink") {
  Stream<int> source;
  const auto buffer = source.buffer(16);
  std::size_t most = 0;
  int count = 0;
  buffer.sink([&](int) {
    most = std::max(most, buffer.node().queued());
    ++count;
  });
  feed(source, 0, 20000);
  source.drain();
  CHECK(count == 20000);
  CHECK(most <= 17);  // 16 that wait and the one that is being consumed
}

TEST_CASE("the end of a graph delivers what is still in it") {
  Ints out;
  {
    Stream<int> source;
    source.buffer(10).sink([&](int x) {
      std::this_thread::yield();
      out.push_back(x);
    });
    feed(source, 0, 5);
  }
  CHECK(out == Ints{0, 1, 2, 3, 4});
}

TEST_CASE("a cycle through a full buffer does not block itself") {
  Stream<int> source;
  Ints out;
  const auto buffered = source.buffer(1);
  buffered.map([](int x) {
            return Ints{2 * x, 2 * x + 1};
          })
      .flatten()
      .filter([](int x) { return x < 32; })
      .connect(source);
  buffered.sink([&](int x) { out.push_back(x); });
  source.emit(1);
  source.drain();
  CHECK(out.size() == 31);
}

TEST_CASE("on a manual clock a full buffer is emptied by who waits") {
  ManualClock clock;
  Stream<int> source{clock};
  const auto out = source.buffer(1).sink_to_list();
  feed(source, 0, 10);
  source.drain();
  CHECK(out.size() == 10);
}

TEST_CASE("waiting for what can never happen is refused") {
  ManualClock clock;
  Stream<int> a{clock}, b{clock};
  a.zip(b, max_ahead{1}).sink([](const auto&) {});
  a.emit(1);
  a.emit(2);
  CHECK(sentence([&] { a.emit(3); }) ==
        "emit: would wait for ever at <stream>; nothing is left to do on the manual clock");
  Stream<int> c;
  c.sink([&](int) { c.drain(); });
  CHECK(sentence([&] { c.emit(1); }) == "drain: called from inside the stream it would wait for");
}

TEST_CASE("latest delivers the newest after each completion") {
  Stream<int> source;
  Door door;
  Ints out;
  DoneCount count;
  source.latest().sink([&](int x) {
    door.pass();
    out.push_back(x);
  });
  source.emit(1, count.counter());
  REQUIRE(door.wait_for(1));
  source.emit(2, count.counter());
  source.emit(3, count.counter());
  CHECK(count.done == 1);  // 2 was dropped
  door.open(2);
  source.drain();
  CHECK(out == Ints{1, 3});
  CHECK(count.done == 3);
}

TEST_CASE("map_async computes several at once and keeps the order") {
  Stream<int> source;
  Door door;
  std::atomic<int> at_once{0}, most{0};
  const auto out = source
                       .map_async(
                           [&](int x) {
                             const int now = ++at_once;
                             for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
                             }
                             door.pass();
                             --at_once;
                             return 10 * x;
                           },
                           3)
                       .sink_to_list();
  for (int i = 0; i < 6; ++i) CHECK(source.try_emit(i));
  CHECK_FALSE(source.try_emit(6));
  REQUIRE(door.wait_for(3));
  CHECK(most == 3);
  door.open(6);
  source.drain();
  CHECK(out.values() == Ints{0, 10, 20, 30, 40, 50});
  CHECK(most == 3);
  CHECK(sentence([&] { source.map_async(inc, 0); }) == "map_async: parallelism must be at least 1 (got 0)");
}

TEST_CASE("map_async computes several at once also after many quick calls") {
  Stream<int> source;
  Door door;
  const auto out = source
                       .map_async(
                           [&](int x) {
                             if (x >= 1000) door.pass();
                             return x;
                           },
                           3)
                       .sink_to_list();
  feed(source, 0, 1003);
  CHECK(door.wait_for(3));
  door.open(3);
  source.drain();
  CHECK(out.values().size() == 1003);
}

TEST_CASE("map_async answers errors by policy and goes on") {
  const auto bad_two = [](int x) { return x == 2 ? throw std::runtime_error("two") : x; };
  Stream<int> source;
  Stream<Letter<int>> letters;
  const auto lost = letters.pluck(&Letter<int>::element).sink_to_list();
  const auto raised = source.map_async(bad_two).sink_to_list();
  const auto skipped = source.map_async(bad_two).on_error(weir::on_error::skip).sink_to_list();
  const auto sent = source.map_async(bad_two, 2).on_error(on_error::dead_letter(letters)).sink_to_list();
  feed(source, 1, 4);
  CHECK_THROWS_WITH(source.drain(), "two");
  source.drain();
  CHECK(raised.values() == Ints{1, 3});
  CHECK(skipped.values() == Ints{1, 3});
  CHECK(sent.values() == Ints{1, 3});
  CHECK(lost.values() == Ints{2});
}

TEST_CASE("sink_async holds emitters until the work is finished") {
  Stream<int> source;
  std::vector<detail::stream::Finished> begun;
  source.sink_async([&](int, detail::stream::Finished finished) { begun.push_back(std::move(finished)); }, 2);
  DoneCount count;
  source.emit(1, count.counter());
  source.emit(2, count.counter());
  CHECK_FALSE(source.try_emit(3));
  CHECK(count.done == 0);
  begun[0]();
  begun[0]();
  CHECK(count.done == 1);
  CHECK(source.try_emit(3));
  begun[1](std::make_exception_ptr(std::runtime_error("late")));
  CHECK(count.failed == 1);
  begun.clear();
  CHECK_THROWS_WITH(source.drain(), "late");
}

TEST_CASE("sink_async begins again, gives up, or writes a letter, as its policy says") {
  ManualClock clock;
  Stream<int> source{clock};
  Ints begun;
  const auto fails = [&](int x, const detail::stream::Finished& finished) {
    begun.push_back(x);
    if (x == 1) throw std::runtime_error("at once");
    finished(x == 2 ? std::make_exception_ptr(std::runtime_error("later")) : nullptr);
  };
  const auto sink = source.sink_async(fails, 4);
  Stream<Letter<int>> letters{clock};
  const auto dead = letters.sink_to_list();
  DoneCount count;
  const auto feed_all = [&] {
    for (int i = 0; i < 3; ++i) source.emit(i, count.counter());
  };
  sink.on_error(on_error::retry(2));
  feed_all();
  CHECK(sentence([&] { source.drain(); }) == "at once");
  CHECK(begun == Ints{0, 1, 2, 1, 2, 1, 2});
  CHECK(count.failed == 2);
  sink.on_error(on_error::retry(1, on_error::skip));
  feed_all();
  source.drain();
  CHECK(begun.size() == 12);
  sink.on_error(on_error::dead_letter(letters));
  feed_all();
  source.drain();
  CHECK(begun.size() == 15);
  REQUIRE(dead.size() == 2);
  CHECK(dead.values()[1].element == 2);
  CHECK(count.done == 9);
  CHECK(count.failed == 2);
}
