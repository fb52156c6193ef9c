// Results that a worker writes to disk, on a thread of its own.
#include <sys/prctl.h>
#include <thread>

#include "core/log.hpp"
#include "core/thrown.hpp"
#include "memory/pool.hpp"
#include "node/worker.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::node {

void WorkerNode::wake_spiller() {
  if (closing_) return;
  if (spiller_.joinable()) return spill_work_.notify_one();
  log::info("the results take {} of {}; those that have not been used for longest go to a file in {}",
            to_text(state_.bytes()), to_text(settings_.memory.limit), settings_.spill_folder);
  spiller_ = std::thread([this] { spill_loop(); });
}

void WorkerNode::tell_memory() {
  const protocol::MemoryUse now = state_.memory();
  if (now == memory_told_) return;
  memory_told_ = now;
  post(0, now);
}

void WorkerNode::spill_loop() {
  prctl(PR_SET_NAME, "weir spill");
  // Whoever spills lives at the limit of its memory: what has left it must not stay in the heap.
  constexpr auto trim_every = std::chrono::milliseconds(200);
  auto trimmed = Clock::now();
  std::unique_lock hold(baton_);
  while (!closing_) {
    worker::Spill next;
    const bool found = state_.next_spill(next, actions_);
    perform();
    if (found) spill(std::move(next), hold);
    else spill_work_.wait_for(hold, trim_every);
    if (const auto now = Clock::now(); now - trimmed >= trim_every) {
      trimmed = now;
      hold.unlock();
      memory::release_beyond(settings_.memory.spill_at());
      memory::trim_small(settings_.memory.spill_at());
      hold.lock();
    }
  }
}

// Writes without the baton: tasks run and messages are answered meanwhile.
void WorkerNode::spill(worker::Spill&& spill, std::unique_lock<Baton>& hold) {
  hold.unlock();
  task::Value on_disk;
  std::string problem;
  bool because_of_disk = false;
  Packed packed;
  try {
    packed = spill.value.pack();
    because_of_disk = true;
    on_disk = task::Value::from_store(spill.value.ops(), spill_file_->write(packed));
  } catch (...) {
    problem = current_thrown().text();
  }
  packed = {};
  hold.lock();
  if (problem.empty()) {
    state_.spilled(std::move(spill), std::move(on_disk), actions_);
  } else {
    if (because_of_disk) {
      disk_tried_ = Clock::now();
      log::warn("a result cannot be put to disk: {}", problem);
    }
    state_.spill_failed(std::move(spill), because_of_disk, problem, actions_);
  }
  perform();
  tell_memory();
  flush();
  call_one();
}

}  // namespace weir::detail::node
