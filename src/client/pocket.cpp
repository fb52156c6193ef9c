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

// It is counted before the latch is taken, which orders that before a look for somebody who sleeps: a barrier
// of its own would cost as much again.
void Pocket::put(Pocketed& task) {
  put_.store(put_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  const std::lock_guard hold(latch_);
  task.place = static_cast<std::uint32_t>(tasks_.size());
  task.is_listed = true;
  tasks_.push_back(&task);
  if (task.depth > deepest_) deepest_ = task.depth;
  ++listed_;
}

void Pocket::remove(Pocketed& task) {
  if (!task.is_listed) return;
  task.is_listed = false;
  tasks_[task.place] = nullptr;
  left_.store(left_.load(std::memory_order_relaxed) + 1, std::memory_order_release);  // under the latch only
  if (--listed_ == 0) {
    tasks_.clear();
    left_over_.clear();
    first_ = 0;
    return;
  }
  while (!tasks_.back()) tasks_.pop_back();
  while (!tasks_[first_]) ++first_;
  while (!left_over_.empty() && left_over_.back() >= tasks_.size()) left_over_.pop_back();
}

void Pocket::go_away(Pocketed& task, const Hand& hand) {
  task.taken_by = &hand;
  task.place_of_taken = static_cast<std::uint32_t>(away_.size());
  away_.push_back(&task);
}

void Pocket::come_back(Pocketed& task) {
  if (!task.taken_by) return;
  task.taken_by = nullptr;
  away_[task.place_of_taken] = away_.back();
  away_.back()->place_of_taken = task.place_of_taken;
  away_.pop_back();
}

Pocket::Claimed Pocket::claim_input(Pocketed& task, std::size_t& at, PeerId runs_on) {
  const std::lock_guard hold(latch_);
  const std::size_t count = task.inputs.size();
  for (; at < 2 * count; ++at) {
    Pocketed& input = pocketed(task.inputs[at % count]);
    const Stage stage = input.stage;
    if (stage == Stage::done || (stage != Stage::waiting && at < count)) continue;
    input.is_claimed = true;
    Values none;
    const bool is_begun =
        input.input_count == 0 && stage == Stage::waiting && is_untold(input) && start(input, runs_on, none);
    return {task.inputs[at++ % count], is_begun};
  }
  return {};
}

// What has been told of may be cancelled, or computed again: only the scheduler knows what it is worth.
Pocket::Readiness Pocket::readiness(Pocketed& task) {
  for (std::uint32_t& i = task.ready_inputs; i < task.inputs.size(); ++i) {
    const Pocketed& input = pocketed(task.inputs[i]);
    if (!is_untold(input)) return Readiness::never;
    if (input.stage != Stage::done) return Readiness::not_yet;
  }
  return Readiness::ready;
}

bool Pocket::start(Pocketed& task, PeerId runs_on, Values& values) {
  if (!std::ranges::all_of(task.inputs, [](const FutureRef& input) { return is_untold(*input.get()); }))
    return false;
  // What is in no hand changes under the latch only.
  if (task.taken_by ? !begin_held(task) : task.stage.load(std::memory_order_relaxed) != Stage::waiting)
    return false;
  task.stage.store(Stage::running, std::memory_order_relaxed);
  remove(task);
  come_back(task);
  values.reserve(task.inputs.size());
  for (const FutureRef& input : task.inputs) values.push_back(input->value);
  task.runs_on = runs_on;
  return true;
}

// Its lines into the cache.
void Pocket::fetch(std::size_t place) const noexcept {
  constexpr std::size_t line = 64;
  const auto* const task = reinterpret_cast<const char*>(tasks_[place]);
  for (std::size_t at = 0; task && at < sizeof(Pocketed); at += line) __builtin_prefetch(task + at, 1);
}

bool Pocket::begin(Pocketed& task, PeerId runs_on, Values& values) {
  constexpr std::size_t ahead = 2;
  const std::lock_guard hold(latch_);
  if (task.is_listed && task.place + ahead < tasks_.size()) fetch(task.place + ahead);
  return is_untold(task) && readiness(task) == Readiness::ready && start(task, runs_on, values);
}

// It waits on, and whoever is first begins it.
bool Pocket::hold(Pocketed& task, PeerId runs_on, Hand& hand) {
  FutureRef future = another_reference(task);
  if (!future) return false;
  task.runs_on = runs_on;
  go_away(task, hand);
  hand.tasks.push_back(std::move(future));
  return true;
}

bool Pocket::take_one(Pocketed& task, PeerId runs_on, std::size_t most, Hand& hand) {
  if (task.is_claimed || task.stage != Stage::waiting) return false;
  if (most > 1 && task.input_count == 0 && !task.taken_by) return hold(task, runs_on, hand);
  const Readiness how = readiness(task);
  if (how == Readiness::not_yet) return false;
  FutureRef future = another_reference(task);
  if (!future) return false;
  if (how == Readiness::ready && start(task, runs_on, hand.values)) {
    go_away(task, hand);
    hand.is_begun = true;
  } else if (task.stage != Stage::waiting) {
    return false;
  }
  hand.tasks.push_back(std::move(future));
  return true;
}

void Pocket::take_beside(std::size_t place, PeerId runs_on, std::size_t most, Hand& hand) {
  const int depth = tasks_[place]->depth;
  const std::size_t end = place - std::min(place - first_, most - hand.tasks.size());
  for (std::size_t i = end; i < place; ++i) fetch(i);
  while (place > end) {
    Pocketed* const task = tasks_[--place];
    if (!task || task->depth != depth || task->input_count || task->is_claimed || task->taken_by ||
        task->stage != Stage::waiting || !hold(*task, runs_on, hand))
      return;
    taken_ = place;
  }
}

// Not all are looked at: of a long chain none can be begun, of many chains each first link. What others have
// in hand comes last. Of many short ones the newest are still in the cache of the thread that submits them.
void Pocket::take_any(PeerId runs_on, std::size_t most, Hand& hand) {
  constexpr std::size_t looks = 8, just_submitted = 64;
  const std::lock_guard hold(latch_);
  if (listed_ == 0) return;
  const std::size_t all = tasks_.size(), count = all - first_;
  most = std::min(most, (listed_ + 3) / 4);
  std::size_t lowest = all;
  while (!tasks_[lowest - 1] || tasks_[lowest - 1]->depth != tasks_[first_]->depth) --lowest;
  const std::size_t newest = most > 1 ? lowest - std::min(just_submitted, (lowest - first_) / 2) : lowest;
  bool also_held = false;
  const auto take = [&](std::size_t i) {
    if (i >= all || !tasks_[i] || (tasks_[i]->taken_by && !also_held)) return false;
    if (!take_one(*tasks_[i], runs_on, most, hand)) return false;
    taken_ = i;
    if (!hand.is_begun && tasks_[i]->taken_by == &hand) take_beside(i, runs_on, most, hand);
    return true;
  };
  const auto take_before = [&](std::size_t end) {
    for (std::size_t i = end; i > first_ && i + looks > end;)
      if (take(--i)) return true;
    return false;
  };
  const auto take_by_chance = [&] {
    for (std::size_t look = 0; look < looks; ++look) {
      chance_ = chance_ * 1664525U + 1013904223U;
      if (take(first_ + (std::uint64_t{chance_} * count >> 32))) return true;
    }
    return false;
  };
  const auto take_first = [&] {
    for (std::size_t look = 0; look < std::min(looks, count); ++look)
      if (take(first_ + look)) return true;
    return false;
  };
  const auto look = [&] {
    return take_before(newest) || take_before(std::min(taken_, lowest)) || take_first() || take_before(all) ||
           take_by_chance();
  };
  if (look() || away_.empty()) return;
  also_held = true;
  (void)look();
}

bool Pocket::leave_over(std::uint64_t order_of_parent) {
  if (deepest_ == below_all || is_empty()) return false;
  const std::lock_guard hold(latch_);
  deepest_ = below_all;
  std::size_t begin = tasks_.size();
  for (; begin > first_; --begin) {
    Pocketed* const task = tasks_[begin - 1];
    if (!task) continue;
    if (task->depth == below_all) break;
    task->depth = below_all;
    task->origin.ended(order_of_parent);
  }
  if (begin == tasks_.size()) return false;
  left_over_.push_back(begin);
  return true;
}

void Pocket::take_left(PeerId runs_on, std::size_t most, Hand& hand) {
  constexpr std::size_t most_looks = 64;
  const std::lock_guard hold(latch_);
  while (!left_over_.empty()) {
    std::size_t& begin = left_over_.back();
    while (begin < tasks_.size() && !tasks_[begin]) ++begin;
    if (begin < tasks_.size()) break;
    left_over_.pop_back();
  }
  if (left_over_.empty()) return;
  std::size_t at = left_over_.back();
  const std::size_t end = std::min(tasks_.size(), at + most_looks);
  const auto is_free = [&] { return at < end && tasks_[at] && !tasks_[at]->taken_by; };
  while (at < end && !(is_free() && take_one(*tasks_[at], runs_on, most, hand))) ++at;
  if (at == end || hand.is_begun) return;
  for (++at; hand.tasks.size() < most && is_free() && tasks_[at]->input_count == 0; ++at)
    if (!take_one(*tasks_[at], runs_on, most, hand)) return;
}

bool Pocket::keep(Pocketed& task) {
  const std::lock_guard hold(latch_);
  if (!is_untold(task) || task.taken_by || task.stage.load(std::memory_order_relaxed) != Stage::waiting)
    return false;
  if (std::exchange(task.is_kept, true)) return true;
  task.references.fetch_add(1, std::memory_order_relaxed);
  kept_.store(kept_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  return true;
}

FutureRef Pocket::let_go(Pocketed& task) {
  if (!std::exchange(task.is_kept, false)) return {};
  task.pocket.let_go_.fetch_add(1, std::memory_order_seq_cst);
  return FutureRef(&task);
}

void Pocket::put_down(Hand& hand) {
  {
    const std::lock_guard hold(latch_);
    for (const FutureRef& future : hand.tasks) {
      Pocketed& task = pocketed(future);
      if (task.taken_by != &hand) continue;  // told of, or taken by another
      come_back(task);
      if (task.stage != Stage::waiting) remove(task);
    }
  }
  hand.tasks.clear();  // what nobody wants any more is forgotten: that takes the latch
  hand.values.clear();
  hand.is_begun = false;
}

bool Pocket::end(Pocketed& task, task::Value& value, std::uint64_t bytes, float duration_s) {
  std::vector<FutureRef> inputs;  // let go of after the latch
  std::unique_lock hold(latch_, std::defer_lock);
  if (task.input_count) hold.lock();
  Stage runs = Stage::running;
  if (!task.stage.compare_exchange_strong(runs, Stage::ending, std::memory_order_acq_rel)) return false;
  if (task.input_count) inputs.swap(task.inputs);  // of one without, others look at them meanwhile
  task.value = std::move(value);
  task.bytes = bytes;
  task.duration_s = duration_s;
  task.has_value.store(true, std::memory_order_release);
  task.status.store(Status::finished, std::memory_order_release);
  task.stage.store(Stage::done, std::memory_order_release);
  return true;
}

// Of one that is still waiting or running nothing changes here any more without the scheduler.
Pocket::Left Pocket::leave(Pocketed& task, Stage stage) {
  const bool has_slot = task.taken_by && stage == Stage::running;
  remove(task);
  come_back(task);
  task.is_untold.store(false, std::memory_order_release);
  return {&task, stage, std::exchange(task.inputs, {}), has_slot};
}

namespace {

// How far it was; its thread learns of it when it ends.
Stage tell(Pocketed& task) {
  for (Stage stage = task.stage; stage != Stage::done;) {
    if (stage == Stage::ending) {
      std::this_thread::yield();
      stage = task.stage;
    } else if (task.stage.compare_exchange_weak(stage, Stage::told, std::memory_order_acq_rel)) {
      return stage;
    }
  }
  return Stage::done;
}

}  // namespace

std::optional<Pocket::Left> Pocket::take(Pocketed& task) {
  const std::lock_guard hold(latch_);
  if (!is_untold(task)) return std::nullopt;
  return leave(task, tell(task));
}

std::vector<Pocket::Left> Pocket::take_from(int depth) {
  std::vector<Left> left;
  const std::lock_guard hold(latch_);
  while (listed_ && tasks_.back()->depth >= depth) {
    Pocketed& last = *tasks_.back();
    Stage waits = Stage::waiting;
    if (last.stage.compare_exchange_strong(waits, Stage::told, std::memory_order_acq_rel))
      left.push_back(leave(last, Stage::waiting));
    else remove(last);  // begun in a hand
  }
  std::reverse(left.begin(), left.end());
  return left;
}

bool Pocket::has_from(int depth) {
  if (deepest_ < depth || is_empty()) return false;
  const std::lock_guard hold(latch_);
  deepest_ = listed_ == 0 ? below_all : tasks_.back()->depth;
  return deepest_ >= depth;
}

std::vector<Pocket::Left> Pocket::take_all() {
  std::vector<Left> left = take_from(below_all);
  const std::lock_guard hold(latch_);
  while (!away_.empty()) {
    Pocketed& last = *away_.back();
    const Stage stage = tell(last);
    if (stage == Stage::done) come_back(last);
    else left.push_back(leave(last, stage));
  }
  return left;
}

std::unordered_map<std::uint64_t, std::size_t> Pocket::by_function() {
  std::unordered_map<std::uint64_t, std::size_t> counts;
  const std::lock_guard hold(latch_);
  std::uint64_t last = 0;
  std::size_t* count = nullptr;
  for (const Pocketed* task : tasks_) {
    if (!task) continue;
    if (!count || task->function != last) count = &counts[last = task->function];
    ++*count;
  }
  return counts;
}

bool Pocket::forget(Pocketed& task) {
  if (task.stage.load(std::memory_order_acquire) == Stage::done) return task.is_untold;
  const std::lock_guard hold(latch_);
  if (!is_untold(task)) return false;
  remove(task);
  return true;
}

}  // namespace weir::detail::client
