// Things that are shared by name: who asks waits for the answer of rank 0.
#include "client/pins.hpp"
#include "node/node.hpp"

namespace weir::detail::node {

protocol::Answer Node::ask(protocol::Ask ask, client::Deadline deadline) {
  const auto pending = std::make_shared<Pending>();
  std::uint64_t number = 0;
  protocol::Answer closed;
  closed.what = protocol::Answer::What::refused;
  closed.problem = "the cluster has ended";
  {
    Hold hold(*this);
    if (futures_.closed()) return closed;
    number = ask.number = ++asks_;
    if (ask.wish == protocol::Wish::take) pending->queue = ask.name;
    asked_[number] = pending;
    to_scheduler(std::move(ask));
    submitted();
  }
  const client::Undisturbed undisturbed;  // what it waits for might be held by what lies below
  const TaskScope* const task = undisturbed.scope;
  if (task && task->deadline && (!deadline || *task->deadline < *deadline)) deadline = task->deadline;
  const auto answered = [&] { return pending->done.load(std::memory_order_acquire) || asks_closed_; };
  const auto over = [&] { return answered() || (task && task->thread && task->thread->stopped()); };
  // Most answers are there before the slot of the task could be given away and taken back.
  for (const auto soon = Clock::now() + std::chrono::microseconds(10);
       task && !over() && Clock::now() < soon;)
    if (!drive()) __builtin_ia32_pause();
  wait_for(0, over, deadline, &pending->bell);
  if (!answered()) {
    {
      Hold hold(*this);
      to_scheduler(protocol::Unask{number});
      submitted();
    }
    wait_for(0, answered, std::nullopt, &pending->bell);
  }
  return pending->done.load(std::memory_order_acquire) ? std::move(pending->answer) : closed;
}

void Node::tell(protocol::Ask ask) {
  Hold hold(*this);
  if (futures_.closed()) return;
  to_scheduler(std::move(ask));
  submitted();
}

void Node::on_answer(protocol::Answer&& answer) {
  if (answer.number == 0) return client::unpin(answer.problem);
  const auto at = asked_.find(answer.number);
  if (at == asked_.end()) return;
  if (!at->second->queue.empty() && answer.what == protocol::Answer::What::done && self() != 0) {
    protocol::Ask taken;
    taken.wish = protocol::Wish::taken;
    taken.name = std::move(at->second->queue);
    taken.count = answer.number;
    to_scheduler(std::move(taken));
  }
  at->second->answer = std::move(answer);
  at->second->done.store(true, std::memory_order_release);
  at->second->bell.ring();
  asked_.erase(at);
}

}  // namespace weir::detail::node
