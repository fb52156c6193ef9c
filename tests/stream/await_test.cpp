// Coroutines at the edges of streams.
#include "weir/stream/await.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>

#include "stream/support.hpp"

using namespace weir;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// Runs a coroutine to its end on a loop and rethrows what it throws.
template <class Coroutine>
void run(EventLoop& loop, Coroutine coroutine) {
  std::exception_ptr error;
  asio::co_spawn(loop.context(), std::move(coroutine), [&](const std::exception_ptr& e) { error = e; });
  loop.run();
  if (error) std::rethrow_exception(error);
}

}  // namespace

TEST_CASE("co_await emit waits for room while the loop goes on") {
  EventLoop loop;
  Stream<int> source{loop};
  const auto out = source.buffer(1).map(inc).sink_to_list();
  run(loop, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 20; ++i) co_await source.emit(i);
  });
  CHECK(out.size() == 20);
  CHECK(out.values().back() == 20);
}

TEST_CASE("co_await emit gives the error of a function") {
  EventLoop loop;
  Stream<int> source{loop};
  source.map([](int x) { return x == 2 ? throw std::runtime_error("two") : x; }).sink([](int) {});
  CHECK_THROWS_WITH(run(loop,
                        [&]() -> asio::awaitable<void> {
                          co_await source.emit(1);
                          co_await source.emit(2);
                        }),
                    "two");
}

TEST_CASE("emit on the loop's own thread refuses to block it") {
  EventLoop loop;
  Stream<int> source{loop};
  source.buffer(1).sink([](int) {});
  CHECK(sentence([&] {
          run(loop, [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 5; ++i) source.emit(i);
            co_return;
          });
        }) ==
        "emit: would block the event loop that has to make room; use co_await, try_emit or another thread");
}

TEST_CASE("a sink may be a coroutine, one at a time") {
  EventLoop loop;
  Stream<int> source{loop};
  Ints out;
  int at_once = 0, most = 0;
  DoneCount count;
  source.sink([&](int x) -> asio::awaitable<void> {
    most = std::max(most, ++at_once);
    asio::steady_timer timer(loop.context(), 100us);
    co_await timer.async_wait(asio::use_awaitable);
    out.push_back(x);
    --at_once;
    if (x == 1) throw std::runtime_error("one");
  });
  run(loop, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) co_await source.emit(i, count.counter());
  });
  CHECK(out == Ints{0, 1, 2});
  CHECK(most == 1);
  CHECK(count.done == 3);
  CHECK(count.failed == 1);
  CHECK_THROWS_WITH(source.drain(), "one");
}

TEST_CASE("sink_async takes a coroutine, several of which may be under way") {
  EventLoop loop;
  Stream<int> source{loop};
  int at_once = 0, most = 0, ended = 0;
  source.sink_async(
      [&](int x) -> asio::awaitable<void> {
        most = std::max(most, ++at_once);
        asio::steady_timer timer(loop.context(), 2ms);
        co_await timer.async_wait(asio::use_awaitable);
        --at_once;
        ++ended;
        if (x == 1) throw std::runtime_error("one");
      },
      3);
  run(loop, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 6; ++i) co_await source.emit(i);
  });
  CHECK(most == 3);
  CHECK(ended == 6);
  CHECK_THROWS_WITH(source.drain(), "one");
}

TEST_CASE(
    "co_await emit that a cycle holds back is reported with the node's name, and goes on when the cycle is "
    "fed") {
  EventLoop loop;
  Stream<int> source, feedback;
  const auto out = source.zip(feedback, max_ahead{1}).named("sum").starmap(std::plus<>{});
  out.connect(feedback);
  const auto sums = out.sink_to_list();
  detail::stream::cycle_patience_ns = 4'000'000;
  Warnings warnings;
  std::thread other([&] {
    while (warnings.text().empty()) std::this_thread::yield();
    feedback.emit(10);
  });
  run(loop, [&]() -> asio::awaitable<void> {
    for (int i = 1; i < 4; ++i) co_await source.emit(i);
  });
  other.join();
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text() ==
        "stream: emit: the cycle through <sum; zip> waits for itself, and nothing else is left to do; emit a "
        "first element into the cycle\n");
  CHECK(sums.values() == Ints{11, 13, 16});
}

TEST_CASE("a coroutine sink runs on the stream's own loop") {
  Stream<int> source;
  Ints out;
  source.sink([&](const int& x) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 50us);
    co_await timer.async_wait(asio::use_awaitable);
    out.push_back(x);
  });
  feed(source, 0, 5);
  source.drain();
  CHECK(out == Ints{0, 1, 2, 3, 4});
}

