// Three ways to wait for a stream.
//
// Run:    ./23_stream_await         or on ranks: weir run -n 3 ./23_stream_await
// Prints: blocking: 3 written
//         awaiting: 3 written
//         told: 3 done
// Shows:  three ways to wait: emit blocks the thread until there is room, co_await lets the loop go on, and
// on_done tells when an element is through. Next:   24_stream_top_words.cpp

#include <atomic>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <iostream>

#include <weir/weir.hpp>

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Writes slowly, without blocking a thread.
asio::awaitable<void> write(int& written) {
  asio::steady_timer timer(co_await asio::this_coro::executor, 1ms);
  co_await timer.async_wait(asio::use_awaitable);
  ++written;
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    int written = 0;

    weir::Stream<int> blocking{weir::own_loop};  // its loop runs on a thread of its own
    blocking.sink([&](int) { return write(written); });
    for (int i = 0; i < 3; ++i) blocking.emit(i);
    blocking.drain();
    std::cout << "blocking: " << written << " written\n";

    written = 0;
    weir::EventLoop loop;  // a loop that this thread runs
    weir::Stream<int> awaiting{loop};
    awaiting.sink([&](int) { return write(written); });
    const auto emit_all = [&]() -> asio::awaitable<void> {
      for (int i = 0; i < 3; ++i) co_await awaiting.emit(i);
    };
    asio::co_spawn(loop.context(), emit_all, asio::detached);
    loop.run();
    std::cout << "awaiting: " << written << " written\n";

    std::atomic<int> done = 0;
    weir::Stream<int> told;
    told.buffer(2).sink([](int) {});
    for (int i = 0; i < 3; ++i) told.emit(i, [&](const std::exception_ptr& error) { done += error ? 0 : 1; });
    told.drain();
    std::cout << "told: " << done << " done\n";
  });
}
