// Where processes are awake.
#include "node/whereabouts.hpp"

#include <sched.h>

#include <chrono>

#include "node/processor.hpp"

namespace weir::detail::node {

void Whereabouts::note_awake() noexcept {
  if (takes_part_.load(std::memory_order_relaxed)) transport_.bell().be_at(sched_getcpu());
}

void Whereabouts::note_asleep() noexcept {
  if (takes_part_.load(std::memory_order_relaxed)) transport_.bell().be_at(comm::Bell::nowhere);
}

// To go takes longer than the answer to what has woken this thread: the second time it is worth it.
//
// Where strangers compute on the other processors a move gains nothing: each time that one soon follows
// another, it takes longer until the next.
bool Whereabouts::leave_if_shared() noexcept {
  constexpr std::int64_t between_ns = 100'000, lasting_ns = 1'000'000;
  if (!takes_part_.load(std::memory_order_relaxed)) return false;
  note_awake();
  const std::int64_t now_ns = std::chrono::steady_clock::now().time_since_epoch().count();
  if (stays_.lasts(now_ns) || now_ns < looked_ns_.load(std::memory_order_relaxed) + between_ns) return false;
  looked_ns_.store(now_ns, std::memory_order_relaxed);
  cpu_set_t taken;
  CPU_ZERO(&taken);
  transport_.each_neighbour([&](const comm::Bell& bell) {
    if (const int there = bell.processor(); there >= 0 && there < CPU_SETSIZE) CPU_SET(there, &taken);
  });
  const int here = transport_.bell().processor();
  if (here < 0 || here >= CPU_SETSIZE || !CPU_ISSET(here, &taken)) return false;
  if (now_ns - shared_ns_.exchange(now_ns, std::memory_order_relaxed) > lasting_ns) return false;
  if (!go_to_free_processor(taken)) return false;
  note_awake();
  stays_.begin(now_ns);
  return true;
}

}  // namespace weir::detail::node
