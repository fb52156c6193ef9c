// Alarm: from a timer of the loop into the domain of a node.
#include "weir/detail/stream/graph/timed_node.hpp"

namespace weir::detail::stream {

void Alarm::attach(EventLoop loop) {
  timer_ = std::make_unique<Timer>(std::move(loop), [this] { rang(); });
}

// To arm a timer costs more than most kernels: one that is set too early rings in vain, and is set anew then.
// By a manual clock nothing rings in vain: whoever waits moves the time from ring to ring.
void Alarm::set(std::optional<Time> due) {
  due_ = due;
  if (due == armed_ || !timer_) return;
  if (due && armed_ && *armed_ < *due && !timer_->loop().is_manual()) return;
  armed_ = due;
  if (due) timer_->arm(*due);
  else timer_->disarm();
}

void Alarm::look_again() {
  if (timer_) timer_->arm(timer_->loop().now());
}

void Alarm::rang() {
  Frame frame(node_);
  armed_.reset();
  if (due_ && now() < *due_) return set(due_);
  if (node_.closed_gate()) {  // what is below has no room: look again when something changes
    node_.wake_when_opened([this] { look_again(); });
    if (!node_.closed_gate()) look_again();
    return;
  }
  ring_();
  if (const auto error = frame.finish_quietly()) node_.graph().report(error);
}

}  // namespace weir::detail::stream
