// Graph: owns nodes, changes edges, and is where users wait.
#include "stream/graph/structure.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "core/crowd.hpp"
#include "core/log.hpp"
#include "core/thrown.hpp"
#include "core/unheard.hpp"
#include "stream/graph/reaper.hpp"
#include "stream/graph/seen.hpp"
#include "stream/graph/standstill.hpp"
#include "weir/error.hpp"

namespace weir::detail::stream {

using namespace std::chrono_literals;

/// Those who wait for the same kind of thing.
struct Graph::Line {
  std::condition_variable told;
  std::atomic<int> waiters{0}, patient{0};  // the latter for a gate that opens wide
  std::vector<std::function<void()>> callbacks = {}, patient_callbacks = {};
};

struct Graph::Waiting {
  std::mutex mutex;
  Line room, end;  // for a gate that opens; for nothing to be left
  std::exception_ptr error;
  std::size_t more_errors = 0;
};

// --- Structure

void FairMutex::lock() {
  const std::thread::id me = std::this_thread::get_id();
  std::unique_lock lock(mutex_);
  if (owner_ == std::thread::id()) owner_ = me;
  if (owner_ != me) {
    InLine mine{me, {}};
    waiting_.push_back(&mine);
    mine.has_come.wait(lock, [&] { return owner_ == me; });
  }
  ++depth_;
}

void FairMutex::unlock() {
  const std::lock_guard lock(mutex_);
  if (--depth_ > 0) return;
  owner_ = {};
  if (waiting_.empty()) return;
  InLine& next = *waiting_.front();  // which cannot go before this one is out of the mutex
  waiting_.pop_front();
  owner_ = next.thread;
  next.has_come.notify_one();
}

FairMutex& Structure::mutex() {
  static auto* instance = new FairMutex;  // graphs may outlive static objects
  return *instance;
}

namespace {

/// The frame of this thread that entered `domain` first, counted from the outermost; or -1.
int entered_at(const Domain* domain) {
  int found = -1, depth = 0;
  for (const Frame* frame = flow.frame; frame; frame = frame->before(), ++depth) {
    if (frame->domain() == domain) found = depth;
  }
  return found;
}

/// Enters the domains of two nodes, always in the same order, for the time of a change.
class EnterBoth {
 public:
  EnterBoth(Node& a, Node& b) : first_(std::less<>{}(&a, &b) ? a : b), second_(&first_ == &a ? b : a) {
    if (b.is_boundary()) {  // its output side is not touched
      a_ = a.enter(fresh_a_);
      return;
    }
    a_ = first_.enter(fresh_a_);
    b_ = second_.enter(fresh_b_);
  }
  ~EnterBoth() {
    if (fresh_b_) b_->leave();
    if (fresh_a_) a_->leave();
  }
  EnterBoth(const EnterBoth&) = delete;
  EnterBoth& operator=(const EnterBoth&) = delete;

