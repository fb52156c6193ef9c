// What is in a pocket, and how it leaves it.
#include "client/pocket.hpp"

#include <algorithm>
#include <mutex>

namespace weir::detail::client {

using Stage = Pocketed::Stage;

bool Pocket::put(Pocketed& task) {
  const std::lock_guard hold(latch_);
  task.place = tasks_.size();
  tasks_.push_back(&task);
  return count_.fetch_add(1, std::memory_order_seq_cst) == 0;
}

void Pocket::remove(Pocketed& task) {
  tasks_[task.place] = nullptr;
  if (count_.fetch_sub(1, std::memory_order_release) == 1) {
    tasks_.clear();
    first_ = 0;
    return;
  }
  while (!tasks_.back()) tasks_.pop_back();
  while (!tasks_[first_]) ++first_;
}

bool Pocket::begin(Pocketed& task, PeerId runs_on) {
  const std::lock_guard hold(latch_);
  if (!task.is_untold.load(std::memory_order_relaxed) || task.stage != Stage::waiting) return false;
  remove(task);
  task.runs_on = runs_on;
  task.stage.store(Stage::running, std::memory_order_relaxed);
  return true;
}

bool Pocket::end(Pocketed& task, task::Value& value, std::uint64_t bytes, float duration_s) {
  const std::lock_guard hold(latch_);
  if (!task.is_untold.load(std::memory_order_relaxed)) return false;
  task.value = std::move(value);
  task.bytes = bytes;
  task.duration_s = duration_s;
  task.stage.store(Stage::done, std::memory_order_relaxed);
  task.has_value.store(true, std::memory_order_release);
  task.status.store(Status::finished, std::memory_order_release);
  return true;
}

std::optional<Stage> Pocket::take(Pocketed& task) {
  const std::lock_guard hold(latch_);
  if (!task.is_untold.load(std::memory_order_relaxed)) return std::nullopt;
  if (task.stage == Stage::waiting) remove(task);
  task.is_untold.store(false, std::memory_order_release);
  return task.stage;
}

void Pocket::tell(Pocketed& task, std::vector<Pocketed*>& told) {
  remove(task);
  task.is_untold.store(false, std::memory_order_release);
  told.push_back(&task);
}

std::vector<Pocketed*> Pocket::take_from(int depth) {
  std::vector<Pocketed*> told;
  const std::lock_guard hold(latch_);
  while (!is_empty() && tasks_.back()->depth >= depth) tell(*tasks_.back(), told);
  std::reverse(told.begin(), told.end());
  return told;
}

std::vector<Pocketed*> Pocket::take_half(std::size_t most) {
  std::vector<Pocketed*> told;
  const std::lock_guard hold(latch_);
  if (is_empty()) return told;
  std::size_t end = tasks_.size();
  while (!tasks_[end - 1] || tasks_[end - 1]->depth != tasks_[first_]->depth) --end;
  std::vector<Pocketed*> newest;  // first, and no more of them than it takes to know the half
  for (std::size_t i = end; i-- > first_ && newest.size() < 2 * most;)
    if (tasks_[i]) newest.push_back(tasks_[i]);
  for (std::size_t i = (newest.size() + 1) / 2; i-- > 0;) tell(*newest[i], told);
  return told;
}

bool Pocket::forget(Pocketed& task) {
  if (task.stage.load(std::memory_order_acquire) == Stage::done) return task.is_untold;
  const std::lock_guard hold(latch_);
  if (!task.is_untold.load(std::memory_order_relaxed)) return false;
  remove(task);
  return true;
}

}  // namespace weir::detail::client
