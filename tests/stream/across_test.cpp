// Streams that emit into each other, and what is made and dropped inside a function.
#include <atomic>
#include <fstream>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/async.hpp"
#include "weir/stream/sinks.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true;
#else
constexpr bool is_sanitized = false;
#endif

bool happens(const std::function<bool()>& what) {
  for (const auto end = std::chrono::steady_clock::now() + 20s; !what();) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(100us);
  }
  return true;
}

/// Two threads that meet: either waits a moment for the other one.
struct Meeting {
  std::atomic<int> there{0};
  void wait() {
    ++there;
    for (const auto end = std::chrono::steady_clock::now() + 2s;
         there < 2 && std::chrono::steady_clock::now() < end;)
      std::this_thread::yield();
  }
};

long memory_in_use_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stol(line.substr(6));
  }
  return 0;
}

}  // namespace

TEST_CASE("two streams that feed each other from two threads lose nothing and do not stand still") {
  Stream<int> a, b;
  std::atomic<int> seen{0}, out_of_order{0};
  Meeting first;
  int last_from_a = 10000;
  a.sink([&](int x) {
    ++seen;
    if (x == 10000) first.wait();
    if (x > 5) b.emit(x % 10000);  // 0 and up, in order
  });
  b.sink([&](int x) {
    ++seen;
    if (x == 20000) first.wait();
    if (x > 5 && x < 10000 && std::exchange(last_from_a, x) > x && last_from_a != 10000) ++out_of_order;
    if (x >= 20000) a.emit(x % 5);
  });
  constexpr int count = 2000;
  std::thread other([&] {
    for (int i = 0; i < count; ++i) b.emit(20000 + i);
  });
  for (int i = 0; i < count; ++i) a.emit(10000 + i);
  other.join();
  CHECK(happens([&] { return seen == 4 * count; }));
  CHECK(out_of_order <= 1);  // the first one: nothing was before it
  a.drain();
  b.drain();
}

TEST_CASE("an element that was left to another thread keeps its ticket, and its error comes out of drain") {
  Stream<int> a, b;
  Meeting both;
  std::atomic<int> done{0}, failed{0};
  const auto counts = [&](const std::exception_ptr& error) {
    ++done;
    if (error) ++failed;
  };
  const auto cross = [&](Stream<int>& to) {
    return [&both, &to, &counts](int x) {
      if (x == 0) throw std::runtime_error("zero");
      both.wait();
      to.emit(0, counts);
    };
  };
  a.sink(cross(b));
  b.sink(cross(a));
  std::atomic<int> thrown{0};
  const auto emit_one = [&](Stream<int>& to) {
    try {
      to.emit(1);
    } catch (const std::runtime_error&) {
      ++thrown;
    }
  };
  std::thread other([&] { emit_one(b); });
  emit_one(a);
  other.join();
  CHECK(happens([&] { return done == 2; }));
  CHECK(failed == 2);
  for (const Stream<int>& each : {a, b}) {
    if (sentence([&] { each.drain(); }) == "zero") ++thrown;
  }
  CHECK(thrown == 2);
}

TEST_CASE("two streams that feed each other through buffers do not stand still") {
  for (const bool both : {false, true}) {
    Stream<int> a, b;
    std::atomic<int> seen{0};
    const auto into = [&](Stream<int>& to) {
      return [&seen, &to](int x) {
        ++seen;
        if (x > 0) to.emit(x - 1);
      };
    };
    if (both) a.buffer(1).sink(into(b));
    else a.sink(into(b));
    b.buffer(1).sink(into(a));
    std::thread other([&] {
      for (int i = 0; i < 100; ++i) b.emit(6);
    });
    for (int i = 0; i < 100; ++i) a.emit(5);
    other.join();
    CHECK(happens([&] { return seen == 100 * 6 + 100 * 7; }));
    a.drain();  // the last emission from one into the other has returned, too
    b.drain();
  }
}

TEST_CASE("a function may drain another stream that feeds its own") {
  Stream<int> outer;
  Ints seen;
  outer.sink([&](int x) {
    seen.push_back(x);
    if (x > 0) return;
    Stream<int> inner;
    inner.buffer(8).sink([&](int y) { outer.emit(y); });
    for (int i = 1; i <= 3; ++i) inner.emit(i);
    inner.drain();
  });
  outer.emit(0);
  outer.drain();
  CHECK(seen == Ints{0, 1, 2, 3});
}

TEST_CASE("a stream made and dropped inside a function comes out whole") {
  Stream<int> outer;
  std::atomic<int> sum{0};
  outer.sink([&](int count) {
    const Stream<int> inner;
    inner.buffer(100).sink([&](int x) {
      std::this_thread::sleep_for(1ms);
      sum += x;
    });
    for (int i = 1; i <= count; ++i) inner.emit(i);
  });
  outer.emit(20);
  CHECK(sum == 210);
}

