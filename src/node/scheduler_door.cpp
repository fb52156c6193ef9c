// Workers of other jobs: the door they come in by, how they find each other, how they leave.
#include <algorithm>

#include "core/log.hpp"
#include "node/scheduler.hpp"

namespace weir::detail::node {

comm::Door SchedulerNode::open_door(const std::string& network) {
  Hold hold(*this);
  comm::Door door = transport_.listen(network);
  ++doors_;
  enter_network();
  return door;
}

comm::Door SchedulerNode::open_door_for_guests(const std::string& network) {
  Hold hold(*this);
  comm::Door door = transport_.listen(network);
  enter_network();
  return door;
}

void SchedulerNode::enter_network() {
  if (!std::exchange(has_entered_, true))
    for (PeerId id = 1; id < peers_.size(); ++id)
      if (peers_[id].joined && !peers_[id].dead && peers_[id].contact.empty())
        post(id, protocol::EnterNetwork{transport_.invitation()});
  flush();
}

// What it has published, holds and waits for goes with it; nobody else is harmed.
void SchedulerNode::lose_guest(PeerId id, const std::string& how) {
  log::info("client {} {}", id, how);
  peer(id).dead = true;
  transport_.forget(id);
  state_.lose_client(now_s_, id, actions_);
  perform();
  tell_gone(id);
}

void SchedulerNode::close_door() {
  Hold hold(*this);
  --doors_;
  give_up_if_hopeless();
}

void SchedulerNode::tell_contact(PeerId asker, PeerId of) {
  if (of >= peers_.size() || !peers_[of].joined || peers_[of].dead)
    return post(asker, protocol::PeersGone{{of}});
  if (peers_[of].contact.empty()) peers_[of].looking.push_back(asker);
  else post(asker, protocol::PeerAddress{of, peers_[of].contact});
}

// --- retiring

void SchedulerNode::dismiss(const std::string& job, std::chrono::nanoseconds patience) {
  Hold hold(*this);
  dismissed_.insert(job);
  for (PeerId id = 1; id < peers_.size(); ++id)
    if (peers_[id].job == job) begin_retiring(id, Clock::now() + patience);
  go_on_retiring(Clock::now());
  flush();
}

std::vector<PeerId> SchedulerNode::workers_of(const std::string& job) {
  Hold hold(*this);
  std::vector<PeerId> workers;
  for (PeerId id = 1; id < peers_.size(); ++id)
    if (peers_[id].joined && peers_[id].job == job) workers.push_back(id);
  return workers;
}

void SchedulerNode::forgive(const std::vector<PeerId>& workers) {
  Hold hold(*this);
  state_.forgive(workers);
}

bool SchedulerNode::leave_in_order(const std::vector<PeerId>& workers) {
  Hold hold(*this);
  return std::all_of(workers.begin(), workers.end(),
                     [&](PeerId worker) { return state_.is_leaving(worker); });
}

void SchedulerNode::begin_retiring(PeerId worker, Clock::time_point by) {
  if (worker >= peers_.size() || !peers_[worker].joined || peers_[worker].dead) return;
  if (!peers_[worker].retire_by) ++retiring_;
  peers_[worker].retire_by = by;
  state_.retire(now_s_, worker, actions_);
  perform();
}

void SchedulerNode::go_on_retiring(Clock::time_point now) {
  for (PeerId id = 1; id < peers_.size(); ++id) {
    if (!peers_[id].retire_by) continue;
    const bool gone = peers_[id].dead;
    const bool no_successor = state_.place_data() == 0;
    const bool empty =
        !gone &&
        (state_.retired(id) || (no_successor && !peers_[id].waits_for_successor && state_.backlog(id) == 0));
    if (!gone && !empty && now < *peers_[id].retire_by) continue;
    peers_[id].retire_by.reset();
    --retiring_;
    if (!gone) let_go(id);
  }
}

void SchedulerNode::let_go(PeerId worker) {
  peer(worker).leaving = true;
  post(worker, protocol::Shutdown{false});
  flush();
  peer(worker).dead = true;
  ++lost_;
  lost_own_ += worker < settings_.own_peers;
  log::debug("{} was retired", state_.name_of(worker));
  state_.lose(now_s_, worker, {}, "was retired", actions_);
  perform();
  tell_gone(worker);
  post(worker, protocol::GoodBye{true});
  flush();
  give_up_if_hopeless();
}

}  // namespace weir::detail::node
