// Threads that compute side by side take processors of their own.
#include "node/spread.hpp"

#include <sched.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using weir::detail::node::Spread;

TEST_CASE("spread: who is woken beside another thread goes, and may be anywhere afterwards") {
  cpu_set_t before;
  REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
  if (CPU_COUNT(&before) < 2) return;
  std::atomic<int> processor{-1};
  std::atomic<bool> ends{false};
  std::thread neighbour([&] {
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    sched_setaffinity(0, sizeof here, &here);
    (void)Spread::own().get_up();
    processor = sched_getcpu();
    while (!ends) std::this_thread::yield();
  });
  while (processor < 0) std::this_thread::yield();
  bool has_gone = false;
  std::thread woken([&] {
    cpu_set_t there;
    CPU_ZERO(&there);
    CPU_SET(processor, &there);
    for (int i = 0; i < 100000 && !has_gone; ++i) {  // it may be taken elsewhere before it looks
      sched_setaffinity(0, sizeof there, &there);
      sched_setaffinity(0, sizeof before, &before);
      has_gone = Spread::own().get_up();
      Spread::own().lie_down();
    }
    cpu_set_t after;
    CHECK(sched_getaffinity(0, sizeof after, &after) == 0);
    CHECK(CPU_EQUAL(&before, &after));
  });
  woken.join();
  CHECK(has_gone);
  ends = true;
  neighbour.join();
}