TEST_CASE("a chain may be longer than the stack is deep") {
  constexpr int length = is_sanitized ? 20'000 : 60'000;  // a sanitizer knows of 65,536 calls
  Stream<int> source;
  Stream<int> last = source;
  for (int i = 0; i < length; ++i) last = last.map(inc);
  const auto out = last.collect().sink_to_list();
  for (int i = 0; i < 3; ++i) source.emit(i);
  source.flush();
  CHECK(out.values().back() == Ints{length, length + 1, length + 2});
  CHECK(sentence([&] {
          last.sink([](int) { throw std::runtime_error("deep down"); });
          source.emit(0);
        }) == "deep down");
  source.close();
  CHECK(last.node().has_ended());
}

TEST_CASE("branches made inside a function cost what they are, not the square of it") {
  Stream<int> source;
  std::atomic<int> seen{0};
  source.sink([&](int count) {
    for (int i = 0; i < count; ++i) source.sink([&](int) { ++seen; });
  });
  const long before = memory_in_use_kib();
  source.emit(4000);
  if (!is_sanitized) CHECK(memory_in_use_kib() - before < 16 * 1024);
  source.emit(0);
  CHECK(seen == 4000);
}

TEST_CASE(
    "the function of map_async is inside the stream: close ends it behind the element, drain is refused") {
  Stream<int> source;
  std::string refused;
  const auto out = source.buffer(8)
                       .map_async(
                           [&](int x) {
                             if (x == 2) {
                               refused = sentence([&] { source.drain(); });
                               source.close();
                             }
                             return x;
                           },
                           3)
                       .sink_to_list();
  source.emit(1);
  source.emit(2);
  CHECK(happens([&] { return out.size() == 2; }));
  source.drain();
  CHECK(refused == "drain: called from inside the stream it would wait for");
  CHECK(sentence([&] { source.emit(3); }).ends_with("is closed"));
  CHECK(out.values() == Ints{1, 2});
}

TEST_CASE("two streams that feed each other from functions of map_async, or drain each other, do not hang") {
  Stream<int> a, b;
  std::atomic<int> came{0};
  const auto pass_to = [&came](const Stream<int>& other) {
    return [&came, &other](int x) {
      if (x > 0) other.emit(x - 1);
      ++came;
      return x;
    };
  };
  a.map_async(pass_to(b)).sink([](int) {});
  b.map_async(pass_to(a)).sink([](int) {});
  std::thread other([&] {
    for (int i = 0; i < 50; ++i) b.emit(20);
  });
  for (int i = 0; i < 50; ++i) a.emit(20);
  other.join();
  CHECK(happens([&] { return came == 100 * 21; }));

  Stream<int> c, d;
  Meeting meeting;
  std::atomic<int> refused{0};
  const auto drains = [&](const Stream<int>& of) {
    return [&meeting, &refused, &of](int) {
      meeting.wait();
      if (sentence([&] { of.drain(); }) ==
          "drain: called from inside a stream that the one it would wait for waits for itself")
        ++refused;
    };
  };
  c.buffer(2).sink(drains(d));
  d.buffer(2).sink(drains(c));
  c.emit(1);
  d.emit(1);
  c.drain();
  d.drain();
  CHECK(refused >= 1);
}

TEST_CASE("the last handle of a stream may go in a function of its map_async") {
  std::atomic<bool> done{false};
  {
    auto source = std::make_shared<Stream<int>>();
    auto& kept = *source;
    source
        ->map_async([source = std::move(source), &done](int x) mutable {
          source.reset();
          done = true;
          return x;
        })
        .sink([](int) {});
    kept.emit(1);
  }
  CHECK(happens([&] { return done.load(); }));
}

TEST_CASE("on_done behind a queue is inside the stream: it can close it, and drain is refused") {
  Stream<int> source;
  Warnings warnings;
  const auto out = source.buffer(4).sink_to_list();
  std::atomic<int> calls{0};
  source.emit(1, [&](const std::exception_ptr&) {
    ++calls;
    source.drain();
  });
  source.emit(2, [&](const std::exception_ptr&) {
    ++calls;
    source.close();
  });
  CHECK(happens([&] { return calls == 2; }));
  source.drain();
  CHECK(out.values() == Ints{1, 2});
  CHECK(sentence([&] { source.emit(3); }).ends_with("is closed"));
  CHECK(warnings.text().find("drain: called from inside the stream it would wait for") != std::string::npos);

  Stream<int> later;
  std::vector<detail::stream::Finished> finished;
  later.sink_async([&](int, const detail::stream::Finished& f) { finished.push_back(f); }, 2);
  std::string refused;
  later.emit(1, [&](const std::exception_ptr&) { refused = sentence([&] { later.drain(); }); });
  finished.front()();
  CHECK(refused == "drain: called from inside the stream it would wait for");
  later.drain();
}
