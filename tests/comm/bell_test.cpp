#include "comm/bell.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace weir::detail::comm;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

TEST_CASE("bell: whoever has lain down is woken, also by a ring before the sleep") {
  Bell bell;
  const auto before = Clock::now();
  std::uint32_t since = bell.lie_down();
  bell.ring();
  bell.sleep(since, 20s);
  since = bell.lie_down();
  std::thread rings([&] { bell.ring(); });
  bell.sleep(since, 20s);
  rings.join();
  CHECK(Clock::now() - before < 10s);
  bell.get_up();
  bell.get_up();
}

TEST_CASE("bell: nobody rings for those who are up") {
  Bell bell;
  bell.ring();
  const std::uint32_t since = bell.lie_down();
  const auto before = Clock::now();
  bell.sleep(since, 30ms);
  CHECK(Clock::now() - before >= 25ms);
  bell.get_up();
}

TEST_CASE("bell: another process rings; a card that is not this bell's opens nothing") {
  SharedBell shared;
  REQUIRE(shared.card().file >= 0);
  PagesCard other = shared.card();
  ++other.mark;
  CHECK(SharedBell::open(other) == nullptr);
  other = shared.card();
  other.file = STDIN_FILENO;
  CHECK(SharedBell::open(other) == nullptr);
  CHECK(SharedBell::open({}) == nullptr);
  const std::uint32_t since = shared.bell().lie_down();
  const pid_t child = fork();
  if (child == 0) {
    Bell* theirs = SharedBell::open(shared.card());
    if (theirs) theirs->ring();
    _exit(theirs ? 0 : 1);
  }
  const auto before = Clock::now();
  shared.bell().sleep(since, 20s);
  CHECK(Clock::now() - before < 10s);
  int status = 1;
  waitpid(child, &status, 0);
  CHECK(status == 0);
  shared.bell().get_up();
}

TEST_CASE("bell: between two threads none of many messages is slept through") {
  Bell bell;
  std::atomic<int> sent{0}, taken{0};
  constexpr int all = 20'000;
  std::thread receiver([&] {
    for (int seen = 0; seen < all;) {
      const std::uint32_t since = bell.lie_down();
      if (sent.load(std::memory_order_relaxed) == seen) bell.sleep(since, 20s);
      bell.get_up();
      seen = sent.load(std::memory_order_relaxed);
      taken.store(seen, std::memory_order_release);
    }
  });
  const auto before = Clock::now();
  for (int i = 1; i <= all; ++i) {
    sent.store(i, std::memory_order_relaxed);
    bell.ring();
    while (i % 64 == 0 && taken.load(std::memory_order_acquire) < i) std::this_thread::yield();
  }
  receiver.join();
  CHECK(Clock::now() - before < 18s);
}