 private:
  Node &first_, &second_;
  bool fresh_a_ = false, fresh_b_ = false;
  Domain *a_ = nullptr, *b_ = nullptr;
};

}  // namespace

void Structure::set_fan(Node& node, const std::vector<InletBase*>& inlets) {
  const std::size_t capacity = 2 * inlets.size() + 1;  // for more that come behind them
  auto fan = std::make_unique<InletBase*[]>(capacity);
  std::copy(inlets.begin(), inlets.end(), fan.get());
  if (flow.frame) flow.frame->keep(std::move(node.fan_owner_));
  node.fan_owner_ = std::move(fan);
  node.fan_ = node.fan_owner_.get();
  node.fan_count_ = static_cast<unsigned>(inlets.size());
  node.fan_capacity_ = static_cast<unsigned>(capacity);
}

void Structure::note_depth(const Node& from, Node& to) {
  constexpr unsigned apart = 64;
  to.depth_ = std::max(to.depth_, from.depth_ + 1);
  if (to.depth_ < apart || !to.can_look_at_stack()) return;
  to.slow_ |= Node::deep;
  to.depth_ = 0;
}

void Structure::append(Node& node, InletBase& to) {
  if (node.fan_count_ < node.fan_capacity_) {  // an emission that goes through it knows where it ended
    node.fan_owner_[node.fan_count_++] = &to;
    return;
  }
  std::vector<InletBase*> inlets = node.downstreams();
  inlets.push_back(&to);
  set_fan(node, inlets);
}

void Structure::join_graphs(Graph& kept, Graph& other) {
  if (&kept == &other) return;
  const auto size_of = [](const Graph& graph) { return graph.nodes_.size() + graph.domains_.size(); };
  if (size_of(kept) < size_of(other)) return join_graphs(other, kept);
  if (!kept.owns_loop_ && !other.owns_loop_ && !(*kept.loop_ == *other.loop_))
    throw Error(ErrorKind::invalid_argument, "connect: the two streams run on different event loops");
  if (other.loop_ && (!kept.loop_ || !other.owns_loop_)) {
    kept.loop_ = other.loop_;
    kept.owns_loop_ = other.owns_loop_;
  }
  for (auto& node : other.nodes_) {
    node->graph_.store(&kept, std::memory_order_release);
    kept.nodes_.push_back(std::move(node));
  }
  for (auto& domain : other.domains_) kept.domains_.push_back(std::move(domain));
  kept.cut_.insert(kept.cut_.end(), other.cut_.begin(), other.cut_.end());
  other.nodes_.clear();
  other.domains_.clear();
  other.cut_.clear();
  kept.resting_.insert(kept.resting_.end(), other.resting_.begin(), other.resting_.end());
  other.resting_.clear();
  if (!kept.resting_.empty()) Reaper::instance().see_to(kept);
  other.parent_ = kept.shared_from_this();
  other.joined_into_.store(&kept, std::memory_order_seq_cst);  // before its callbacks go: see Graph::tell
  kept.version_.store(std::max(kept.version_.load(), other.version_.load()) + 1);
  std::vector<std::function<void()>> for_room, for_much, for_end;
  std::exception_ptr error;
  {
    const std::lock_guard lock(other.waiting_->mutex);
    for_room.swap(other.waiting_->room.callbacks);
    for_much.swap(other.waiting_->room.patient_callbacks);
    for_end.swap(other.waiting_->end.callbacks);
    error = std::exchange(other.waiting_->error, nullptr);
    other.waiting_->room.told.notify_all();
    other.waiting_->end.told.notify_all();
  }
  for (auto& callback : for_room) kept.when_opened(std::move(callback));
  for (auto& callback : for_much) kept.when_wide_open(std::move(callback));
  for (auto& callback : for_end) kept.when_finished(std::move(callback));
  if (error) kept.report(error);
}

void Structure::join_domains(Node& a, Node& b) {
  Domain* const of_a = a.domain_.load();
  Domain* const of_b = b.domain_.load();
  if (of_a == of_b) return;
  Domain* const kept = entered_at(of_b) > entered_at(of_a) ? of_b : of_a;
  Domain* const gone = kept == of_a ? of_b : of_a;
  for (const auto& node : a.graph().nodes_) {
    if (node->domain_.load() == gone) node->domain_.store(kept, std::memory_order_release);
  }
}

void Structure::add_edge(Node& from, InletBase& to, std::uint64_t subscription) {
  const auto* const end = from.fan_ + from.fan_count_;
  if (std::find(from.fan_, end, &to) != end) return;
  if (!from.copyable_ && from.fan_count_ > 0)
    throw Error(ErrorKind::invalid_argument,
                "connect: elements of " + from.label() + " cannot be copied, so they can go one way only");
  to.subscribed = subscription != 0 ? subscription : Graph::subscribe();
  if (from.fan_count_ == 0 || end[-1]->subscribed <= to.subscribed) {
    append(from, to);
  } else {
    std::vector<InletBase*> inlets = from.downstreams();
    inlets.insert(std::find_if(inlets.begin(), inlets.end(),
                               [&](const InletBase* each) { return each->subscribed > to.subscribed; }),
                  &to);
    set_fan(from, inlets);
  }
  note_depth(from, *to.node);
  to.node->upstreams_.push_back(&from);
  if (from.ended_) to.node->input_ended(to.port);
  touch(from.graph());
}

bool Structure::remove_edge(Node& from, Node& to, std::vector<InletBase*>* cut) {
  std::vector<InletBase*> inlets = from.downstreams();
  const auto gone = std::stable_partition(inlets.begin(), inlets.end(),
                                          [&](const InletBase* inlet) { return inlet->node != &to; });
  if (gone == inlets.end()) return false;
  if (cut) cut->assign(gone, inlets.end());
  inlets.erase(gone, inlets.end());
  set_fan(from, inlets);
  if (flow.frame && to.is_boundary()) flow.frame->keep(NodeRef(&to));  // the others are in `from`'s domain
  std::erase(to.upstreams_, &from);
  touch(from.graph());
  note_cut(from);
  note_cut(to);
  return true;
}

std::vector<NodeRef> Structure::upstreams(const Node& node) {
  const std::lock_guard lock(mutex());
  return {node.upstreams_.begin(), node.upstreams_.end()};
}

std::vector<NodeRef> Structure::downstreams(const Node& node) {
  const std::lock_guard lock(mutex());
  std::vector<NodeRef> all;
  for (std::size_t i = 0; i < node.fan_count_; ++i) all.emplace_back(node.fan_[i]->node);
  return all;
}

std::vector<Node*> Structure::nodes(const Graph& graph) {
  std::vector<Node*> result;
  for (const auto& node : graph.nodes_) result.push_back(node.get());
  return result;
}

// --- Graph

Graph::Graph() : waiting_(std::make_unique<Waiting>()) { GraphWatch::add(*this); }
Graph::Graph(EventLoop loop)
    : loop_(std::move(loop)), owns_loop_(false), waiting_(std::make_unique<Waiting>()) {
  GraphWatch::add(*this);
}

Graph::~Graph() {
  Reaper::instance().forget(*this);
  GraphWatch::remove(*this);
  if (parent_ || nodes_.empty()) return;
  const bool waits = owns_loop_;
  for (const auto& node : nodes_) {
    if (!waits || !node->finishes()) node->stop();
  }
  const Waiter waiter({.graph = this});
  if (waits) {
    std::unique_lock lock(waiting_->mutex);
    ++waiting_->end.waiters;
    for (;;) {
      lock.unlock();
      const bool idle = is_idle();
      lock.lock();
      if (idle) break;
      waiting_->end.told.wait_for(lock, 20ms);
    }
  }
  for (const auto& node : nodes_) node->shut();
  const auto gone = std::exchange(nodes_, {});  // before the loop, which their sockets and timers belong to
  if (waiting_->error) {
    try {
      std::rethrow_exception(waiting_->error);
    } catch (...) {
      tell_unheard("stream: an error nobody drained for: " + current_thrown().text());
    }
  }
}

std::shared_ptr<Graph> Graph::of(Node& node) {
  const std::lock_guard lock(Structure::mutex());
  return node.graph().shared_from_this();
}

NodeRef Graph::adopt(std::unique_ptr<Node> node, Node* same_as) {
  const std::lock_guard lock(Structure::mutex());
  node->graph_.store(this);
  if (same_as) {
    node->domain_.store(same_as->domain_.load());
  } else {
    domains_.push_back(Structure::take_domain());
    node->domain_.store(domains_.back().get());
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().get();
}

std::uint64_t Graph::subscribe() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

void Graph::connect(Node& from, InletBase& to, std::uint64_t subscription) {
  const EnterBoth inside(from, *to.node);
  const std::lock_guard lock(Structure::mutex());
  Structure::join_graphs(from.graph(), to.node->graph());
  if (!to.node->is_boundary()) Structure::join_domains(from, *to.node);
  Structure::add_edge(from, to, subscription);
}

void Graph::join(Node& a, Node& b) {
  const std::lock_guard lock(Structure::mutex());
  Structure::join_graphs(a.graph(), b.graph());
}

void Graph::disconnect(Node& from, Node& to) {
  const EnterBoth inside(from, to);
  std::vector<InletBase*> cut;
  {
    const std::lock_guard lock(Structure::mutex());
    if (!Structure::remove_edge(from, to, &cut))
      throw Error(ErrorKind::not_found, "disconnect: " + from.label() + " does not feed " + to.label());
  }
  Frame frame(to);
  for (const InletBase* inlet : cut) to.input_disconnected(inlet->port);
  frame.finish();
  from.graph().opened();  // what is below holds nobody up any more
  Structure::sweep_soon(of(to), to.domain());
}

bool Structure::is_dead_end(const Node& node) {
  return node.fan_count_ == 0 && !node.upstreams_.empty() && node.relied_upon_ == 0 &&
         (node.is_passive() || node.comes_to_rest()) && (node.names_ & ~Node::is_awaited) == 1;
}

void Graph::destroy(Node& node) {
  std::vector<NodeRef> open{&node};
  while (!open.empty()) {
    const NodeRef last = std::move(open.back());
    open.pop_back();
    for (NodeRef& from : Structure::upstreams(*last)) {
      const EnterBoth inside(*from, *last);
      const std::lock_guard lock(Structure::mutex());
      Structure::remove_edge(*from, *last);
      if (Structure::is_dead_end(*from)) open.push_back(std::move(from));
    }
    const std::shared_ptr<Graph> graph = of(*last);
    Structure::sweep_soon(graph, last->domain());
    graph->opened();
  }
}

void Graph::destroy_below(Node& node) {
  for (Node* below : Structure::downstreams(node)) {
    const auto above = Structure::upstreams(*below);
    if (std::none_of(above.begin(), above.end(), [&](Node* each) { return each == &node; }))
      continue;  // a cycle: it is gone already
    destroy(*below);
    destroy_below(*below);
  }
}

void Graph::move_to_first(Node& node) {
  for (Node* from : Structure::upstreams(node)) {
    const EnterBoth inside(*from, node);
    const std::lock_guard lock(Structure::mutex());
    std::vector<InletBase*> inlets = from->downstreams();
    std::stable_partition(inlets.begin(), inlets.end(),
                          [&](const InletBase* inlet) { return inlet->node == &node; });
    Structure::set_fan(*from, inlets);
  }
}

EventLoop Graph::loop() {
  const std::lock_guard lock(Structure::mutex());
  if (Graph* const kept = joined_into_) return kept->loop();
  if (!loop_) loop_ = EventLoop::on_own_thread();
  return *loop_;
}

std::optional<EventLoop> Graph::users_loop() const {
  const std::lock_guard lock(Structure::mutex());
  if (const Graph* const kept = joined_into_) return kept->users_loop();
  return owns_loop_ ? std::nullopt : loop_;
}

bool Graph::owns_loop() const {
  const std::lock_guard lock(Structure::mutex());
  if (const Graph* const kept = joined_into_) return kept->owns_loop();
  return owns_loop_;
}

std::vector<NodeRef> Graph::nodes() {
  const std::lock_guard lock(Structure::mutex());
  if (Graph* const kept = joined_into_) return kept->nodes();
  std::vector<NodeRef> result;
  result.reserve(nodes_.size());
  for (const auto& node : nodes_) result.emplace_back(node.get());
  return result;
}

// --- Waiting

namespace {

/// Counts a waiter for as long as it waits.
class Counted {
 public:
  explicit Counted(std::atomic<int>& count) : count_(count) { count_.fetch_add(1); }
  ~Counted() { count_.fetch_sub(1); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  std::atomic<int>& count_;
};

/// A thread that must not wait for this loop: it is the one that would have to do the work.
void refuse_own_loop(const std::optional<EventLoop>& loop, const char* who) {
  if (loop && !loop->is_manual() && loop->is_current())
    throw Error(
        ErrorKind::unsupported,
        std::string(who) +
            ": would block the event loop that has to make room; use co_await, try_emit or another thread");
}

/// Whether every stream above a join waits for room below: none can bring what it lacks.
bool waits_for_those_that_wait(Node& join) {
  std::vector<NodeRef> sources;
  {
    const std::lock_guard lock(Structure::mutex());
    std::vector<Node*> open{&join};
    std::set<Node*> seen{&join};
    while (!open.empty()) {
      Node* const each = open.back();
      open.pop_back();
      if (each->upstreams().empty()) sources.emplace_back(each);
      for (Node* above : each->upstreams()) {
        if (seen.insert(above).second) open.push_back(above);
      }
    }
  }
  return std::all_of(sources.begin(), sources.end(), [](Node* source) {
    const std::optional<NodeRef> full = source->look_for_full();
    return full && *full;
  });
}

/// The join that only its own cycle, or only who waits for room in it, could feed, if everything that is left
/// in the graph, and an emission into `node`, waits for it.
NodeRef join_that_waits(Node& node) {
  NodeRef blocking;
  const auto is_held_back = [&blocking](Node& each) {
    const std::optional<NodeRef> full = each.look_for_full();
    if (!full || !*full) return false;
    Node& join = **full;
    if (!blocking && join.waits_for_partners() && (join.is_in_cycle() || waits_for_those_that_wait(join)))
      blocking = *full;
    return true;
  };
  static_cast<void>(is_held_back(node));
  for (Node* each : node.graph().nodes()) {
    if (each->is_ticking() || each->is_elsewhere()) return {};
    if (each->pending() == 0) continue;
    if (each->is_on_cluster() && !each->is_boundary()) continue;  // what is there waits in a gather
    if (!each->is_boundary() || !is_held_back(*each)) return {};
  }
  return blocking;
}

std::string waiting_join(const std::string& who, const Node& node) {
  if (!node.is_in_cycle())
    return who + ": " + node.label() +
           " lacks elements that only its own sources could bring, and these wait for room in it: where one "
           "way from a source drops elements, give it max_ahead{n} for more, or use combine_latest or "
           "zip_latest";
  return who + ": the cycle through " + node.label() +
         " waits for itself, and nothing else is left to do; emit a first element into the cycle";
}

/// Says which joins have never got what their own cycle should give them.
void warn_of_cycles(const std::vector<NodeRef>& nodes) {
  for (const Node* node : nodes) {
    if (node->waits_for_partners() && node->in.value() > 0 && node->elements_out() == 0 &&
        node->is_in_cycle())
      log::warn("stream: {}", waiting_join("drain", *node));
  }
}

}  // namespace

/// A look at all nodes is not for each change.
bool CycleWatch::is_due() {
  const auto now = Clock::now();
  if (now - looked_ < std::min<Clock::duration>(std::chrono::nanoseconds(cycle_patience_ns.load()) / 4, 15ms))
    return false;
  looked_ = now;
  return true;
}

void CycleWatch::look(const char* who, Node& node) {
  if (is_due()) look_for_join(who, node);
}

void CycleWatch::look_for_join(const char* who, Node& node) {
  const auto now = Clock::now();
  const NodeRef blocking = told_ ? NodeRef() : join_that_waits(node);
  if (!blocking) since_ = now;
  if (!blocking || now - since_ < std::chrono::nanoseconds(cycle_patience_ns.load())) return;
  log::warn("stream: {}", waiting_join(who, *blocking));
  told_ = true;
}

void CycleWatch::look_for_all(const char* who, Node& node) {
  if (!is_due()) return;
  look_for_join(who, node);
  look_for_unfinished(who, node);
  look_for_standstill(who, node.graph());
}

void CycleWatch::look_for_unfinished(const char* who, Node& node) {
  if (told_of_unfinished_) return;
  const auto now = Clock::now();
  std::size_t unfinished = 0;
  std::uint64_t begun = 0;
  std::string label;
  for (const Node* each : node.graph().nodes()) {
    const std::size_t here = each->unfinished();
    if (here == 0) continue;
    if (unfinished == 0) label = each->label();
    unfinished += here;
    begun += each->in.value() + each->in.value() - here;  // grows with each that begins, and that ends
  }
  if (unfinished == 0 || std::exchange(begun_, begun) != begun) begun_since_ = now;
  if (unfinished == 0 || now - begun_since_ < std::chrono::nanoseconds(cycle_patience_ns.load())) return;
  log::warn("stream: {}: waits for {} element{} that {} has not said finished for", who, unfinished,
            unfinished == 1 ? "" : "s", label);
  told_of_unfinished_ = true;
}

void CycleWatch::look_for_standstill(const char* who, const Graph& graph) {
  const auto now = Clock::now();
  if (!would_stand_still(flow.frame, {.graph = &graph})) moved_ = now;
  else if (now - moved_ > 500ms)
    throw Error(ErrorKind::unsupported, std::string(who) +
                                            ": called from inside a stream that the one it would wait for "
                                            "waits for itself");
}

namespace {

/// Says once that somebody waits for an event loop that nobody runs. Another thread may yet run it, so it is
/// no error.
class LoopWatch {
 public:
  void look(const char* who, const Node& node, std::optional<EventLoop>& loop) {
    if (!loop || loop->is_manual() || told_) return;
    const auto waited = std::chrono::steady_clock::now() - since_;
    const std::chrono::nanoseconds patience(cycle_patience_ns.load());
    if (!runs_ && waited > patience / 8) {
      runs_ = std::make_shared<std::atomic<bool>>(false);
      loop->post([runs = runs_] { *runs = true; });
    }
    if (!runs_ || *runs_ || waited < patience) return;
    log::warn(
        "stream: {}: {} waits for its event loop, which nobody runs; call loop.run(), on this thread before "
        "it "
        "waits or on another one",
        who, node.label());
    told_ = true;
  }

 private:
  const std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  std::shared_ptr<std::atomic<bool>> runs_;
  bool told_ = false;
};

/// Looks for a moment; a gate that is ajar is not tried before it is open.
bool is_soon(Node& node, const std::function<bool()>& ready, bool for_all) {
  const NodeRef full = for_all ? NodeRef() : node.look_for_full().value_or(NodeRef());
  const Gate* const gate = full ? full->gate(0) : nullptr;
  for (Spin spin(50us); spin.goes_on();)
    if ((!gate || gate->is_open()) && ready()) return true;
  return false;
}

}  // namespace

bool Graph::wait(Node& node, const char* who, const std::function<bool()>& ready,
                 std::optional<std::chrono::steady_clock::time_point> deadline, bool for_all) {
  if (ready()) return true;
  bool is_patient = !for_all;  // at first, for a moment
  std::vector<NodeRef> helpers = node.graph().nodes();
  std::erase_if(helpers, [](const Node* each) { return !each->can_help(); });
  if (helpers.empty() && is_soon(node, ready, for_all)) return true;
  std::optional<EventLoop> loop = node.graph().users_loop();
  refuse_own_loop(loop, who);
  auto helped = std::chrono::steady_clock::now();
  CycleWatch watch;
  LoopWatch loop_watch;
  while (!ready()) {
    const bool is_manual = loop && loop->is_manual();
    bool moved = false;
    if (!helpers.empty()) {
      const auto now = std::chrono::steady_clock::now();
      for (Node* helper : helpers) moved |= helper->help();
      if (moved) helped = now;
      if (!is_manual && (moved || now - helped < 200us)) {
        if (deadline && now >= *deadline) return ready();
        if (!moved) std::this_thread::yield();
        continue;
      }
    }
    if (is_manual) {
      if (deadline) return false;
      if (moved || std::any_of(helpers.begin(), helpers.end(), [](const Node* helper) {
            return helper->is_elsewhere();
          })) {  // what comes from elsewhere takes no time of this clock
        if (!moved && loop->poll() == 0) std::this_thread::yield();
        continue;
      }
      // Asked again: what was elsewhere may have come between the question and the look.
      if (ready() || loop->step() || ready()) continue;
      if (const NodeRef blocking = join_that_waits(node))
        throw Error(ErrorKind::unsupported, waiting_join(who, *blocking));
      throw Error(ErrorKind::unsupported, std::string(who) + ": would wait for ever at " + node.label() +
                                              "; nothing is left to do on the manual clock");
    }
    const std::shared_ptr<Graph> graph = of(node);
    Waiting& waiting = *graph->waiting_;
    Line& line = for_all ? waiting.end : waiting.room;
    const Counted counted(is_patient ? line.patient : line.waiters);
    if (ready()) return true;
    if (for_all) watch.look_for_all(who, node);
    else watch.look(who, node);
    loop_watch.look(who, node, loop);
    {
      const bool looks = !for_all && flow.frame;  // for others who would wait for this thread
      const NodeRef full = looks ? node.look_for_full().value_or(NodeRef()) : NodeRef();
      const Waiter waiter(for_all ? WaitedFor{.graph = graph.get()} : WaitedFor{.full = full});
      if (!deadline && std::any_of(helpers.begin(), helpers.end(),
                                   [&](Node* helper) { return helper->wait_aside(ready); }))
        continue;
      std::unique_lock lock(waiting.mutex);
      const auto nap =
          std::chrono::steady_clock::now() +
          (is_patient ? 1ms : 20ms);  // a change may have been told between the look and the wait
      is_patient = false;
      line.told.wait_until(lock, deadline ? std::min(nap, *deadline) : nap);
    }
    if (deadline && std::chrono::steady_clock::now() >= *deadline) return ready();
  }
  return true;
}

void Graph::when_opened(std::function<void()> callback) { call_back(&Waiting::room, std::move(callback)); }
void Graph::when_wide_open(std::function<void()> callback) {
  call_back(&Waiting::room, std::move(callback), true);
}
void Graph::when_finished(std::function<void()> callback) { call_back(&Waiting::end, std::move(callback)); }
void Graph::opened() noexcept { tell(&Waiting::room); }
void Graph::ajar() noexcept { tell(&Waiting::room, false); }
void Graph::finished() noexcept { tell(&Waiting::end); }

void Graph::call_back(Line Waiting::*kind, std::function<void()> callback, bool is_patient) {
  std::unique_lock lock(waiting_->mutex);
  if (Graph* const kept = joined_into_.load()) {
    lock.unlock();
    return kept->call_back(kind, std::move(callback), is_patient);
  }
  Line& line = (*waiting_).*kind;
  (is_patient ? line.patient_callbacks : line.callbacks).push_back(std::move(callback));
  (is_patient ? line.patient : line.waiters).fetch_add(1);
}

void Graph::tell(Line Waiting::*kind, bool is_wide) noexcept {
  Line& line = (*waiting_).*kind;
  if (line.waiters.load(std::memory_order_seq_cst) > 0 ||
      (is_wide && line.patient.load(std::memory_order_seq_cst) > 0)) {
    std::vector<std::function<void()>> callbacks, patient;
    {
      const std::lock_guard lock(waiting_->mutex);
      callbacks.swap(line.callbacks);
      line.waiters.fetch_sub(static_cast<int>(callbacks.size()));
      if (is_wide) patient.swap(line.patient_callbacks);
      line.patient.fetch_sub(static_cast<int>(patient.size()));
      line.told.notify_all();
    }
    for (const auto& callback : callbacks) callback();
    for (const auto& callback : patient) callback();
  }
  // Callbacks that went with a join, while this thread came, are there.
  if (Graph* const kept = joined_into_.load(std::memory_order_seq_cst)) kept->tell(kind, is_wide);
}

bool Graph::is_idle() {
  const auto look = [this] {
    std::uint64_t accepted = 0;
    for (Node* node : nodes()) {
      if (node->pending() != 0 || node->domain()->has_handed_over()) return std::optional<std::uint64_t>();
      accepted += node->in.value();
    }
    return std::optional(accepted);
  };
  const auto before = look();
  return before && look() == before;
}

bool Graph::cannot_wait_here() const {
  return is_at_work_here() || (loop_ && !loop_->is_manual() && loop_->is_current());
}

bool Graph::is_at_work_here() const noexcept {
  for (const Frame* frame = flow.frame; frame; frame = frame->before()) {
    if (&frame->node().graph() == this) return true;
  }
  const std::lock_guard lock(Structure::mutex());
  return owns_loop_ && loop_ && !loop_->is_manual() && loop_->is_current();
}

namespace {

/// Whether what was in a graph when this was made has come out, though more may go in meanwhile.
///
/// What is in a queue has left it when as many have left as were in it. With every look at all queues that
/// finds this, everything has come at least one queue further.
class CameOut {
 public:
  explicit CameOut(Node& node) : node_(&node) { aim(); }
  bool operator()() {
    if (node_->graph().is_idle()) return true;
    if (goes_round_) return false;
    for (const auto& [node, target] : targets_) {
      if (node->pending() != 0 && node->gone() < target) return false;
    }
    if (looks_++ > queues_) return true;
    aim();
    return false;
  }

 private:
  void aim() {
    targets_.clear();
    std::size_t queues = 0;
    for (Node* each : node_->graph().nodes()) {
      const std::size_t pending =
          each->pending();  // before what is gone: too much is waited for, not too little
      if (pending != 0) {
        targets_.emplace_back(each, pending + each->gone());
        goes_round_ = goes_round_ || each->is_in_cycle();
      }
      if (pending != 0 || each->is_boundary()) ++queues;
    }
    queues_ = std::max(queues_, queues);
  }
  NodeRef node_;
  bool goes_round_ = false;
  std::vector<std::pair<NodeRef, std::uint64_t>> targets_;
  std::size_t queues_ = 0, looks_ = 0;
};

}  // namespace

std::function<bool()> Graph::came_out(Node& node) { return CameOut(node); }

void Graph::drain(Node& node, const std::function<bool()>& came_out) {
  wait(node, "drain", came_out, {}, true);
  end_drain(node);
}

void Graph::end_drain(Node& node) {
  warn_of_cycles(node.graph().nodes());
  std::exception_ptr error;
  for (Node* each : node.graph().nodes()) {
    Frame frame(*each);
    each->drained();
    if (auto failure = frame.finish_quietly(); failure && !error) error = failure;
  }
  {
    Waiting& waiting = *of(node)->waiting_;
    const std::lock_guard lock(waiting.mutex);
    if (waiting.error) error = std::exchange(waiting.error, nullptr);
    waiting.more_errors = 0;
  }
  if (error) std::rethrow_exception(error);
}

void Graph::report(const std::exception_ptr& error) noexcept {
  if (!error) return;
  std::unique_lock lock(waiting_->mutex);
  if (Graph* const kept = joined_into_.load()) {
    lock.unlock();
    return kept->report(error);
  }
  if (!waiting_->error) waiting_->error = error;
  else ++waiting_->more_errors;
}

}  // namespace weir::detail::stream
