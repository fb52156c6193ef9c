// What ranks of gangs say to each other, and what is said of them.
#include <algorithm>

#include "node/worker.hpp"
#include "weir/gang.hpp"

namespace weir::detail::node {

namespace {

// How long a rank of a gang waits until it asks whether what it waits for can come, and then again.
constexpr std::chrono::nanoseconds first_question = std::chrono::milliseconds(50);
constexpr std::chrono::nanoseconds last_question = std::chrono::seconds(2);

}  // namespace

template <class Message>
void WorkerNode::tell_rank(PeerId peer, Message&& message) {
  if (peer == self_) {
    on(peer, std::forward<Message>(message));
    return wake();
  }
  post(peer, message);
  flush();
}

void WorkerNode::to_rank(const protocol::GangRun& gang, std::uint32_t to, const protocol::GangStep& step,
                         Buffer&& bytes) {
  Hold hold(*this);
  gangs_.check({gang.leader, gang.run}, gang.rank);
  gangs_.sent({gang.leader, gang.run}, gang.rank, to, step);
  tell_rank(gang.peers[to], protocol::GangData{gang.leader, gang.run, gang.rank, to, step, std::move(bytes)});
}

// Whoever waits drives the node, as in `Node::wait_until`; its thread stays its own.
Buffer WorkerNode::from_rank(const protocol::GangRun& gang, std::uint32_t from,
                             const protocol::GangStep& step) {
  const GangBox::Attempt attempt{gang.leader, gang.run};
  Rest rest(*this);
  auto now = Clock::now(), last = now;
  std::chrono::nanoseconds patience = first_question;
  auto ask_at = now + patience;
  for (bool is_first = true;; is_first = false) {
    bool moved = false;
    {
      Hold hold(*this);
      if (is_first) gangs_.await(gang, from, step);
      if (auto bytes = gangs_.take(attempt, from, gang.rank, step)) return std::move(*bytes);
      gangs_.check(attempt, gang.rank);
      if (closing_) throw GangError("the gang has failed: the cluster has ended");
      if (now >= ask_at) {
        tell_rank(gang.peers[from], gangs_.question(attempt, gang.rank));
        ask_at = now + (patience = std::min(2 * patience, last_question));
      }
      moved = progress();
    }
    now = Clock::now();
    if (moved) rest.get_up(), last = now;
    else rest(now - last);
  }
}

void WorkerNode::on(PeerId from, protocol::GangData&& message) {
  if (auto stuck = gangs_.put(std::move(message))) tell_rank(from, std::move(*stuck));
}

void WorkerNode::on(PeerId from, protocol::GangAsk&& message) {
  auto found = gangs_.asked(message);
  // It is the one asked where a circle closes, otherwise the last that waits: that one's process has asked.
  if (found.stuck) tell_rank(found.stuck->to == message.to ? self_ : from, std::move(*found.stuck));
  else if (found.next) tell_rank(*found.next, std::move(message));
}

void WorkerNode::on(PeerId, protocol::GangStuck&& message) { gangs_.stuck(message); }

void WorkerNode::on(PeerId, protocol::GangBroken&& message) {
  gangs_.fail({message.leader, message.attempt}, message.reason);
  state_.handle(message, actions_);
}

}  // namespace weir::detail::node
