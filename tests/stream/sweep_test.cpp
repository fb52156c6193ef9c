// Branches that are made and dropped are freed.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/async.hpp"
#include "weir/stream/describe.hpp"
#include "weir/stream/sink_async.hpp"
#include "weir/stream/sinks.hpp"

using namespace weir;

namespace {

struct Counted {
  std::shared_ptr<int> token;
  int operator()(int x) const { return x + *token; }
};

/// Whether `ready()` comes true; what was cut off with a thread or a timer goes a little later.
bool comes(const std::function<bool()>& ready) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ready() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return ready();
}

/// Operators that have a thread, a timer, or calls under way.
using MakeBranch = std::function<Stream<int>(const Stream<int>&)>;
const std::vector<std::pair<std::string, MakeBranch>> with_something_under_way{
    {"buffer", [](const Stream<int>& s) { return s.buffer(4); }},
    {"latest", [](const Stream<int>& s) { return s.latest(); }},
    {"map_async", [](const Stream<int>& s) { return s.map_async([](int x) { return x; }, 2); }},
    {"delay", [](const Stream<int>& s) { return s.delay("1ms"); }},
    {"debounce", [](const Stream<int>& s) { return s.debounce("1ms"); }},
    {"rate_limit", [](const Stream<int>& s) { return s.rate_limit("1ms"); }},
    {"sample", [](const Stream<int>& s) { return s.sample("1ms"); }},
    {"timed_window",
     [](const Stream<int>& s) {
       return s.timed_window("1ms").map([](const Ints& all) { return all.empty() ? 0 : all.back(); });
     }},
    {"two buffers", [](const Stream<int>& s) { return s.map(inc).buffer(2).map(inc).buffer(2); }},
};

}  // namespace

TEST_CASE("a branch that a function makes and drops is freed when the emission is through") {
  const auto token = std::make_shared<int>(1);
  Stream<int> source;
  long seen = 0;
  source.sink([&](int) {
    auto branch = source.map(Counted{token});
    branch.filter([](int x) { return x > 0; }).sink([&](int x) { seen += x; });
    branch.destroy();
    REQUIRE(token.use_count() > 1);  // not while functions may run
  });
  for (int i = 0; i < 1000; ++i) {
    source.emit(i);
    REQUIRE(token.use_count() == 1);
  }
  CHECK(report(source).size() == 2);
  CHECK(seen == 0);
}

TEST_CASE("a branch that destroys itself is freed when its own emission is through") {
  const auto token = std::make_shared<int>(1);
  Stream<int> source;
  Ints out;
  {
    auto self = std::make_shared<std::optional<Stream<int>>>();
    *self = source.map(Counted{token});
    (*self)->sink([&out, self = self.get()](int x) {
      out.push_back(x);
      if (*self) (*self)->destroy();
      self->reset();
      out.push_back(x);
    });
    source.emit(1);
  }
  CHECK(out == Ints{2, 2});
  CHECK(token.use_count() == 1);
  source.emit(2);
  CHECK(out.size() == 2);
}

TEST_CASE("a branch that took what it wanted is freed; one that somebody knows stays") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source;
  Ints out;
  source.take(1).map(Counted{token}).sink([&](int x) { out.push_back(x); });
  auto known = source.take(1).map(Counted{token});
  known.sink([&](int x) { out.push_back(x); });
  CHECK(token.use_count() == 3);
  feed(source, 1, 3);
  CHECK(token.use_count() == 2);
  CHECK(known.label().find("map") != std::string::npos);
  known = Stream<int>();
  CHECK(token.use_count() == 1);
  CHECK(out == Ints{1, 1});
}

TEST_CASE("a stream that was connected for a while is freed, whoever lets go last") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source;
  for (const bool handle_goes_last : {true, false}) {
    auto inner = std::make_unique<Stream<int>>();
    inner->map(Counted{token}).sink([](int) {});
    source.connect(*inner);
    source.emit(1);
    if (handle_goes_last) {
      source.disconnect(*inner);
      CHECK(token.use_count() == 2);
      inner.reset();
    } else {
      StreamHandle copy = *inner;
      inner.reset();
      copy.destroy();
      CHECK(token.use_count() == 2);
      copy = source;
    }
    CHECK(token.use_count() == 1);
  }
}

