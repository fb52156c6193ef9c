// Where processes are awake.
#include "node/seat.hpp"

#include <algorithm>
#include <chrono>

namespace weir::detail::node {

void Seat::note_awake() noexcept {
  if (takes_part_.load(std::memory_order_relaxed)) transport_.bell().sit(sched_getcpu());
}

void Seat::note_asleep() noexcept {
  if (takes_part_.load(std::memory_order_relaxed)) transport_.bell().sit(comm::Bell::nowhere);
}

// A processor that this thread may use and no neighbour is awake on, if one is awake on its own.
std::optional<int> Seat::free_processor(const cpu_set_t& allowed) const noexcept {
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE) return std::nullopt;
  cpu_set_t taken;
  CPU_ZERO(&taken);
  transport_.each_neighbour([&](const comm::Bell& bell) {
    if (const int seat = bell.seat(); seat >= 0 && seat < CPU_SETSIZE) CPU_SET(seat, &taken);
  });
  if (!CPU_ISSET(here, &taken)) return std::nullopt;
  for (int i = 1; i < CPU_SETSIZE; ++i)
    if (const int other = (here + i) % CPU_SETSIZE; CPU_ISSET(other, &allowed) && !CPU_ISSET(other, &taken))
      return other;
  return std::nullopt;
}

// To go takes longer than the answer to what has woken this thread: the second time it is worth it.
//
// Where strangers compute on the other processors a move gains nothing: each time that one soon follows
// another, it takes longer until the next.
bool Seat::leave_if_shared() noexcept {
  constexpr std::int64_t between_ns = 100'000, lasting_ns = 1'000'000, least_ns = 500'000,
                         most_ns = 256'000'000;
  if (!takes_part_.load(std::memory_order_relaxed)) return false;
  note_awake();
  const std::int64_t now_ns = std::chrono::steady_clock::now().time_since_epoch().count();
  if (now_ns < not_before_ns_.load(std::memory_order_relaxed)) return false;
  not_before_ns_.store(now_ns + between_ns, std::memory_order_relaxed);
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return false;
  const std::optional<int> processor = CPU_COUNT(&allowed) > 1 ? free_processor(allowed) : std::nullopt;
  if (!processor) return false;
  if (now_ns - shared_ns_.exchange(now_ns, std::memory_order_relaxed) > lasting_ns) return false;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(*processor, &wanted);
  if (sched_setaffinity(0, sizeof wanted, &wanted) != 0) return false;
  sched_setaffinity(0, sizeof allowed, &allowed);
  note_awake();
  const std::int64_t pause_ns = pause_ns_.load(std::memory_order_relaxed);
  const bool is_again = now_ns - moved_ns_.exchange(now_ns, std::memory_order_relaxed) < 2 * pause_ns;
  const std::int64_t next_ns = is_again ? std::min(2 * pause_ns, most_ns) : least_ns;
  pause_ns_.store(next_ns, std::memory_order_relaxed);
  not_before_ns_.store(now_ns + next_ns, std::memory_order_relaxed);
  return true;
}

}  // namespace weir::detail::node
