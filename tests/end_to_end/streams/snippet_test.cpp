// The pipelines of the originals' documentation, written as there. Runs as threads and as ranks.
#include "weir/stream/await.hpp"

#include <atomic>
#include <boost/asio/detached.hpp>
#include <catch2/catch.hpp>
#include <mutex>

#include "end_to_end/streams/support.hpp"

using namespace weir;
using namespace std::chrono_literals;

namespace {

std::mutex printing;  // what is below gather() runs on a thread of its own
std::vector<int> printed;
int inc(int x) { return x + 1; }
int increment(int x) { return x + 1; }
void print(int x) {
  const std::lock_guard hold(printing);
  printed.push_back(x);
}

std::atomic<int> written{0};
boost::asio::awaitable<void> write_down(int x) {
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
  written += x;
}

}  // namespace

TEST_CASE("sequential and parallel") {
  printed.clear();
  Stream<int> source;
  source.map(inc).sink(print);
  source.scatter().map(inc).buffer(8).gather().sink(print);
  feed(source, 0, 10);
  source.drain();
  std::sort(printed.begin(), printed.end());
  CHECK(printed == Ints{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10});
}

TEST_CASE("a stream with a loop of its own, a rate and a coroutine as sink") {
  Stream<int> timed{weir::own_loop};
  timed.map(increment).rate_limit(50ms).sink(write_down);
  timed.map(increment).rate_limit("50ms").sink(write_down);
  const auto begin = std::chrono::steady_clock::now();
  feed(timed, 0, 3);
  timed.drain();
  CHECK(written == 12);
  CHECK(std::chrono::steady_clock::now() - begin >= 100ms);
}

TEST_CASE("co_await emit inside a loop the user runs, with the cluster below") {
  EventLoop loop;
  Stream<int> source{loop};
  const auto out = source.scatter().map(inc).buffer(2).gather().sink_to_list();
  const auto emit_all = [&]() -> boost::asio::awaitable<void> {
    for (int x = 0; x < 20; ++x) co_await source.emit(x);
  };
  boost::asio::co_spawn(loop.context(), emit_all, boost::asio::detached);
  loop.run();
  source.drain();
  CHECK(out.values() == numbers(1, 21));
}

TEST_CASE("a gathered stream is combined with one that is here") {
  Stream<int> source, source2;
  const auto a = source.scatter().map(inc);
  const auto pairs = source2.combine_latest(a.gather()).sink_to_list();
  source2.emit(5);
  source.emit(1);
  source.drain();
  CHECK(pairs.values() == std::vector<std::tuple<int, int>>{{5, 2}});
}
