// Threads of streams: one for what runs, kept for the next, and no limit for those that wait for each other.
#include "stream/graph/thread_pool.hpp"

#include <atomic>
#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include "stream/support.hpp"
#include "weir/stream/async.hpp"
#include "weir/stream/sinks.hpp"

using namespace weir;
using detail::stream::Errand;
using detail::stream::ThreadPool;

namespace {

struct Counting final : Errand {
  std::function<void()> what;
  std::atomic<int> runs{0};
  explicit Counting(std::function<void()> work) : what(std::move(work)) {}
  ~Counting() override { ThreadPool::instance().end(*this); }
  void run() noexcept override {
    what();
    ++runs;
  }
  void start() { ThreadPool::instance().start(*this); }
};

bool soon(const std::function<bool()>& ready) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ready() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return ready();
}

long threads() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return std::distance(begin(all), end(all));
}

}  // namespace

TEST_CASE("an errand runs on the thread it had before, and once more if it is started meanwhile") {
  std::atomic<bool> may_end = true, is_inside = false;
  std::thread::id last;
  Counting errand([&] {
    last = std::this_thread::get_id();
    is_inside = true;
    while (!may_end) std::this_thread::yield();
  });
  errand.start();
  REQUIRE(soon([&] { return errand.runs == 1; }));
  const std::thread::id first = last;
  Counting other([] {});
  other.start();
  REQUIRE(soon([&] { return other.runs == 1; }));
  is_inside = may_end = false;
  errand.start();
  REQUIRE(soon([&] { return is_inside.load(); }));
  for (int i = 0; i < 3; ++i) errand.start();
  may_end = true;
  CHECK(soon([&] { return errand.runs == 3; }));
  ThreadPool::instance().end(errand);
  CHECK(errand.runs == 3);
  CHECK(last == first);
  errand.start();  // it is over
  ThreadPool::instance().end(errand);
  CHECK(errand.runs == 3);
}

TEST_CASE("an errand may end and free itself where it runs") {
  std::atomic<bool> gone = false;
  struct Ending final : Errand {
    std::atomic<bool>& gone;
    explicit Ending(std::atomic<bool>& flag) : gone(flag) {}
    void run() noexcept override {
      std::atomic<bool>& told = gone;
      ThreadPool::instance().end(*this);
      const bool is_mine = ThreadPool::is_running(*this);
      delete this;
      told = !is_mine;
    }
  };
  ThreadPool::instance().start(*new Ending(gone));
  CHECK(soon([&] { return gone.load(); }));
}

TEST_CASE("so many errands that wait for each other all run") {
  constexpr int many = 600;
  std::atomic<int> inside = 0;
  std::deque<Counting> errands;
  for (int i = 0; i < many; ++i)
    errands.emplace_back([&] {
      ++inside;
      while (inside < many) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
  for (Counting& each : errands) each.start();
  CHECK(soon([&] { return inside == many; }));
}

TEST_CASE("streams that come and go share threads, and one with nothing to do has none") {
  const long before = threads();
  std::vector<Stream<int>> quiet(100);
  for (const auto& each : quiet) {
    each.buffer(2).sink([](int) {});
    each.map_async([](int x) { return x; }, 8).sink([](int) {});
  }
  CHECK(threads() - before < 10);
  std::atomic<int> came = 0;
  long most = 0;
  for (int i = 0; i < 500; ++i) {
    Stream<int> each;
    each.buffer(2).map_async([](int x) { return x; }, 4).buffer(2).sink([&](int) { ++came; });
    each.emit(i);
    most = std::max(most, threads() - before);
  }
  CHECK(came == 500);
  CHECK(most < 50);
}
