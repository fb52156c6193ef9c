// Slots of tasks that wait for threads of their own, which wait for other tasks.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "core/descriptor.hpp"
#include "node/scheduler.hpp"
#include "node/worker.hpp"

namespace weir::detail::node {

namespace {

// Where a thread of this process waits for another one: the system call and what it was given. Empty: it
// runs, waits for something else, or cannot be looked at.
std::string wait_of_thread(int thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/syscall";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[256];
  const ssize_t size = file.get() < 0 ? -1 : ::read(file.get(), text, sizeof text);
  std::string line(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return line.starts_with(std::to_string(SYS_futex) + " ") ? line : std::string();
}

}  // namespace

// Two looks find it in the same wait.
bool WorkerNode::has_stuck() {
  constexpr auto every = std::chrono::milliseconds(20);
  const Hold hold(*this);
  const auto now = Clock::now();
  if (closing_ || (state_.has_slot() && !state_.has_ready()) || now - stuck_looked_ < every) return false;
  stuck_looked_ = now;
  bool has = false;
  for (std::size_t slot = 0; slot < std::min(slots_.size(), running_.size()); ++slot) {
    Running& running = running_[slot];
    const TaskId owner = running.owner;
    if (owner == 0 || has_lent(slot)) continue;
    std::string wait = wait_of_thread(running.thread);
    running.stuck = wait.empty() || wait != running.wait ? 0 : owner;
    running.wait = std::move(wait);
    has |= running.stuck != 0;
  }
  return has;
}

// Another thread takes their place, until they go on.
void WorkerNode::lend_stuck() {
  const Hold hold(*this);
  if (closing_) return;
  for (std::size_t slot = 0; slot < std::min(slots_.size(), running_.size()); ++slot) {
    const Running& running = running_[slot];
    LentSlot lent{slot, running.owner, running.run, running.is_programs};
    if (lent.id == 0 || lent.id != running.stuck || has_lent(slot)) continue;
    if (const worker::Record* record = state_.record(lent.id)) lent.grant = record->wished().grant;
    lent_.push_back(lent);
    state_.secede(lent.id, lent.run, lent.grant.get(), actions_);
    seceded_ += !lent.is_programs;
    if (alive_ - seceded_ < settings_.threads) add_thread();
  }
  lent_for_ = lent_.empty() ? 0 : lent_.back().id;
  perform();
  flush();
}

bool WorkerNode::has_lent(std::size_t slot) const {
  return std::ranges::any_of(lent_, [&](const LentSlot& lent) { return lent.slot == slot; });
}

void WorkerNode::end_lending(const LentSlot& lent) {
  state_.rejoin(lent.id, lent.run, lent.grant.get(), actions_);
  perform();
  seceded_ -= !lent.is_programs;
  work_.notify_all();
}

void WorkerNode::end_lending(std::size_t slot) {
  end_lending_if([&](const LentSlot& lent) { return lent.slot == slot; });
}

void WorkerNode::look_after_lent() {
  end_lending_if([&](const LentSlot& lent) {
    const Running& running = running_[lent.slot];
    return running.owner != lent.id || wait_of_thread(running.thread).empty();
  });
}

void SchedulerNode::look_for_stuck() {
  for (const auto& here : here_)
    if (const auto worker = here.lock(); worker && worker->has_stuck()) {
      tell_all_pockets();  // a slot is given away of a task that the scheduler knows
      worker->lend_stuck();
    }
}

TaskId SchedulerNode::on_behalf() const {
  if (is_body()) return 0;
  for (const auto& here : here_)
    if (const auto worker = here.lock())
      if (const TaskId id = worker->on_behalf()) return id;
  return 0;
}

}  // namespace weir::detail::node
