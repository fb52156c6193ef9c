// Node, Domain, Gate, Frame: entering, ending, failing.
#include "weir/detail/stream/graph/outlet.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include "core/log.hpp"
#include "stream/graph/structure.hpp"
#include "weir/detail/core/symbol.hpp"
#include "weir/error.hpp"

namespace weir::detail::stream {

std::atomic<std::uint64_t> cycle_limit{10'000'000};
std::atomic<std::int64_t> cycle_patience_ns{5'000'000'000};

// --- Domain

void Domain::wait() noexcept {
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  const std::uint32_t turn = next_.fetch_add(1, std::memory_order_relaxed);
  for (int round = 0;; ++round) {
    const void* holder = nullptr;
    if (serving_.load(std::memory_order_acquire) == turn &&
        holder_.compare_exchange_strong(holder, &flow, std::memory_order_acquire, std::memory_order_relaxed))
      break;
    if (round < 200) __builtin_ia32_pause();
    else if (round < 220) std::this_thread::yield();
    else  // a slow function holds it: a missed wake-up would cost no more than this nap
      std::this_thread::sleep_for(std::chrono::microseconds(std::min(20 * (round - 219), 500)));
  }
  serving_.fetch_add(1, std::memory_order_release);
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
}

void Gate::open() noexcept {
  closed_.store(false, std::memory_order_seq_cst);
  node_.graph().changed();
}

// --- Node

Node::~Node() = default;

std::string Node::detail() const { return detail_.empty() && function_ ? exported_name(function_) : detail_; }

std::string Node::label() const {
  std::string text = "<";
  if (!name_.empty()) text += name_ + "; ";
  text += kind_;
  if (const std::string made_with = detail(); !made_with.empty()) text += ": " + made_with;
  return text + ">";
}

void Node::input_ended(unsigned /*port*/) {
  if (ended_ || ++ended_inputs_ < upstreams_.size()) return;
  end();
}

void Node::end() {
  if (ended_) return;
  put_out(true);
  ended_ = true;
  slow_ |= over;
  end_downstream();
}

void Node::end_downstream() {
  for (InletBase* to : downstreams()) to->node->input_ended(to->port);
}

void Node::input_reopened(unsigned /*port*/) {
  if (ended_inputs_ > 0) --ended_inputs_;
  reopen();
}

void Node::reopen() {
  if (!ended_) return;
  ended_ = false;
  slow_ &= static_cast<unsigned char>(~over);
  for (InletBase* to : downstreams()) to->node->input_reopened(to->port);
}

void Node::flush() {
  if (flushing_) return;  // a cycle
  flushing_ = true;
  put_out(false);
  for (InletBase* to : downstreams()) to->node->flush();
  flushing_ = false;
}

void Node::set_policy(ErrorPolicy policy) {
  if (policy.letter_box) Graph::join(*this, *policy.letter_box);
  const bool keeps = policy.retries > 0 || policy.action == ErrorPolicy::Action::dead_letter;
  slow_ = static_cast<unsigned char>((slow_ & over) | (keeps ? careful : 0));
  policy_ = policy;
}

void Node::raise_current() noexcept { raise(std::current_exception()); }

void Node::raise(const std::exception_ptr& error) noexcept {
  errors.add();
  if (flow.ticket) flow.ticket->fail(error);
  if (flow.frame) flow.frame->record(error);
  else graph().report(error);
}

bool Node::is_lost_in_cycle(std::size_t over_bound) noexcept {
  const std::uint64_t limit = cycle_limit.load(std::memory_order_relaxed);
  ends_cycle_ = ends_cycle_ && over_bound > 0;
  if (ends_cycle_ && flow.rounds > 0) return true;  // said already
  if (limit == 0 || (flow.rounds < limit && over_bound < limit)) return false;
  ends_cycle_ = over_bound >= limit;
  const std::string how = flow.rounds < limit ? std::to_string(over_bound) + " elements wait beyond its bound"
                                              : std::to_string(flow.rounds) + " rounds for one element";
  raise(std::make_exception_ptr(
      Error(ErrorKind::invalid_argument,
            "emit: the cycle through " + label() + " does not come to an end (" + how + ")")));
  return true;
}

Entry Node::entry_slow() noexcept {
  if (ended_) return Entry::closed;
  if (gates_version_ != graph().version()) find_gates();
  if (gates_.empty()) return Entry::open;
  for (const Frame* frame = flow.frame; frame; frame = frame->before()) {
    // An element that comes from inside the graph is part of one that was admitted already: making it wait
    // could wait for itself.
    if (frame->domain() && frame != flow.frame && &frame->node().graph() == &graph()) return Entry::open;
  }
  const bool full =
      std::any_of(gates_.begin(), gates_.end(), [](const Gate* gate) { return gate->is_closed(); });
  return full ? Entry::full : Entry::open;
}

Gate* Node::closed_gate() noexcept {
  if (gates_version_ != graph().version()) find_gates();
  const auto closed =
      std::find_if(gates_.begin(), gates_.end(), [](const Gate* gate) { return gate->is_closed(); });
  return closed == gates_.end() ? nullptr : *closed;
}

std::optional<Gate*> Node::look_for_closed_gate() noexcept {
  bool fresh = false;
  Domain* const domain = domain_.load(std::memory_order_acquire);
  if (!domain->try_enter(fresh)) return {};
  std::optional<Gate*> found;
  if (domain == domain_.load(std::memory_order_relaxed)) found = closed_gate();
  if (fresh) domain->leave();
  return found;
}

bool Node::reaches(const Node& other, bool through_boundaries) const {
  std::vector<const Node*> open{this};
  std::set<const Node*> seen{this};
  while (!open.empty()) {
    const Node* const node = open.back();
    open.pop_back();
    for (const InletBase* to : node->downstreams()) {
      if (to->node == &other) return true;
      if ((through_boundaries || !to->node->is_boundary()) && seen.insert(to->node).second)
        open.push_back(to->node);
    }
  }
  return false;
}

bool Node::leads_to(const Node& other, bool through_boundaries) const {
  const std::lock_guard lock(Structure::mutex());
  return reaches(other, through_boundaries);
}

void Node::find_gates() noexcept {
  const std::lock_guard lock(Structure::mutex());
  gates_version_ = graph().version();
  gates_.clear();
  std::vector<const Node*> open{this};
  std::set<const Node*> seen{this};
  std::set<Gate*> found;
  while (!open.empty()) {
    const Node* const node = open.back();
    open.pop_back();
    for (const InletBase* to : node->downstreams()) {
      Gate* const gate = to->node->gate(to->port);
      if (gate && found.insert(gate).second &&
          !(emits_by_itself() && (to->node == this || to->node->reaches(*this))))
        gates_.push_back(gate);
      if (!to->node->is_boundary() && seen.insert(to->node).second) open.push_back(to->node);
    }
  }
}

// --- Frame

void Frame::put_off(std::unique_ptr<Deferred> work) {
  if (!root_->put_off_) root_->put_off_ = std::make_unique<std::deque<std::unique_ptr<Deferred>>>();
  root_->put_off_->push_back(std::move(work));
}

void Frame::run_put_off() noexcept {
  std::uint64_t rounds = 0;
  while (!put_off_->empty()) {
    const std::unique_ptr<Deferred> work = std::move(put_off_->front());
    put_off_->pop_front();
    work->run();
    const std::uint64_t limit = cycle_limit.load(std::memory_order_relaxed);
    if (limit == 0 || ++rounds < limit) continue;
    put_off_->clear();
    node_.raise(std::make_exception_ptr(
        Error(ErrorKind::invalid_argument, "emit: the cycle through " + node_.label() +
                                               " does not come to an end (" + std::to_string(rounds) +
                                               " rounds for one element)")));
  }
}

}  // namespace weir::detail::stream
