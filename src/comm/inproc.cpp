// Mailboxes of the in-process transport.
#include "comm/inproc.hpp"

#include <algorithm>

namespace weir::detail::comm {

std::shared_ptr<Hub::Box> Hub::box(PeerId peer) {
  auto& found = boxes_[peer];
  if (!found) found = std::make_shared<Box>();
  return found;
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
  const auto is_dead = [&](PeerId peer) {
    return std::find(hub_->dead_.begin(), hub_->dead_.end(), peer) != hub_->dead_.end();
  };
  if (is_dead(to) || is_dead(self_)) return;
  const std::uint32_t delay =
      hub_->weather_.most_delay_polls
          ? static_cast<std::uint32_t>(hub_->random_() % (hub_->weather_.most_delay_polls + 1))
          : 0;
  const auto box = hub_->box(to);
  box->letters.push_back({self_, delay, std::move(frame)});
  ++box->count;
  if (box->owner) box->owner->wake();
}

bool InprocTransport::poll(Receiver& receiver) {
  if (box_->count == 0) return false;
  std::vector<Hub::Letter> arrived;
  {
    std::lock_guard hold(hub_->mutex_);
    std::vector<PeerId> held;  // a delayed frame holds back the later ones of its sender
    std::deque<Hub::Letter> rest;
    for (Hub::Letter& letter : box_->letters) {
      const bool behind = std::find(held.begin(), held.end(), letter.from) != held.end();
      if (!behind && letter.delay == 0) {
        arrived.push_back(std::move(letter));
        continue;
      }
      if (letter.delay) --letter.delay;
      if (!behind) held.push_back(letter.from);
      rest.push_back(std::move(letter));
    }
    box_->letters = std::move(rest);
    box_->count = box_->letters.size();
  }
  for (Hub::Letter& letter : arrived) receiver.receive(letter.from, std::move(letter.frame));
  return true;
}

}  // namespace weir::detail::comm
