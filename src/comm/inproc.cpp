// Mailboxes of the in-process transport.
#include "comm/inproc.hpp"

#include <algorithm>

namespace weir::detail::comm {

std::shared_ptr<Hub::Box>& Hub::box(PeerId peer) {
  if (peer >= boxes_.size()) boxes_.resize(peer + 1);
  if (!boxes_[peer]) boxes_[peer] = std::make_shared<Box>();
  return boxes_[peer];
}

bool Hub::is_dead(PeerId peer) const noexcept {
  return std::find(dead_.begin(), dead_.end(), peer) != dead_.end();
}

// What this poll of their receiver delivers; the others come one poll closer.
std::vector<Hub::Letter> Hub::take_due(std::vector<Letter>& letters) const {
  std::vector<Letter> due;
  if (weather_.most_delay_polls == 0) {
    due.swap(letters);
    return due;
  }
  std::vector<PeerId> held;  // a delayed frame holds back the later ones of its sender
  std::vector<Letter> rest;
  for (Letter& letter : letters) {
    const bool behind = std::find(held.begin(), held.end(), letter.from) != held.end();
    if (!behind && letter.delay == 0) {
      due.push_back(std::move(letter));
      continue;
    }
    if (letter.delay) --letter.delay;
    if (!behind) held.push_back(letter.from);
    rest.push_back(std::move(letter));
  }
  letters = std::move(rest);
  return due;
}

void Hub::kill(PeerId peer) {
  std::lock_guard hold(mutex_);
  dead_.push_back(peer);
  const auto gone = box(peer);
  gone->letters.clear();
  gone->count = 0;
}

InprocTransport::InprocTransport(std::shared_ptr<Hub> hub, PeerId self) : hub_(std::move(hub)), self_(self) {
  std::lock_guard hold(hub_->mutex_);
  box_ = hub_->box(self);
  box_->owner = this;
}

InprocTransport::~InprocTransport() {
  std::lock_guard hold(hub_->mutex_);
  box_->owner = nullptr;
}

void InprocTransport::send(PeerId to, Frame frame) {
  std::lock_guard hold(hub_->mutex_);
  if (hub_->is_dead(to) || hub_->is_dead(self_)) return;
  const std::uint32_t delay =
      hub_->weather_.most_delay_polls
          ? static_cast<std::uint32_t>(hub_->random_() % (hub_->weather_.most_delay_polls + 1))
          : 0;
  Hub::Box& box = *hub_->box(to);
  const bool is_urgent = frame.is_urgent;
  box.letters.push_back({self_, delay, std::move(frame)});
  ++box.count;
  if (box.owner && is_urgent) box.owner->wake();
}

bool InprocTransport::poll(Receiver& receiver) {
  if (box_->count == 0) return false;
  std::vector<Hub::Letter> arrived;
  {
    std::lock_guard hold(hub_->mutex_);
    arrived = hub_->take_due(box_->letters);
    box_->count = box_->letters.size();
  }
  for (Hub::Letter& letter : arrived) receiver.receive(letter.from, std::move(letter.frame));
  return true;
}

}  // namespace weir::detail::comm
