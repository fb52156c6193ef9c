// Many threads, many operators: every ticket fires once, nothing is lost, changes of the graph do no harm.
#include <atomic>
#include <random>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/describe.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

/// Adds a random operator of every kind that gives ints from ints.
Stream<int> random_step(const Stream<int>& s, std::mt19937& random) {
  const auto total = [](const Ints& items) { return static_cast<int>(items.size()); };
  switch (random() % 14) {
    case 0:
      return s.map(inc);
    case 1:
      return s.filter([](int x) { return x % 3 != 0; });
    case 2:
      return s.partition(3).map(total);
    case 3:
      return s.partition(2, 1ms).flatten();
    case 4:
      return s.sliding_window(2).flatten();
    case 5:
      return s.buffer(1 + random() % 4);
    case 6:
      return s.map_async(inc, 1 + random() % 3);
    case 7:
      return s.delay(1ms);
    case 8:
      return s.timed_window(1ms).flatten();
    case 9:
      return s.latest();
    case 10:
      return s.map([](int x) { return x % 7 == 0 ? throw std::runtime_error("seven") : x; })
          .on_error(weir::on_error::skip);
    case 11:
      return s.zip(s.map(inc)).pluck<1>();
    case 12:
      return s.partition_unique(2, [](int x) { return x % 4; }).flatten();
    default:
      return s.merge(s.buffer(2));
  }
}

}  // namespace

TEST_CASE("every ticket of random pipelines fires exactly once") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    Stream<int> source;
    Stream<int> last = source;
    for (unsigned steps = 1 + random() % 4; steps > 0; --steps) last = random_step(last, random);
    std::atomic<int> seen = 0;
    last.sink([&](int) { ++seen; });
    constexpr int count = 50;
    std::vector<std::atomic<int>> fired(count);
    for (int i = 0; i < count; ++i)
      source.emit(i, [&fired, i](const std::exception_ptr&) { ++fired[static_cast<std::size_t>(i)]; });
    source.close();
    INFO("seed " << seed << "\n" << describe(source));
    for (int i = 0; i < count; ++i) CHECK(fired[static_cast<std::size_t>(i)] == 1);
  }
}

TEST_CASE("four threads emit through boundaries while a fifth changes the graph") {
  Stream<int> source;
  std::atomic<long> sum = 0, done = 0, extra = 0;
  const auto computed = source.buffer(8).map_async(inc, 2);
  computed.sink([&](int x) { sum += x; });
  std::atomic<bool> over = false;
  std::thread changer([&] {
    while (!over) {
      const Sink sink = source.map(inc).sink([&](int) { ++extra; });
      Stream<int> other;
      source.connect(other);
      source.disconnect(other);
      sink.destroy();
      std::this_thread::yield();
      if (source.node().downstreams().size() > 500) break;
    }
  });
  std::vector<std::thread> threads;
  constexpr int each = 500;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        source.emit(1, [&](const std::exception_ptr& error) { done += error ? 0 : 1; });
    });
  }
  for (std::thread& thread : threads) thread.join();
  over = true;
  changer.join();
  source.drain();
  CHECK(sum == 4L * each * 2);
  CHECK(done == 4L * each);
}

TEST_CASE("graphs end while their threads work, from anywhere") {
  std::atomic<int> seen = 0;
  for (int round = 0; round < 30; ++round) {
    auto source = std::make_unique<Stream<int>>();
    source->buffer(4).map_async(inc).timed_window(1ms).sink(
        [&](const Ints& window) { seen += static_cast<int>(window.size()); });
    for (int i = 0; i < 10; ++i) source->emit(i);
    source.reset();
  }
  CHECK(seen == 300);
}
