// Processors that are free.
#include "node/processor.hpp"

namespace weir::detail::node {

std::optional<int> free_processor(int here, const cpu_set_t& taken, const cpu_set_t& allowed) noexcept {
  for (int i = 1; i < CPU_SETSIZE; ++i)
    if (const int other = (here + i) % CPU_SETSIZE; CPU_ISSET(other, &allowed) && !CPU_ISSET(other, &taken))
      return other;
  return std::nullopt;
}

std::optional<int> go_to_free_processor(const cpu_set_t& taken) noexcept {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return std::nullopt;
  const std::optional<int> processor = free_processor(sched_getcpu(), taken, allowed);
  if (!processor) return std::nullopt;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(*processor, &wanted);
  if (sched_setaffinity(0, sizeof wanted, &wanted) != 0) return std::nullopt;
  sched_setaffinity(0, sizeof allowed, &allowed);
  return processor;
}

}  // namespace weir::detail::node