TEST_CASE("co_await drain and close wait while the loop goes on") {
  EventLoop loop;
  Stream<int> source{loop};
  const auto out = source.delay("20ms").sink_to_list();
  source.buffer(8).sink([](int x) {
    if (x == 7) throw std::runtime_error("seven");
  });
  run(loop, [&]() -> asio::awaitable<void> {
    for (int i = 0; i < 3; ++i) source.emit(i);
    co_await source.drain();
    CHECK(out.size() == 3);
    source.emit(7);
    std::string failure;
    try {
      co_await source.drain();
    } catch (const std::runtime_error& error) {
      failure = error.what();
    }
    CHECK(failure == "seven");
    source.emit(8);
    co_await source.close();
    CHECK(out.size() == 5);
  });
  CHECK(sentence([&] { source.emit(9); }) == "emit: <stream> is closed");
}

TEST_CASE("co_await drain waits for what was emitted before, though another thread goes on") {
  EventLoop loop;
  Stream<int> source{loop};
  std::atomic<bool> has_come{false}, stop{false};
  source.buffer(64).sink([&](int x) {
    if (x == -1) has_come = true;
  });
  std::thread other([&] {
    while (!stop) static_cast<void>(source.emit_for(1, "1ms"));
  });
  run(loop, [&]() -> asio::awaitable<void> {
    co_await source.emit(-1);
    co_await source.drain();
    CHECK(has_come);
    stop = true;
  });
  other.join();
}

TEST_CASE("a coroutine that waits for a stream goes with its context") {
  for (const bool emits : {false, true}) {
    bool has_ended = false;
    struct Leaving {
      bool& flag;
      explicit Leaving(bool& of) : flag(of) {}
      Leaving(const Leaving&) = delete;
      Leaving& operator=(const Leaving&) = delete;
      ~Leaving() { flag = true; }
    };
    Stream<int> source{own_loop};
    source.rate_limit(50ms).buffer(1).delay("20ms").sink([](int) {});
    {
      asio::io_context context;
      asio::co_spawn(
          context,
          [&, source]() -> asio::awaitable<void> {
            const Leaving leaving(has_ended);
            for (int i = 0; i < (emits ? 20 : 1); ++i) co_await source.emit(i);
            co_await source.drain();
          },
          asio::detached);
      context.run_for(2ms);
      CHECK_FALSE(has_ended);
    }
    CHECK(has_ended);
    std::this_thread::sleep_for(100ms);  // what the graph tells meanwhile reaches nobody
    source.drain();
  }
}

TEST_CASE("who waits for an event loop that nobody runs is told, and goes on when somebody does") {
  EventLoop loop;
  Stream<int> source{loop};
  const auto out = source.delay("1ms").named("later").sink_to_list();
  detail::stream::cycle_patience_ns = 40'000'000;
  Warnings warnings;
  source.emit(1);
  std::thread other([&] {
    while (warnings.text().empty()) std::this_thread::sleep_for(1ms);
    loop.run();
  });
  source.drain();
  other.join();
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text() ==
        "stream: drain: " + source.label() +
            " waits for its event loop, which nobody runs; call loop.run(), on this thread "
            "before it waits or on another one\n");
  CHECK(out.values() == Ints{1});
}

TEST_CASE("a coroutine sink on the stream's own loop is inside the stream") {
  Stream<int> source;
  std::string refused;
  source.sink([&](const int& x) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 50us);
    co_await timer.async_wait(asio::use_awaitable);
    refused = sentence([&] { source.drain(); });
    if (x == 2) source.close();
  });
  source.emit(1);
  source.emit(2);
  source.drain();
  CHECK(refused == "drain: called from inside the stream it would wait for");
  CHECK(sentence([&] { source.emit(3); }).ends_with("is closed"));
}

TEST_CASE("a coroutine sink on a user's loop is inside the stream") {
  EventLoop loop;
  Stream<int> source{loop}, other{loop};
  const auto out = other.sink_to_list();
  std::string refused;
  bool is_past = false;
  source.sink([&](const int& x) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 50us);
    co_await timer.async_wait(asio::use_awaitable);
    co_await other.emit(x);
    co_await other.drain();  // another one
    try {
      co_await source.drain();
    } catch (const Error& error) {
      refused = error.what();
    }
    if (x == 2) co_await source.close();
    is_past = true;
  });
  run(loop, [&]() -> asio::awaitable<void> {
    co_await source.emit(1);
    co_await source.emit(2);
    co_await source.drain();
  });
  CHECK(refused == "drain: called from inside the stream it would wait for");
  CHECK(is_past);
  CHECK(out.values() == Ints{1, 2});
  CHECK(sentence([&] { source.emit(3); }).ends_with("is closed"));
}

TEST_CASE("a coroutine sink emits into its own stream without waiting for itself") {
  for (const bool has_loop : {false, true}) {
    EventLoop loop;
    const Stream<int> source = has_loop ? Stream<int>{loop} : Stream<int>{};
    Ints got;
    source.sink_async([&](int x) -> asio::awaitable<void> {
      got.push_back(x);
      if (x > 0) co_await source.emit(x - 1);
    });
    if (has_loop) {
      run(loop, [&]() -> asio::awaitable<void> {
        co_await source.emit(50);
        co_await source.drain();
      });
    } else {
      source.emit(50);
      source.drain();
    }
    CHECK(got.size() == 51);
    CHECK(got.back() == 0);
  }
}