TEST_CASE("what another branch acts on, or sends its dead letters to, stays with it") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source, midnight;
  Ints sums;
  {
    const auto mapped = source.map(Counted{token});
    mapped.accumulate(std::plus<>(), 0).reset_by(midnight).sink([&](int x) { sums.push_back(x); });
    feed(source, 1, 3);
    mapped.destroy();
  }
  CHECK(token.use_count() == 2);  // midnight has it
  midnight.emit(1);
  midnight.destroy_pipeline();
  CHECK(token.use_count() == 1);
  CHECK(sums == Ints{1, 3});

  Stream<int> other;
  auto letters = std::make_unique<Stream<Letter<int>>>();
  int dead = 0;
  letters->sink([&dead, held = Counted{token}](const Letter<int>&) { dead += *held.token + 1; });
  other.map([](int x) -> int { return x > 1 ? throw std::runtime_error("large") : x; })
      .on_error(on_error::dead_letter(*letters))
      .sink([](int) {});
  letters.reset();
  other.take(1).sink([](int) {});
  feed(other, 1, 4);
  CHECK(dead == 2);
  other.destroy_pipeline();
  CHECK(token.use_count() == 1);
}

TEST_CASE("an element that a dropped window keeps is done when the window is freed") {
  Stream<int> source;
  int done = 0;
  {
    auto window = source.partition(3);
    window.sink([](const Ints&) {});
    source.emit(1, [&](const std::exception_ptr&) { ++done; });
    window.destroy();
    CHECK(done == 0);
  }
  CHECK(done == 1);
}

TEST_CASE("threads make and drop branches of one stream") {
  const auto token = std::make_shared<int>(1);
  Stream<int> source;
  std::atomic<bool> over = false;
  int looks = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 300; ++i) {
        auto branch = source.map(Counted{token}).merge(source);
        branch.sink([](int) {});
        source.emit(i);
        branch.destroy_pipeline();
        source.destroy_pipeline();
      }
    });
  threads.emplace_back([&] {
    do looks += !describe(source).empty();
    while (!over);
  });
  threads[0].join();
  threads[1].join();
  over = true;
  threads[2].join();
  CHECK(looks > 0);
  for (int i = 0; i < 2; ++i) source.map(inc).destroy();  // what was left while another thread was inside
  CHECK(token.use_count() == 1);
  CHECK(report(source).size() == 1);
}

TEST_CASE("a branch with a thread, a timer or calls under way is freed when these have come to rest") {
  for (const auto& [name, make] : with_something_under_way) {
    INFO(name);
    const auto token = std::make_shared<int>(0);
    std::atomic<int> came = 0;
    Stream<int> source;
    std::vector<Stream<int>> known;
    source.sink([&](int x) {
      Stream<int> into;
      make(into).map(Counted{token}).sink([&came](int) { ++came; });
      source.connect(into);
      if (x % 2 == 0) source.disconnect(into);
      else known.push_back(into);  // gets what comes later
    });
    feed(source, 0, 20);
    CHECK(token.use_count() > 10);
    for (auto& into : std::exchange(known, {})) source.disconnect(into);
    CHECK(comes([&] { return token.use_count() == 1; }));
    CHECK(came > 0);
    CHECK(comes([&] { return report(source).size() == 2; }));
  }
}

TEST_CASE("what a dropped branch still holds comes out before it is freed") {
  constexpr int branches = 4000;
  const auto token = std::make_shared<int>(0);
  std::atomic<long> sum = 0, done = 0;
  const auto loop = EventLoop::on_own_thread();
  Stream<int> source{loop};
  long expected = 0;
  std::size_t most = 0;
  for (int i = 0; i < branches; ++i) {
    Stream<int> into{loop};
    auto branch = i % 2 == 0 ? into.map(inc).delay("1ms") : into.delay("2ms");
    branch.map(Counted{token}).sink([&sum](int x) { sum += x; });
    source.connect(into);
    source.emit(i, [&](const std::exception_ptr& error) { done += error ? 0 : 1; });
    source.disconnect(into);
    expected += i + (i % 2 == 0 ? 1 : 0);
    if (i % 100 == 0) most = std::max(most, report(source).size());
  }
  CHECK(comes([&] { return token.use_count() == 1; }));
  CHECK(sum == expected);
  CHECK(done == branches);
  CHECK(report(source).size() == 1);
  CHECK(most < 4 * branches);
}

TEST_CASE("a branch dropped inside a function keeps none of 4,000 buffers") {
  const auto token = std::make_shared<int>(0);
  std::atomic<long> sum = 0;
  Stream<int> source;
  source.sink([&](int x) {
    Stream<int> into;
    auto branch = into.buffer(4);
    branch.map(Counted{token}).sink([&sum](int y) { sum += y; });
    into.emit(x);
    source.connect(into);
    source.disconnect(into);
  });
  feed(source, 0, 4000);
  CHECK(comes([&] { return token.use_count() == 1; }));
  CHECK(sum == 4000L * 3999 / 2);
}

