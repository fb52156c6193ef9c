// Branches on the cluster that are made and dropped are freed. Runs as threads and as ranks.
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "end_to_end/streams/support.hpp"
#include "weir/stream/describe.hpp"

using namespace weir;

namespace {

int add_one(int x) { return x + 1; }
int add(int sum, int x) { return sum + x; }
int refuse_odd(int x) { return x % 2 != 0 ? throw std::runtime_error("odd") : x; }

bool comes(const std::function<bool()>& ready) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!ready() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return ready();
}

}  // namespace

TEST_CASE("a branch on the cluster that is cut off gives what it was given, and goes") {
  Stream<int> source;
  const auto sums = source.accumulate(add, 0).sink_to_list();
  const std::size_t alone = report(source).size();
  std::atomic<int> came{0};
  constexpr int rounds = 200;
  for (int i = 0; i < rounds; ++i) {
    auto branch = source.map(add_one);
    {
      const auto there = branch.scatter().map(add_one);
      (i % 2 == 0 ? there.gather() : there.accumulate(add, 0).gather()).sink([&](int) { ++came; });
    }
    source.emit(i);
    branch.destroy();
  }
  CHECK(comes([&] { return report(source).size() == alone; }));
  CHECK(came == rounds);
  CHECK(sums.size() == rounds);
}

TEST_CASE("what fails in a branch on the cluster that is cut off is told by drain") {
  Stream<int> source;
  const std::size_t alone = report(source).size();
  {
    auto branch = source.map(add_one);
    branch.scatter().map(refuse_odd).gather().sink([](int) {});
    source.emit(2);
    branch.destroy();
  }
  CHECK(comes([&] { return report(source).size() == alone; }));
  CHECK_THROWS_WITH(source.drain(), Catch::Contains("odd"));
  CHECK_NOTHROW(source.drain());
}
