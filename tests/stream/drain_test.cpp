// drain while another thread goes on emitting.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include "stream/support.hpp"
#include "weir/stream/sources.hpp"
#include "weir/stream/time.hpp"

using namespace weir;

TEST_CASE("drain returns when what was emitted before is out, though another thread goes on") {
  Stream<int> source;
  std::atomic<bool> has_come{false}, stop{false};
  source.buffer(4).map([](int x) { return x; }).buffer(4).sink([&](int x) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    if (x == -1) has_come = true;
  });
  std::thread other([&] {
    while (!stop) source.emit(1);
  });
  for (int round = 0; round < 3; ++round) {
    has_come = false;
    source.emit(-1);
    source.drain();
    CHECK(has_come);
  }
  stop = true;
  other.join();
}

TEST_CASE("drain waits for no later elements where they wait for a time") {
  Stream<int> source;
  std::atomic<bool> has_come{false}, stop{false};
  source.delay("5ms").sink([&](int x) {
    if (x == -1) has_come = true;
  });
  std::thread other([&] {
    while (!stop) {
      source.emit(1);
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
  source.emit(-1);
  source.drain();
  CHECK(has_come);
  stop = true;
  other.join();
}

TEST_CASE("drain of a queue waits for what has been put, not for what is put later") {
  Queue<int> queue(1000);
  const auto source = from_queue(queue);
  std::atomic<int> seen{0};
  std::atomic<bool> stop{false};
  source.sink([&](int) {
    ++seen;
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  });
  source.start();
  std::thread other([&] {
    while (!stop) queue.put(1);
  });
  while (seen == 0) std::this_thread::yield();
  for (int i = 0; i < 100; ++i) queue.put(2);
  const int before = seen;
  source.drain();
  CHECK(seen >= before + 100);
  stop = true;
  other.join();
  queue.close();
  source.drain();
}