TEST_CASE("who makes branches faster than they are freed waits, at the top and inside a function") {
  const auto threads = [] {
    const std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
  };
  const auto before = threads();
  Stream<int> source;
  const auto branch = [&] {
    auto made = source.map(inc);
    made.buffer(2).sink([](int) {});
    made.destroy();
  };
  long most = 0;
  for (int i = 0; i < 3000; ++i) {
    branch();
    if (i % 16 == 0) most = std::max(most, static_cast<long>(threads() - before));
  }
  CHECK(most < 300);
  source.sink([&](int) { branch(); });
  for (int i = 0; i < 3000; ++i) {
    source.emit(i);
    if (i % 16 == 0) most = std::max(most, static_cast<long>(threads() - before));
  }
  CHECK(most < 300);
}

TEST_CASE(
    "a branch whose end is destroyed goes with it, as far as nobody knows it and it feeds nothing else") {
  const auto token = std::make_shared<int>(0);
  Stream<int> source;
  const auto known = source.map(Counted{token});
  long sum = 0;
  const Sink behind_known = known.map(inc).buffer(2).map(inc).sink([](int) {});
  behind_known.destroy();
  const Sink alone = source.map(Counted{token}).latest().sink([](int) {});
  alone.destroy();
  const auto both = source.map(Counted{token}).filter([](int x) { return x > 0; });
  const Sink first = both.sink([&](int x) { sum += x; });
  both.sink([](int) {}).destroy();
  CHECK(comes([&] { return token.use_count() == 3; }));  // `known`, and what `both` stands on
  feed(source, 0, 100);
  CHECK(sum == 100 * 99 / 2);
  CHECK(known.sink_to_list().values().empty());  // it can still be used
  first.destroy();
  feed(source, 0, 100);
  CHECK(token.use_count() == 3);  // somebody knows it
}

TEST_CASE("what is cut off while its timer waits for the thread that cuts it is freed") {
  const auto token = std::make_shared<int>(0);
  std::atomic<int> came = 0;
  Stream<int> source;
  source.sink([&](int) {
    auto branch = source.map(Counted{token}).delay("1ms");
    branch.sink([&came](int) { ++came; });
    branch.flush();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // timers of others ring, and wait
    branch.destroy_pipeline();
  });
  feed(source, 0, 50);
  source.destroy_pipeline();
  CHECK(comes([&] { return token.use_count() == 1; }));
}

TEST_CASE("a graph goes while a dropped branch of it is being freed") {
  for (int i = 0; i < 200; ++i) {
    const auto token = std::make_shared<int>(0);
    std::atomic<int> came = 0;
    {
      Stream<int> source;
      for (const auto& [name, make] : with_something_under_way) {
        Stream<int> into;
        make(into).map(Counted{token}).sink([&came](int) { ++came; });
        source.connect(into);
        source.emit(i);
        source.disconnect(into);
      }
      if (i % 2 != 0) std::this_thread::sleep_for(std::chrono::microseconds(100 * (i % 30)));
    }
    REQUIRE(token.use_count() == 1);
    REQUIRE(came >= 9);
  }
}

TEST_CASE("a branch that is made while others emit takes what comes from its first moment on") {
  for (const auto& [name, with] : with_something_under_way) {
    INFO(name);
    Stream<int> source;
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        while (!over) source.emit(1);
      });
    for (int i = 0; i < 100; ++i) {
      const auto branch = source.map(inc);
      with(branch).sink([](int) {});
      branch.destroy();
    }
    over = true;
    for (std::thread& each : threads) each.join();
    source.drain();  // an element that came before the branch was ready stood there for ever
  }
}

TEST_CASE("an asynchronous sink that was dropped stays until it has finished") {
  const auto token = std::make_shared<int>(0);
  std::vector<detail::stream::Finished> open;
  Stream<int> source;
  {
    auto mapped = source.map(Counted{token});
    mapped.sink_async([&open, held = Counted{token}](int, auto finished) { open.push_back(finished); }, 4);
    feed(source, 0, 3);
    mapped.destroy();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(token.use_count() > 1);
  for (const auto& finished : std::exchange(open, {})) finished();
  CHECK(comes([&] { return token.use_count() == 1; }));
}
