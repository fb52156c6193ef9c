// The quick clock beside the one that it stands for.
#include "core/quick_clock.hpp"

#include <catch2/catch.hpp>

using weir::detail::QuickClock;
using Clock = std::chrono::steady_clock;

TEST_CASE("quick clock: never runs backwards, and stays with the steady clock") {
  const auto end = Clock::now() + std::chrono::milliseconds(30);
  auto last = QuickClock::now();
  Clock::duration worst{0};
  int backwards = 0, read = 0;
  while (Clock::now() < end) {
    const auto before = Clock::now();
    const auto now = QuickClock::now();
    const auto after = Clock::now();
    backwards += now < last;
    last = now;
    if (after - before > std::chrono::microseconds(2)) continue;  // this thread was not running
    ++read;
    worst = std::max({worst, before - now, now - after});
  }
  CHECK(backwards == 0);
  CHECK(read > 0);
  CHECK(worst < std::chrono::microseconds(5));
}
