// Tasks that nobody wants any more, and tasks whose time is over.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/log.hpp"
#include "node/worker.hpp"
#include "weir/duration.hpp"

namespace weir::detail::node {

void WorkerNode::begin_limit(const worker::Execution& task, Clock::time_point start) {
  const std::lock_guard hold(limits_mutex_);
  const std::chrono::nanoseconds limit(task.limit_ns);
  limited_.push_back({task.id, task.run, limit, start + limit, task.out_of_band});
  if (task.gang) limited_.back().gang.emplace(task.gang->leader, task.gang->run);
  limited_count_ = limited_.size();
}

// Whether it had been given up: nobody waits for what it brings, and its thread was replaced.
bool WorkerNode::end_limit(const worker::Execution& task) {
  const std::lock_guard hold(limits_mutex_);
  const auto at = std::find_if(limited_.begin(), limited_.end(), [&](const Limited& limited) {
    return limited.id == task.id && limited.run == task.run;
  });
  if (at == limited_.end()) return false;
  const Limited was = *at;
  limited_.erase(at);
  limited_count_ = limited_.size();
  if (was.is_given_up && !was.out_of_band) --seceded_;
  return was.is_given_up;
}

// A rank that waits for others of its gang leaves at its limit, and only who is stuck is given up.
void WorkerNode::enforce_limits(Clock::time_point now) {
  std::vector<Limited> over;
  {
    const std::lock_guard hold(limits_mutex_);
    for (Limited& task : limited_) {
      if (task.gang && now > task.deadline) {
        gangs_.fail(*std::exchange(task.gang, std::nullopt),
                    "its time limit of " + to_string(task.limit) + " is over");
        wake();
      }
      if (!task.is_given_up && now > task.deadline + settings_.stop_grace) {
        task.is_given_up = true;
        over.push_back(task);
      }
    }
  }
  for (const Limited& task : over) give_up(task);
}

// What does not stop by itself is ended with its process, which a cluster replaces or does without. A thread
// cannot be ended: it is left to itself, and another takes its place.
void WorkerNode::give_up(const Limited& task) {
  worker::Outcome outcome;
  outcome.id = task.id;
  auto failure = std::make_shared<Failure>();
  failure->kind = ErrorKind::timeout;
  failure->message = "it was not done within its time limit of " + to_string(task.limit) +
                     ", and did not stop at weir::cancelled() within " + to_string(settings_.stop_grace) +
                     (settings_.own_process ? "; its worker is ended" : "; its thread is left to itself");
  outcome.failure = failure;
  state_.done(std::move(outcome), actions_);
  perform();
  if (settings_.own_process) {
    log::warn("a task does not stop {} after its time limit of {}; this worker ends with it",
              to_string(settings_.stop_grace), to_string(task.limit));
    for (std::size_t slot = 0; slot < BlackBox::slots; ++slot) black_box_.slot(slot).store(0);  // no blame
    flush_all(std::chrono::milliseconds(500));
    kill(getpid(), SIGKILL);
  }
  log::warn("a task does not stop {} after its time limit of {}; its thread is left to itself",
            to_string(settings_.stop_grace), to_string(task.limit));
  if (task.out_of_band) return;
  end_lending_if([&](const LentSlot& lent) { return lent.id == task.id; });
  for (Running& running : running_)
    if (running.owner == task.id) running.owner = 0;
  ++seceded_;
  if (alive_ - seceded_ < settings_.threads) add_thread();
}

void WorkerNode::note_unwanted(TaskId id, std::uint32_t run) {
  const worker::Record* record = state_.record(id);
  if (!record || record->state != worker::Record::Run::executing || record->run != run) return;
  {
    const std::lock_guard hold(limits_mutex_);
    unwanted_.push_back(id);
    unwanted_count_ = unwanted_.size();
  }
  settings_.scheduler ? settings_.scheduler->call_waiting(id) : call_waiting(id);
}

void WorkerNode::forget_unwanted(TaskId id) {
  const std::lock_guard hold(limits_mutex_);
  std::erase(unwanted_, id);
  unwanted_count_ = unwanted_.size();
}

bool WorkerNode::is_unwanted(TaskId id) {
  if (closing_) return true;
  if (!unwanted_count_.load(std::memory_order_relaxed)) return false;
  const std::lock_guard hold(limits_mutex_);
  return std::find(unwanted_.begin(), unwanted_.end(), id) != unwanted_.end();
}

}  // namespace weir::detail::node
