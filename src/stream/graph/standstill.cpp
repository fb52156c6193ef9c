// Standstill: who waits for whom, found by following what each waiting thread waits for; and the queue of a
// domain, which those who would stand still leave.
#include "stream/graph/standstill.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace weir::detail::stream {

using namespace std::chrono_literals;

/// What a domain needs only if somebody would stand still for it. Guarded by `waiters_mutex`.
struct Domain::Aside {
  std::deque<std::unique_ptr<Deferred>> handed_over;  // to the thread that has the domain
  std::vector<std::uint32_t> given_up;                // places in the queue
};

namespace {

// Taken last: nothing else is locked under it.
std::mutex& waiters_mutex() {
  static std::mutex instance;
  return instance;
}
std::vector<const Waiter*>& waiters() {
  static std::vector<const Waiter*> instance;
  return instance;
}

/// Whether what `node` does, inside `domain` or beside all, must come to its end before `what` can happen.
bool blocks(const Node& node, const Domain* domain, const WaitedFor& what) noexcept {
  if (what.domain && domain == what.domain) return true;
  if (what.graph && &node.graph() == what.graph) return true;
  const bool is_beside = !domain || node.emits_by_itself();
  return what.full && (domain == what.full->domain() || (is_beside && &node.graph() == &what.full->graph()));
}

/// The same of all that a thread does which is `inside`.
bool blocks(const Frame* inside, const WaitedFor& what) noexcept {
  for (const Frame* frame = inside; frame; frame = frame->before())
    if (blocks(frame->node(), frame->domain(), what)) return true;
  return false;
}

/// The same as `would_stand_still`, under the mutex.
bool comes_back(const Frame* inside, const WaitedFor& what) noexcept {
  std::vector<const Waiter*> unseen = waiters();
  std::vector<WaitedFor> open{what};
  while (!open.empty()) {
    const WaitedFor next = open.back();
    open.pop_back();
    if (blocks(inside, next)) return true;
    const auto seen = std::partition(unseen.begin(), unseen.end(),
                                     [&](const Waiter* waiter) { return !waiter->blocks(next); });
    for (auto at = seen; at != unseen.end(); ++at) open.push_back((*at)->what());
    unseen.erase(seen, unseen.end());
  }
  return false;
}

/// How long a thread waits.
class Wait {
 public:
  /// On a busy machine a single yield may take longer than many naps.
  bool is_longer_than(std::chrono::microseconds time) noexcept {
    const auto now = std::chrono::steady_clock::now();
    if (!begun_) begun_ = now;
    return now - *begun_ > time;
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> begun_;
};

}  // namespace

Waiter::Waiter(const WaitedFor& what) : inside_(flow.frame), what_(what) {
  if (!inside_) return;
  const std::lock_guard lock(waiters_mutex());
  waiters().push_back(this);
}

Waiter::Waiter(const Node& begun_by, const WaitedFor& what) : begun_by_(&begun_by), what_(what) {
  const std::lock_guard lock(waiters_mutex());
  waiters().push_back(this);
}

Waiter::~Waiter() {
  if (!inside_ && !begun_by_) return;
  const std::lock_guard lock(waiters_mutex());
  std::erase(waiters(), this);
}

bool Waiter::blocks(const WaitedFor& other) const noexcept {
  return begun_by_ ? stream::blocks(*begun_by_, nullptr, other) : stream::blocks(inside_, other);
}

void Waiter::forget(const Node& begun_by) noexcept {
  const std::lock_guard lock(waiters_mutex());
  std::erase_if(waiters(), [&](const Waiter* waiter) { return waiter->begun_by_ == &begun_by; });
}

bool would_stand_still(const Frame* inside, const WaitedFor& what) noexcept {
  if (!inside) return false;
  const std::lock_guard lock(waiters_mutex());
  return comes_back(inside, what);
}

// --- Domain

Domain::Domain() = default;
Domain::~Domain() = default;

bool Domain::wait(bool may_give_up) noexcept {
  const std::uint32_t place = next_.fetch_add(1, std::memory_order_relaxed);
  std::optional<Waiter> noted;
  bool entered = false, is_strict = false;
  int naps = 0;
  Wait wait;
  for (int round = 0; !entered; ++round) {
    const void* holder = nullptr;
    const bool is_first = serving_.load(std::memory_order_acquire) == place;
    entered = is_first && holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire,
                                                          std::memory_order_relaxed);
    if (entered) break;
    if (round < 200) __builtin_ia32_pause();
    else if (naps == 0 && !wait.is_longer_than(20us)) std::this_thread::yield();
    else {
      if (is_first && !is_strict && wait.is_longer_than(may_give_up ? 500us : 20us)) {
        is_strict = true;  // nobody comes before it any more; others than emitters want to be in soon
        is_strict_.store(1, std::memory_order_relaxed);
        continue;
      }
      if (!noted) noted.emplace(WaitedFor{.domain = this});
      if (may_give_up && would_stand_still(flow.frame, {.domain = this})) break;
      // a slow function holds it: a missed wake-up would cost no more than this nap
      std::this_thread::sleep_for(std::chrono::microseconds(std::min(20 * ++naps, is_strict ? 50 : 500)));
    }
  }
  if (is_strict) is_strict_.store(0, std::memory_order_relaxed);
  if (entered) serving_.fetch_add(1, std::memory_order_seq_cst);
  else give_up(place);
  while (given_up_.load(std::memory_order_seq_cst) > 0 && pass_over()) {
  }
  return entered;
}

void Domain::give_up(std::uint32_t place) noexcept {
  const std::lock_guard lock(waiters_mutex());
  if (!aside_) aside_ = std::make_unique<Aside>();
  aside_->given_up.push_back(place);
  given_up_.fetch_add(1, std::memory_order_seq_cst);
}

bool Domain::pass_over() noexcept {
  const std::lock_guard lock(waiters_mutex());
  if (!aside_ || std::erase(aside_->given_up, serving_.load(std::memory_order_seq_cst)) == 0) return false;
  serving_.fetch_add(1, std::memory_order_seq_cst);
  given_up_.fetch_sub(1, std::memory_order_seq_cst);
  return true;
}

bool Domain::hand_over(std::unique_ptr<Deferred>& work) {
  const std::lock_guard lock(waiters_mutex());
  if (!comes_back(flow.frame, {.domain = this})) return false;
  if (!aside_) aside_ = std::make_unique<Aside>();
  aside_->handed_over.push_back(std::move(work));
  handed_over_.fetch_add(1, std::memory_order_release);
  return true;
}

void Domain::run_handed_over() noexcept {
  while (handed_over_.load(std::memory_order_acquire) > 0) {
    std::unique_ptr<Deferred> work;
    {
      const std::lock_guard lock(waiters_mutex());
      work = std::move(aside_->handed_over.front());
      aside_->handed_over.pop_front();
    }
    work->run();
    work.reset();
    handed_over_.fetch_sub(1, std::memory_order_release);
  }
}

void leave_to_holder(Node& node, std::unique_ptr<Deferred> work) {
  while (!node.domain()->hand_over(work)) {
    Frame frame(node, Frame::unless_stuck);
    if (!frame.is_inside()) continue;
    work->run();
    return frame.finish();
  }
}

}  // namespace weir::detail::stream
