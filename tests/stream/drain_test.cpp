// drain while another thread goes on emitting.
#include <catch2/catch.hpp>

#include <atomic>
#include <chrono>
#include <thread>

#include "stream/support.hpp"

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
