// Boxes, polling and waiting.
#include "node/node.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <thread>

namespace weir::detail::node {

void Node::send_box(PeerId to) {
  comm::Frame frame;
  frame.head = std::exchange(boxes_[to], {});
  if (!frame.head.empty()) transport_.send(to, std::move(frame));
}

void Node::flush() {
  if (dirty_.empty()) return;
  std::vector<PeerId> held;
  for (const PeerId to : dirty_) {
    if (boxes_[to].empty()) continue;
    if (transport_.busy(to)) held.push_back(to);
    else send_box(to);
  }
  dirty_.swap(held);
}

void Node::flush_all(std::chrono::milliseconds most) {
  const auto deadline = Clock::now() + most;
  while (Clock::now() < deadline) {
    progress();
    if (dirty_.empty() && !transport_.sending()) return;
    sched_yield();
  }
}

bool Node::progress() {
  const auto now = Clock::now();
  last_poll_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  const bool moved = transport_.poll(*this);
  if (moved && sleepers_.load(std::memory_order_relaxed) > 0) transport_.wake();
  tick(now);
  flush();
  const bool life = std::exchange(heard_life_, false), work = std::exchange(heard_work_, false);
  return moved && (work || !life);
}

bool Node::drive() {
  if (!baton_.try_lock()) return false;
  Hold hold(*this, std::adopt_lock);
  return progress();
}

void Node::doze(std::chrono::nanoseconds idle) {
  sleepers_.fetch_add(1, std::memory_order_relaxed);
  // A yield costs as much as several polls, and is needed only by those who share the core.
  thread_local unsigned polls = 0;
  if (baton_.wanted() || (idle < patience_.spin && ++polls % 8 == 0)) sched_yield();
  else if (idle < patience_.spin) __builtin_ia32_pause();
  else if (idle < patience_.dozing) transport_.wait(patience_.doze);
  else transport_.wait(patience_.sleep);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

// Serves peers and heartbeats while everybody else computes; leaves the polling to them while they wait.
void Node::start_helper() {
  stop_ = false;
  helper_ = std::thread([this] {
    prctl(PR_SET_NAME, "weir helper");
    auto last = Clock::now();
    std::int64_t own_poll = 0;
    while (!stop_) {
      const auto now = Clock::now();
      const std::int64_t polled = last_poll_ns_.load(std::memory_order_relaxed);
      const bool others_poll = polled != own_poll && std::chrono::nanoseconds(now.time_since_epoch().count() -
                                                                              polled) < patience_.sleep * 2;
      if (others_poll && !futures_.callbacks_due()) {  // which executors, who poll, have no time for
        std::this_thread::sleep_for(patience_.sleep * 5);
        continue;
      }
      const bool moved = drive();
      own_poll = last_poll_ns_.load(std::memory_order_relaxed);
      if (moved) last = now;
      else
        transport_.wait(now - last < patience_.dozing ? std::chrono::nanoseconds(patience_.doze) * 4
                                                      : std::chrono::nanoseconds(patience_.sleep));
    }
  });
}

void Node::stop_helper() {
  stop_ = true;
  if (helper_.joinable()) {
    transport_.wake();
    helper_.join();
  }
}

}  // namespace weir::detail::node
