// What is in a pocket, and how it leaves it.
#include "client/pocket.hpp"

#include <algorithm>
#include <mutex>

namespace weir::detail::client {

using Stage = Pocketed::Stage;

namespace {

Pocketed& pocketed(const FutureRef& future) { return static_cast<Pocketed&>(*future.get()); }

bool is_untold(const FutureState& state) { return state.is_untold.load(std::memory_order_relaxed); }

// Nothing if the last reference to it has gone: it will be forgotten.
FutureRef another_reference(FutureState& state) {
  std::uint32_t count = state.references.load(std::memory_order_relaxed);
  while (count && !state.references.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) {
  }
  return FutureRef(count ? &state : nullptr);
}

}  // namespace

void Pocket::put(Pocketed& task) {
  const std::lock_guard hold(latch_);
  task.place = tasks_.size();
  tasks_.push_back(&task);
  if (task.depth > deepest_) deepest_ = task.depth;
  count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_seq_cst);
}

void Pocket::remove(Pocketed& task) {
  tasks_[task.place] = nullptr;
  const std::size_t left = count_.load(std::memory_order_relaxed) - 1;  // changed under the latch only
  count_.store(left, std::memory_order_release);
  if (left == 0) {
    tasks_.clear();
    first_ = 0;
    return;
  }
  while (!tasks_.back()) tasks_.pop_back();
  while (!tasks_[first_]) ++first_;
}

FutureRef Pocket::claim_input(Pocketed& task, std::size_t& at) {
  const std::lock_guard hold(latch_);
  const std::size_t count = task.inputs.size();
  for (; at < 2 * count; ++at) {
    Pocketed& input = pocketed(task.inputs[at % count]);
    if (input.stage == Stage::done || (input.stage == Stage::running && at < count)) continue;
    input.is_claimed = true;
    return task.inputs[at++ % count];
  }
  return {};
}

// What has been told of may be cancelled, or computed again: only the scheduler knows what it is worth.
Pocket::Readiness Pocket::readiness(Pocketed& task) {
  for (std::size_t& i = task.ready_inputs; i < task.inputs.size(); ++i) {
    const Pocketed& input = pocketed(task.inputs[i]);
    if (!is_untold(input)) return Readiness::never;
    if (input.stage != Stage::done) return Readiness::not_yet;
  }
  return Readiness::ready;
}

bool Pocket::start(Pocketed& task, PeerId runs_on, Values& values) {
  if (!std::ranges::all_of(task.inputs, [](const FutureRef& input) { return is_untold(*input.get()); }))
    return false;
  remove(task);
  values.reserve(task.inputs.size());
  for (const FutureRef& input : task.inputs) values.push_back(input->value);
  task.runs_on = runs_on;
  task.stage.store(Stage::running, std::memory_order_relaxed);
  return true;
}

bool Pocket::begin(Pocketed& task, PeerId runs_on, Values& values) {
  const std::lock_guard hold(latch_);
  return is_untold(task) && task.stage == Stage::waiting && readiness(task) == Readiness::ready &&
         start(task, runs_on, values);
}

FutureRef Pocket::begin_one(Pocketed& task, PeerId runs_on, Values& values) {
  if (task.is_claimed) return {};
  const Readiness how = readiness(task);
  if (how == Readiness::not_yet) return {};
  FutureRef future = another_reference(task);
  if (future && how == Readiness::ready && start(task, runs_on, values)) {
    away_.push_back(&task);
    task.is_away = true;
  }
  return future;
}

// Not all are looked at: of a long chain none can be begun, of many chains each first link.
FutureRef Pocket::begin_any(PeerId runs_on, Values& values) {
  constexpr std::size_t looks = 8;
  const std::lock_guard hold(latch_);
  if (is_empty()) return {};
  const std::size_t all = tasks_.size(), count = all - first_;
  std::size_t lowest = all;
  while (!tasks_[lowest - 1] || tasks_[lowest - 1]->depth != tasks_[first_]->depth) --lowest;
  const auto take = [&](std::size_t i) {
    FutureRef future = i < all && tasks_[i] ? begin_one(*tasks_[i], runs_on, values) : FutureRef();
    if (future) taken_ = i;
    return future;
  };
  const auto take_before = [&](std::size_t end) {
    FutureRef future;
    for (std::size_t i = end; i > first_ && i + looks > end && !future;) future = take(--i);
    return future;
  };
  if (FutureRef future = take_before(lowest)) return future;
  if (FutureRef future = take_before(std::min(taken_, lowest))) return future;
  for (std::size_t look = 0; look < std::min(looks, count); ++look)
    if (FutureRef future = take(first_ + look)) return future;
  if (FutureRef future = take_before(all)) return future;
  for (std::size_t look = 0; look < looks; ++look) {
    chance_ = chance_ * 1664525U + 1013904223U;
    if (FutureRef future = take(first_ + (std::uint64_t{chance_} * count >> 32))) return future;
  }
  return {};
}

bool Pocket::end(Pocketed& task, task::Value& value, std::uint64_t bytes, float duration_s) {
  std::vector<FutureRef> inputs;  // let go of after the latch
  const std::lock_guard hold(latch_);
  if (!is_untold(task)) return false;
  come_back(task);
  inputs.swap(task.inputs);
  task.value = std::move(value);
  task.bytes = bytes;
  task.duration_s = duration_s;
  task.has_value.store(true, std::memory_order_release);
  task.status.store(Status::finished, std::memory_order_release);
  task.stage.store(Stage::done, std::memory_order_release);
  return true;
}

void Pocket::come_back(Pocketed& task) {
  if (!task.is_away) return;
  std::erase(away_, &task);
  task.is_away = false;
}

Pocket::Left Pocket::leave(Pocketed& task) {
  if (task.stage == Stage::waiting) remove(task);
  const bool has_slot = task.is_away;
  come_back(task);
  task.is_untold.store(false, std::memory_order_release);
  return {&task, task.stage, std::exchange(task.inputs, {}), has_slot};
}

std::optional<Pocket::Left> Pocket::take(Pocketed& task) {
  const std::lock_guard hold(latch_);
  if (!is_untold(task)) return std::nullopt;
  return leave(task);
}

std::vector<Pocket::Left> Pocket::take_from(int depth) {
  std::vector<Left> left;
  const std::lock_guard hold(latch_);
  while (!is_empty() && tasks_.back()->depth >= depth) left.push_back(leave(*tasks_.back()));
  std::reverse(left.begin(), left.end());
  return left;
}

bool Pocket::has_from(int depth) {
  if (deepest_ < depth || is_empty()) return false;
  const std::lock_guard hold(latch_);
  deepest_ = is_empty() ? below_all : tasks_.back()->depth;
  return deepest_ >= depth;
}

std::vector<Pocket::Left> Pocket::take_all() {
  std::vector<Left> left = take_from(below_all);
  const std::lock_guard hold(latch_);
  while (!away_.empty()) left.push_back(leave(*away_.back()));
  return left;
}

bool Pocket::forget(Pocketed& task) {
  if (task.stage.load(std::memory_order_acquire) == Stage::done) return task.is_untold;
  const std::lock_guard hold(latch_);
  if (!is_untold(task)) return false;
  remove(task);
  return true;
}

}  // namespace weir::detail::client
