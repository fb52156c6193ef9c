// Where threads that compute are awake.
#include "node/spread.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>

#include "node/processor.hpp"

namespace weir::detail::node {

namespace {

// Of all threads of the process, whichever worker they are of.
struct SpreadPlaces {
  static constexpr int unused = 0, asleep = 1, first = 2;  // `first` and the processor
  std::array<std::atomic<int>, 256> all{};
  std::atomic<std::size_t> used{0};  // behind the last that has ever been used
};
constinit SpreadPlaces spread_places;

}  // namespace

Spread::Spread() noexcept {
  for (std::size_t i = 0; i < spread_places.all.size(); ++i) {
    int expected = SpreadPlaces::unused;
    if (!spread_places.all[i].compare_exchange_strong(expected, SpreadPlaces::asleep)) continue;
    place_ = &spread_places.all[i];
    std::size_t used = spread_places.used.load();
    while (used < i + 1 && !spread_places.used.compare_exchange_weak(used, i + 1)) {
    }
    return;
  }
}
Spread::~Spread() {
  if (place_) place_->store(SpreadPlaces::unused, std::memory_order_relaxed);
}
Spread& Spread::own() noexcept {
  static thread_local Spread spread;
  return spread;
}

void Spread::lie_down() noexcept {
  if (place_) place_->store(SpreadPlaces::asleep, std::memory_order_relaxed);
}

// Where strangers compute on the other processors a move gains nothing, and this thread waits there for its
// turn: then it does not go again for a while, each time a longer one.
bool Spread::get_up() noexcept {
  constexpr std::int64_t between_ns = 100'000, waited_ns = 50'000, least_ns = 4'000'000,
                         most_ns = 256'000'000;
  if (!place_) return false;
  const int here = sched_getcpu();
  if (here < 0 || here >= CPU_SETSIZE) return false;
  place_->store(SpreadPlaces::first + here, std::memory_order_relaxed);
  const std::span others(spread_places.all.data(), spread_places.used.load(std::memory_order_relaxed));
  const auto is_other_at = [&](const std::atomic<int>& place, int processor) {
    return &place != place_ && place.load(std::memory_order_relaxed) == SpreadPlaces::first + processor;
  };
  if (std::ranges::none_of(others, [&](const auto& place) { return is_other_at(place, here); })) return false;
  const auto now = [] { return std::chrono::steady_clock::now().time_since_epoch().count(); };
  const std::int64_t now_ns = now();
  if (now_ns < not_before_ns_) return false;
  not_before_ns_ = now_ns + between_ns;
  cpu_set_t taken;
  CPU_ZERO(&taken);
  for (const std::atomic<int>& place : others)
    if (const int at = place.load(std::memory_order_relaxed) - SpreadPlaces::first;
        at >= 0 && at < CPU_SETSIZE)
      CPU_SET(at, &taken);
  const std::optional<int> processor = go_to_free_processor(taken);
  if (!processor) return false;
  place_->store(SpreadPlaces::first + *processor, std::memory_order_relaxed);
  const std::int64_t after_ns = now();
  pause_ns_ = after_ns - now_ns > waited_ns ? std::clamp(2 * pause_ns_, least_ns, most_ns) : 0;
  not_before_ns_ = after_ns + std::max(pause_ns_, between_ns);
  return true;
}

}  // namespace weir::detail::node
