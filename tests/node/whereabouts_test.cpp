// Whereabouts: which processor a process takes.
#include "node/whereabouts.hpp"

#include <sched.h>

#include <catch2/catch.hpp>

#include <deque>
#include <thread>

using namespace weir;
using namespace weir::detail;

namespace {

/// Reaches nobody, but has neighbours.
class Host final : public comm::Transport {
 public:
  void send(PeerId, comm::Frame) override {}
  bool poll(comm::Receiver&) override { return false; }
  [[nodiscard]] bool busy(PeerId) const override { return false; }
  [[nodiscard]] bool sending() const override { return false; }
  void forget(PeerId) override {}
  void each_neighbour(const std::function<void(const comm::Bell&)>& look) const override {
    for (const comm::Bell& bell : neighbours) look(bell);
  }
  comm::Bell& neighbour(int processor) {
    neighbours.emplace_back().be_at(processor);
    return neighbours.back();
  }

  std::deque<comm::Bell> neighbours;
};

cpu_set_t allowed_here() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  REQUIRE(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  return allowed;
}

void put_neighbour_on_each(Host& host, const cpu_set_t& allowed) {
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &allowed)) host.neighbour(i);
}

}  // namespace

TEST_CASE("A thread leaves a processor on which a neighbour is awake for one on which none is",
          "[node][whereabouts]") {
  const cpu_set_t allowed = allowed_here();
  if (CPU_COUNT(&allowed) < 2) return;
  Host host;
  put_neighbour_on_each(host, allowed);
  comm::Bell& asleep = host.neighbours.front();
  const int free = asleep.processor();
  asleep.be_at(comm::Bell::nowhere);
  // The kernel may have put this thread on the free one before, or at once take it away again.
  bool has_moved = false;
  for (int i = 0; i < 1000 && !has_moved; ++i) {
    node::Whereabouts whereabouts(host);
    whereabouts.take_part();
    REQUIRE_FALSE(whereabouts.leave_if_shared());  // it may be about to be alone again
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    has_moved = whereabouts.leave_if_shared() && host.bell().processor() == free;
    const cpu_set_t after = allowed_here();
    REQUIRE(CPU_EQUAL(&after, &allowed));
  }
  CHECK((has_moved || sched_getcpu() == free));
}

TEST_CASE("A thread stays where it is when that is of no use to it", "[node][whereabouts]") {
  const cpu_set_t allowed = allowed_here();
  Host host;
  node::Whereabouts whereabouts(host);
  SECTION("nobody else is awake") {
    host.neighbour(comm::Bell::nowhere);
    whereabouts.take_part();
    CHECK_FALSE(whereabouts.leave_if_shared());
    CHECK(CPU_ISSET(host.bell().processor(), &allowed));
    whereabouts.note_asleep();
    CHECK(host.bell().processor() == comm::Bell::nowhere);
  }
  SECTION("a neighbour is awake on each") {
    put_neighbour_on_each(host, allowed);
    whereabouts.take_part();
    CHECK_FALSE(whereabouts.leave_if_shared());
  }
  SECTION("nobody knows where its process is") {
    if (CPU_COUNT(&allowed) > 1) host.neighbour(sched_getcpu());
    whereabouts.note_awake();
    CHECK_FALSE(whereabouts.leave_if_shared());
    CHECK(host.bell().processor() == comm::Bell::nowhere);
  }
}
