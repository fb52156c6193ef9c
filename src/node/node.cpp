// Boxes, polling and waiting.
#include "node/node.hpp"

#include <sched.h>
#include <sys/prctl.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "weir/detail/task/address.hpp"

namespace weir::detail::node {

void Node::send_box(PeerId to) {
  Box& box = boxes_[to];
  if (box.bytes.empty()) return;
  const bool is_urgent = std::exchange(box.is_urgent, false);
  box.is_due = false;
  if (transport_.send_now(to, box.bytes.bytes(), is_urgent)) return box.bytes.clear();
  comm::Frame frame;
  frame.head = std::exchange(box.bytes, {});
  frame.is_urgent = is_urgent;
  transport_.send(to, std::move(frame));
}

void Node::flush() {
  for (const PeerId to : late_) {
    Box& box = boxes_[to];
    box.is_listed = false;
    if (!box.bytes.empty()) make_due(to, box);
  }
  late_.clear();
  flush_due();
}

void Node::flush_due() {
  std::erase_if(dirty_, [&](PeerId to) {
    const bool is_held = !boxes_[to].bytes.empty() && transport_.busy(to);
    if (!is_held) send_box(to);
    return !is_held;
  });
}

void Node::flush_all(std::chrono::milliseconds most) {
  const auto deadline = Clock::now() + most;
  while (Clock::now() < deadline) {
    progress();
    if (dirty_.empty() && !transport_.sending()) return;
    sched_yield();
  }
}

task::Value Node::unpacked(protocol::SmallResult& message) {
  Packed packed;
  packed.head = std::move(message.packed);
  return task::Value::from_packed(static_cast<const task::TypeOps*>(task::local_address(message.type)),
                                  std::move(packed));
}

bool Node::progress() {
  const auto now = Clock::now();
  last_poll_ns_.store(now.time_since_epoch().count(), std::memory_order_seq_cst);
  const bool moved = transport_.poll(*this);
  if (moved) wake();
  moved ? flush_due() : flush();
  const bool is_first = !std::exchange(has_moved_, moved);
  tick(now, moved && is_first);  // what has come may be a task, which begins before anybody looks around
  moved ? flush_due() : flush();
  const bool life = std::exchange(heard_life_, false), work = std::exchange(heard_work_, false);
  if (!moved || (life && !work)) return false;
  last_moved_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
  return true;
}

bool Node::drive() {
  if (!baton_.try_lock()) return false;
  Hold hold(*this, std::adopt_lock);
  return progress();
}

bool Node::drive_for_another(std::chrono::nanoseconds patience) {
  if (!transport_.has_mail()) return false;
  const std::int64_t now_ns = Clock::now().time_since_epoch().count();
  if (now_ns - last_poll_ns_.load(std::memory_order_relaxed) < patience.count() || !baton_.try_lock())
    return false;
  const bool moved = progress();
  const bool is_due = futures_.callbacks_due();
  baton_.unlock();
  if (is_due) {
    transport_.wake();
    helper_bell_.ring();
  }
  return moved;
}

// --- waiting

// A yield costs as much as several polls, and is needed only by those who share the core.
void Node::Rest::spin() {
  if (++spins_ % 8 != 0) return __builtin_ia32_pause();
  if (node_.crowd_.yield()) leave_if_shared();
}

// Where nobody else is nobody need sleep.
void Node::Rest::leave_if_shared() {
  if (whereabouts_.leave_if_shared()) node_.crowd_.forget();
}

std::chrono::nanoseconds Node::Rest::patience(std::chrono::nanoseconds idle) const {
  const Patience& patience = node_.patience_;
  if (node_.transport_.rings()) {  // what no message tells of comes late by a fraction
    if (idle > std::chrono::seconds(1)) return node_.silent_.load(std::memory_order_relaxed);
    return std::clamp<std::chrono::nanoseconds>(idle / 4, patience.look, patience.sleep);
  }
  if (idle < patience.dozing) {
    const auto later = std::clamp<std::chrono::nanoseconds>(idle / 4, patience.doze, patience.look);
    return node_.transport_.is_being_heard() ? later : patience.doze;
  }
  return idle < std::chrono::seconds(5) ? std::chrono::nanoseconds(patience.look) : patience.rare;
}

void Node::Rest::get_up() {
  whereabouts_.note_awake();
  if (!is_down_) return;
  node_.transport_.get_up();
  node_.resting_.fetch_sub(1, std::memory_order_seq_cst);
  is_down_ = false;
}

void Node::Rest::operator()(std::chrono::nanoseconds idle, std::chrono::nanoseconds most) {
  constexpr auto briefly = std::chrono::microseconds(20);
  if (node_.baton_.wanted()) sched_yield();
  if (!is_down_) {
    if (idle < node_.patience_.spin) {
      if (const std::chrono::nanoseconds pause = node_.nap(); pause.count() > 0) {
        whereabouts_.note_asleep();
        std::this_thread::sleep_for(std::min(pause, most));
        whereabouts_.note_awake();
        return;
      }
      if (idle > briefly) whereabouts_.note_asleep();  // it gives way to whoever computes
      if (!node_.crowd_.is_there()) return spin();
    }
    node_.resting_.fetch_add(1, std::memory_order_relaxed);
    since_ = node_.transport_.lie_down();
    polled_ = node_.last_poll_ns_.load(std::memory_order_seq_cst);
    is_down_ = true;
    return;  // and polls once more
  }
  // Whoever holds the baton may have polled before this thread lay down, and not do so again.
  const bool is_polled = node_.last_poll_ns_.load(std::memory_order_seq_cst) != polled_;
  whereabouts_.note_asleep();
  node_.transport_.sleep(since_, std::min(is_polled ? patience(idle) : node_.patience_.doze, most));
  leave_if_shared();  // the processor may be that of whoever has woken this thread
  has_slept_ = true;
  get_up();
}

// Serves peers and heartbeats while everybody else computes; leaves the polling to them while they wait.
void Node::start_helper() {
  stop_ = false;
  helper_ = std::thread([this] {
    prctl(PR_SET_NAME, "weir helper");
    constexpr auto pause = std::chrono::milliseconds(10), long_pause = std::chrono::milliseconds(250);
    constexpr std::chrono::nanoseconds silence = std::chrono::seconds(1);
    auto last = Clock::now();
    std::int64_t own_poll = 0;
    Whereabouts nowhere(transport_);  // this thread takes no part
    std::optional<Rest> rest;
    while (!stop_) {
      const std::uint32_t since = helper_bell_.lie_down();
      const auto now = Clock::now();
      const std::int64_t now_ns = now.time_since_epoch().count();
      const std::int64_t polled = last_poll_ns_.load(std::memory_order_relaxed);
      // As long as there is something to do, whoever rests is soon up again, and does not stop for this
      // thread.
      const bool is_silent = now_ns - last_moved_ns_.load(std::memory_order_relaxed) > silence.count();
      helper_sleeps_long_.store(is_silent, std::memory_order_seq_cst);
      const int others = resting_.load(std::memory_order_seq_cst) - (rest && rest->is_down());
      const bool others_poll =
          others > 0 || (polled != own_poll && std::chrono::nanoseconds(now_ns - polled) < pause / 2);
      if (others_poll && !futures_.callbacks_due()) {  // which executors, who poll, have no time for
        rest.reset();
        helper_bell_.sleep(since, is_silent && others > 0 ? long_pause : pause);
        helper_bell_.get_up();
        last = Clock::now();
        continue;
      }
      helper_bell_.get_up();
      if (!rest) rest.emplace(*this, nowhere);
      const bool moved = drive();
      own_poll = last_poll_ns_.load(std::memory_order_relaxed);
      if (moved) rest->get_up(), last = now;
      else (*rest)(std::max<std::chrono::nanoseconds>(now - last, patience_.spin));
    }
  });
}

void Node::stop_helper() {
  stop_ = true;
  if (helper_.joinable()) {
    transport_.wake();
    helper_bell_.ring();
    helper_.join();
  }
}

}  // namespace weir::detail::node
