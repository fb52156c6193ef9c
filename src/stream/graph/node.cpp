// Node, Domain, Gate, Frame: entering, ending, failing.
#include "weir/detail/stream/graph/outlet.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "core/log.hpp"
#include "stream/graph/standstill.hpp"
#include "stream/graph/structure.hpp"
#include "weir/detail/core/symbol.hpp"
#include "weir/detail/stream/graph/stack.hpp"
#include "weir/error.hpp"

namespace weir::detail::stream {

std::atomic<std::uint64_t> cycle_limit{10'000'000};
std::atomic<std::int64_t> cycle_patience_ns{5'000'000'000};

void Gate::open(State state) noexcept {
  state_.store(state, std::memory_order_seq_cst);
  if (state == State::ajar) {
    if (is_awaited_.load(std::memory_order_seq_cst)) node_.graph().ajar();
  } else if (is_awaited_.load(std::memory_order_seq_cst) && is_awaited_.exchange(false)) {
    node_.graph().opened();
  }
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

void Node::relabel(std::string& part, std::string&& text) {
  std::unique_lock lock(Structure::mutex(), std::defer_lock);
  if (graph_.load(std::memory_order_relaxed)) lock.lock();
  part = std::move(text);
  ++label_changes_;
}

void Node::input_ended(unsigned /*port*/) {
  if (ended_ || ++ended_inputs_ < upstreams_.size()) return;
  end();
}

void Node::end() {
  if (ended_) return;
  put_out(true);
  ended_ = true;
  is_closing_.store(false, std::memory_order_relaxed);
  slow_ |= over;
  Structure::touch(graph());  // gates below it hold nobody up any more
  graph().opened();
  end_downstream();
}

void Node::end_for_good() {
  if (ended_) return;
  end();
  {
    const std::lock_guard lock(Structure::mutex());
    for (Node* from : std::vector<Node*>(upstreams_)) Structure::remove_edge(*from, *this);
    static_cast<void>(Frame::sweep_after(domain()));
  }
  graph().opened();
}

void Node::end_downstream() {
  with_stack([this] {
    for (InletBase* to : downstreams()) to->node->input_ended(to->port);
  });
}

void Node::input_reopened(unsigned /*port*/) {
  if (ended_inputs_ > 0) --ended_inputs_;
  reopen();
}

void Node::reopen() {
  if (!ended_) return;
  ended_ = false;
  Structure::touch(graph());
  slow_ &= static_cast<unsigned char>(~over);
  with_stack([this] {
    for (InletBase* to : downstreams()) to->node->input_reopened(to->port);
  });
}

void Node::flush() {
  if (flushing_) return;  // a cycle
  flushing_ = true;
  put_out(false);
  with_stack([this] {
    for (InletBase* to : downstreams()) to->node->flush();
  });
  flushing_ = false;
}

void Node::wake_when_opened(std::function<void()> wake, bool is_wide) {
  wakers_.fetch_add(1);
  auto waker = [this, wake = std::move(wake)] {
    wake();
    wakers_.fetch_sub(1);  // it may be gone then
  };
  is_wide ? graph().when_wide_open(std::move(waker)) : graph().when_opened(std::move(waker));
}

void Node::set_policy(ErrorPolicy policy) {
  if (policy.letter_box) {
    Graph::join(*this, *policy.letter_box);
    rely_on(*policy.letter_box);
  }
  const bool keeps = policy.retries > 0 || policy.action == ErrorPolicy::Action::dead_letter;
  slow_ = static_cast<unsigned char>((slow_ & ~careful) | (keeps ? careful : 0));
  policy_ = policy;
}

void Node::raise_current() noexcept { raise(std::current_exception()); }

void Node::raise(const std::exception_ptr& error) noexcept {
  errors.add();
  if (flow.ticket) flow.ticket->fail(error);
  if (flow.frame) flow.frame->record(error);
  else graph().report(error);
}

void refuse_closed(const Node& node) {
  throw Error(ErrorKind::closed, "emit: " + node.label() + " is closed");
}

void Node::raise_closed() noexcept {
  try {
    refuse_closed(*this);
  } catch (...) {
    raise_current();
  }
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
  if (ended_ || is_closing_.load(std::memory_order_relaxed)) return Entry::closed;
  if (gates_version_ != graph().version()) find_gates();
  if (gates_.empty()) return Entry::open;
  for (const Frame* frame = flow.frame; frame; frame = frame->before()) {
    // An element that comes from inside the graph is part of one that was admitted already: making it wait
    // could wait for itself.
    if (frame != flow.frame && &frame->node().graph() == &graph()) return Entry::open;
  }
  const bool full = std::any_of(gates_.begin(), gates_.end(), [](Gate* gate) {
    // An element that comes from inside another graph waits, unless that keeps the gate closed.
    return gate->is_found_closed() &&
           !would_stand_still(flow.frame ? flow.frame->before() : nullptr, {.full = &gate->node()});
  });
  return full ? Entry::full : Entry::open;
}

Gate* Node::closed_gate() noexcept {
  if (gates_version_ != graph().version()) find_gates();
  const auto closed =
      std::find_if(gates_.begin(), gates_.end(), [](Gate* gate) { return gate->is_found_closed(); });
  return closed == gates_.end() ? nullptr : *closed;
}

std::optional<NodeRef> Node::look_for_full() noexcept {
  bool fresh = false;
  Domain* const domain = domain_.load(std::memory_order_acquire);
  if (!domain->try_enter(fresh)) return {};
  std::optional<NodeRef> found;
  if (domain == domain_.load(std::memory_order_relaxed)) {
    const Gate* const gate = closed_gate();
    found = gate ? NodeRef(&gate->node()) : NodeRef();
  }
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

bool Node::is_in_cycle() const {
  const std::lock_guard lock(Structure::mutex());
  if (std::exchange(cycle_version_, graph().version()) != graph().version()) in_cycle_ = reaches(*this, true);
  return in_cycle_;
}

void Node::find_gates() noexcept {
  const std::lock_guard lock(Structure::mutex());
  static std::uint64_t walks = 0;  // guarded by the mutex
  gates_version_ = graph().version();
  gates_.clear();
  std::vector<const Node*> open{this};
  visit_ = ++walks;
  std::set<Gate*> found;
  while (!open.empty()) {
    const Node* const node = open.back();
    open.pop_back();
    for (const InletBase* to : node->downstreams()) {
      if (to->node->ended_ && !to->node->is_boundary()) continue;  // nothing passes it
      Gate* const gate = to->node->gate(to->port);
      if (gate && found.insert(gate).second &&
          !(emits_by_itself() && (to->node == this || to->node->reaches(*this))))
        gates_.push_back(gate);
      if (to->node->is_boundary() || std::exchange(to->node->visit_, walks) == walks) continue;
      open.push_back(to->node);
    }
  }
}

// --- Frame

void Frame::finish_late() noexcept {
  const std::exception_ptr error = finish_quietly();
  if (error && root_ != this) root_->record(error);
  else node_.graph().report(error);
}

Frame::Rest& Frame::rest() {
  if (!rest_) rest_ = std::make_unique<Rest>();
  return *rest_;
}

Frame* Frame::outermost_in(const Graph& graph) noexcept {
  Frame* outermost = nullptr;
  for (Frame* frame = flow.frame; frame; frame = frame->before_)
    if (&frame->node_.graph() == &graph) outermost = frame;
  return outermost;
}

void Frame::put_off(std::unique_ptr<Deferred> work) {
  outermost_in(node_.graph())->rest().put_off.push_back(std::move(work));
}
void Frame::keep(std::unique_ptr<InletBase*[]> fan) { root_->rest().fans.push_back(std::move(fan)); }
void Frame::keep(NodeRef end) { root_->rest().ends.push_back(std::move(end)); }

void Frame::run_put_off() noexcept {
  std::uint64_t rounds = 0;
  std::deque<std::unique_ptr<Deferred>>& put_off = rest_->put_off;
  while (!put_off.empty()) {
    const std::unique_ptr<Deferred> work = std::move(put_off.front());
    put_off.pop_front();
    work->run();
    const std::uint64_t limit = cycle_limit.load(std::memory_order_relaxed);
    if (limit == 0 || ++rounds < limit) continue;
    put_off.clear();
    node_.raise(std::make_exception_ptr(
        Error(ErrorKind::invalid_argument, "emit: the cycle through " + node_.label() +
                                               " does not come to an end (" + std::to_string(rounds) +
                                               " rounds for one element)")));
  }
}

}  // namespace weir::detail::stream