TEST_CASE("coroutine sinks that begin each other do not grow the stack") {
  Stream<int> source;
  std::atomic<int> count{0};
  source.sink_async(
      [&](int x) -> asio::awaitable<void> {
        ++count;
        if (x > 0) co_await source.emit(x - 1);
      },
      1'000'000);
  source.emit(100'000);
  source.drain();
  CHECK(count == 100'001);
}

TEST_CASE("a coroutine that feeds its own stream without end is reported") {
  const std::uint64_t limit = detail::stream::cycle_limit.exchange(100);
  Stream<int> source;
  source.sink_async([&](int x) -> asio::awaitable<void> { co_await source.emit(x); });
  source.emit(1);
  CHECK(sentence([&] { source.drain(); }) ==
        "emit: the cycle through <sink_async> does not come to an end (100 rounds for one element)");
  detail::stream::cycle_limit = limit;
}

TEST_CASE("coroutine sinks of several streams that feed each other in a circle do not wait for each other") {
  for (const std::size_t streams : {2U, 3U}) {
    std::vector<Stream<int>> all(streams);
    std::atomic<int> count{0};
    for (std::size_t i = 0; i < streams; ++i) {
      all[i].sink_async([&, i](int x) -> asio::awaitable<void> {
        ++count;
        if (x > 0) co_await all[(i + 1) % streams].emit(x - 1);
      });
    }
    std::vector<std::thread> threads;
    for (const auto& each : all) threads.emplace_back([each] { each.emit(40); });
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < 200; ++i)
      for (const auto& each : all) each.drain();
    CHECK(count == 41 * static_cast<int>(streams));
  }
}

TEST_CASE("a coroutine sink and a function that feed each other do not wait for each other") {
  Stream<int> coroutines, functions;
  std::atomic<int> count{0};
  coroutines.buffer(1).sink_async([&](int x) -> asio::awaitable<void> {
    ++count;
    if (x > 0) co_await functions.emit(x - 1);
  });
  functions.sink([&](int x) {
    ++count;
    if (x > 0) coroutines.emit(x - 1);
  });
  std::thread other([&] {
    for (int i = 0; i < 20; ++i) functions.emit(20);
  });
  for (int i = 0; i < 20; ++i) coroutines.emit(20);
  other.join();
  for (int i = 0; i < 100; ++i) {
    coroutines.drain();
    functions.drain();
  }
  CHECK(count == 40 * 21);
}

TEST_CASE("coroutine sinks that drain each other are refused, as functions are") {
  for (const std::size_t streams : {2U, 3U}) {
    std::vector<Stream<int>> all(streams);
    std::atomic<int> refused{0}, begun{0};
    for (std::size_t i = 0; i < streams; ++i) {
      all[i].sink_async([&, i](int) -> asio::awaitable<void> {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        for (++begun; begun < static_cast<int>(streams);) {  // until all are there
          timer.expires_after(1ms);
          co_await timer.async_wait(asio::use_awaitable);
        }
        try {
          co_await all[(i + 1) % streams].drain();
        } catch (const Error& error) {
          CHECK(std::string(error.what()) ==
                "drain: called from inside a stream that the one it would wait for waits for itself");
          ++refused;
        }
      });
    }
    for (const auto& each : all) each.emit(1);
    for (const auto& each : all) each.drain();
    CHECK(refused > 0);
  }
}

TEST_CASE("a stream goes while its coroutine sink waits for room in another one") {
  Stream<int> other;
  std::atomic<bool> is_open{false};
  const auto out = other.buffer(1)
                       .map([&](int x) {
                         while (!is_open) std::this_thread::sleep_for(1ms);
                         return x;
                       })
                       .sink_to_list();
  std::thread later([&] {
    std::this_thread::sleep_for(50ms);
    is_open = true;
  });
  {
    Stream<int> source;
    source.sink_async([&](int x) -> asio::awaitable<void> { co_await other.emit(x); }, 4);
    for (int i = 0; i < 4; ++i) source.emit(i);
  }  // which waits for what it has begun
  other.drain();
  later.join();
  CHECK(out.size() == 4);
}

TEST_CASE("who waits for a sink_async that says nothing is told") {
  Stream<int> source;
  std::vector<detail::stream::Finished> kept;
  source.sink_async([&](int, const detail::stream::Finished& finished) { kept.push_back(finished); }, 4);
  detail::stream::cycle_patience_ns = 40'000'000;
  Warnings warnings;
  source.emit(1);
  source.emit(2);
  std::thread later([&] {
    while (warnings.text().empty()) std::this_thread::sleep_for(1ms);
    for (const auto& finished : kept) finished();
  });
  source.drain();
  later.join();
  detail::stream::cycle_patience_ns = 5'000'000'000;
  CHECK(warnings.text() ==
        "stream: drain: waits for 2 elements that <sink_async> has not said finished for\n");
}
