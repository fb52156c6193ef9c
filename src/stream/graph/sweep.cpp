// What was cut off: nodes that nothing reaches any more and nobody has a name for are freed.
#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "stream/graph/reaper.hpp"
#include "stream/graph/seen.hpp"
#include "stream/graph/structure.hpp"

namespace weir::detail::stream {

namespace {

/// Without nodes, in the order of their coming. They are never freed: a thread may be about to enter one that
/// its node has left, and sees that only when it is inside. That such a thread meets another graph's emission
/// is made unlikely by how many there are.
std::deque<std::unique_ptr<Domain>>& spare_domains() {
  static auto* const instance = new std::deque<std::unique_ptr<Domain>>;
  return *instance;
}
constexpr std::size_t least_spare = 1024;

/// Graphs that were joined into others, in the order of their going. A thread that asked a node for its graph
/// before the join is in one for nanoseconds; it goes when so many others have come.
std::deque<std::unique_ptr<Graph>>& joined_graphs() {
  static auto* const instance = new std::deque<std::unique_ptr<Graph>>;
  return *instance;
}
constexpr std::size_t rare = 64;

}  // namespace

// --- Node

void Node::rely_on(Node& other) {
  const std::lock_guard lock(Structure::mutex());
  if (std::find(relies_on_.begin(), relies_on_.end(), &other) != relies_on_.end()) return;
  relies_on_.push_back(&other);
  ++other.relied_upon_;
}

void Node::stay() {
  const std::lock_guard lock(Structure::mutex());
  ++relied_upon_;
}

void Node::let_go() noexcept {
  std::shared_ptr<Graph> graph;
  const Domain* domain = nullptr;
  {
    const std::lock_guard lock(Structure::mutex());
    if (names_.fetch_sub(1) != (is_awaited | 1)) return;  // another one has been made meanwhile
    names_ = 0;
    graph = Structure::alive(this->graph());
    if (!graph) return;
    domain = this->domain();
    Structure::note_cut(*this);
  }
  Structure::sweep_soon(graph, domain);  // another thread may have freed this node
}

bool Node::is_known() noexcept {
  std::uint32_t names = names_.load(std::memory_order_acquire);
  while (names != 0) {
    if ((names & is_awaited) != 0 || names_.compare_exchange_weak(names, names | is_awaited)) return true;
  }
  return false;
}

// --- Frame

bool Frame::sweep_after(const Domain* domain) {
  Frame* outermost = nullptr;
  for (Frame* frame = flow.frame; frame; frame = frame->before_)
    if (frame->domain_ == domain) outermost = frame;
  if (outermost) outermost->rest().sweeps = true;
  return outermost != nullptr;
}

void Frame::finish_rest() noexcept {
  if (!rest_->put_off.empty()) finish_late();
  if (!rest_->sweeps) return;
  const std::shared_ptr<Graph> graph = Structure::alive(node_.graph());
  bool is_crowded = false;
  while (graph && std::exchange(rest_->sweeps, false)) {
    Structure::CutOff gone = Structure::take_cut_off(*graph, domain_);
    is_crowded = gone.is_crowded;
    gone.nodes.clear();  // as inside the function that cut them off
    for (const Domain* const other : gone.kept) Structure::sweep_soon(graph, other);
  }
  if (!is_crowded || before_ || !fresh_) return;
  flow.frame = nullptr;  // the reaper needs this domain
  domain_->leave();
  fresh_ = false;
  Reaper::instance().make_room();
}

// --- Structure

std::shared_ptr<Graph> Structure::alive(Graph& graph) { return graph.weak_from_this().lock(); }

void Structure::note_cut(Node& node) {
  if (!std::exchange(node.is_cut_, true)) node.graph().cut_.push_back(&node);
}

void Structure::sweep_soon(const std::shared_ptr<Graph>& graph, const Domain* domain) {
  if (Frame::sweep_after(domain)) return;
  bool is_fresh = false;
  Domain& entered = const_cast<Domain&>(*domain);
  if (!entered.try_enter(is_fresh)) return;  // whoever cuts next sees to it
  CutOff gone = take_cut_off(*graph, domain);
  if (is_fresh) entered.leave();
  gone.nodes.clear();
  for (const Domain* const other : gone.kept) sweep_soon(graph, other);
  if (gone.is_crowded && is_fresh && !flow.frame) Reaper::instance().make_room();
}

std::vector<Node*> Structure::cut_off_with(Node& first) {
  std::vector<Node*> part{&first};
  std::unordered_set<const Node*> seen{&first};
  std::unordered_map<const Node*, std::uint32_t> relied_upon;
  for (std::size_t i = 0; i < part.size(); ++i) {
    Node& node = *part[i];
    if ((!node.is_passive() && !node.comes_to_rest()) || node.is_known()) return {};
    for (const InletBase* to : node.downstreams())
      if (seen.insert(to->node).second) part.push_back(to->node);
    for (Node* const above : node.upstreams_)
      if (seen.insert(above).second) part.push_back(above);
    for (const Node* const other : node.relies_on_) ++relied_upon[other];
  }
  const bool is_relied_upon = std::any_of(
      part.begin(), part.end(), [&](const Node* node) { return node->relied_upon_ != relied_upon[node]; });
  return is_relied_upon ? std::vector<Node*>() : part;
}

void Structure::await_rest(Node& first) {
  first.is_cut_ = true;
  first.graph().resting_.push_back(&first);
  Reaper::instance().see_to(first.graph());
}

void Structure::take_leave(const std::vector<Node*>& part, std::unordered_set<const Node*>& gone) {
  for (Node* const node : part) {
    gone.insert(node);
    GraphWatch::forget(*node);
    for (Node* const other : node->relies_on_) {
      --other->relied_upon_;
      note_cut(*other);
    }
  }
}

std::vector<std::unique_ptr<Node>> Structure::take_out(Graph& graph,
                                                       const std::unordered_set<const Node*>& gone) {
  std::vector<std::unique_ptr<Node>> taken;
  if (gone.empty()) return taken;
  const auto is_gone = [&](const Node* node) { return gone.contains(node); };
  if (std::any_of(gone.begin(), gone.end(), [](const Node* node) { return node->is_cut_; })) {
    std::erase_if(graph.cut_, is_gone);
    std::erase_if(graph.resting_, is_gone);
  }
  std::erase_if(graph.nodes_, [&](std::unique_ptr<Node>& node) {
    if (!is_gone(node.get())) return false;
    taken.push_back(std::move(node));
    return true;
  });
  if (graph.domains_.size() > rare + 2 * graph.nodes_.size()) recycle_domains(graph);
  return taken;
}

Structure::CutOff Structure::take_cut_off(Graph& graph, const Domain* domain) {
  const std::lock_guard lock(mutex());
  // What is kept too long is a small part of what there is.
  if (graph.cut_.size() * rare < graph.nodes_.size()) return {};
  CutOff taken;
  std::unordered_set<const Node*> gone;
  std::vector<Node*> elsewhere;
  while (!graph.cut_.empty()) {
    Node& first = *graph.cut_.back();
    graph.cut_.pop_back();
    first.is_cut_ = false;
    if (gone.contains(&first)) continue;
    if (first.domain() != domain && !first.comes_to_rest()) {
      elsewhere.push_back(&first);
      continue;
    }
    const std::vector<Node*> part = cut_off_with(first);
    if (part.empty()) continue;
    const bool is_here = std::all_of(part.begin(), part.end(), [&](const Node* node) {
      return node->is_passive() && node->domain() == domain;
    });
    if (!is_here) {
      await_rest(first);
      continue;
    }
    take_leave(part, gone);
    for (const Node* const node : part)
      for (const Node* const other : node->relies_on_)
        if (other->domain() != domain) taken.kept.push_back(other->domain());
  }
  for (Node* const node : elsewhere) note_cut(*node);
  taken.nodes = take_out(graph, gone);
  taken.is_crowded = graph.resting_.size() > Reaper::instance().room();
  return taken;
}

bool Structure::enter_all(const std::vector<Node*>& part, std::vector<Domain*>& entered) {
  constexpr int tries = 100;  // between two emissions there is a moment
  const std::size_t before = entered.size();
  for (const Node* const node : part) {
    Domain* const domain = node->domain();
    bool is_fresh = false, is_inside = false;
    for (int i = 0; i < tries && !is_inside; ++i) is_inside = domain->try_enter(is_fresh);
    if (is_fresh) entered.push_back(domain);
    if (is_inside) continue;
    while (entered.size() > before) {  // those of this part; what was left to this thread there waits for it
      if (entered.back()->has_handed_over()) return false;
      entered.back()->leave();
      entered.pop_back();
    }
    return false;
  }
  return true;
}

Structure::Rested Structure::take_rested(Graph& graph, std::size_t& left) {
  const std::lock_guard lock(mutex());
  constexpr int few = 64;  // others want to change graphs
  graph.resting_.insert(graph.resting_.end(), graph.cut_.begin(), graph.cut_.end());
  graph.cut_.clear();
  left = std::min(left, graph.resting_.size());
  Rested rested;
  std::unordered_set<const Node*> gone;
  const auto is_at_rest = [](const Node* node) { return node->is_at_rest(); };
  const auto is_passive_or_rests = [&](const Node* node) { return node->is_passive() || is_at_rest(node); };
  for (int i = 0; i < few && left > 0 && !graph.resting_.empty(); ++i, --left) {
    Node& first = *graph.resting_.front();
    graph.resting_.pop_front();
    first.is_cut_ = false;
    if (gone.contains(&first)) continue;
    const std::vector<Node*> part = cut_off_with(first);
    if (part.empty()) continue;
    const auto rests = [&] { return std::all_of(part.begin(), part.end(), is_passive_or_rests); };
    // Nothing moves between its nodes while this thread is in all of their domains.
    if (!rests() || !enter_all(part, rested.entered) || !rests()) {
      first.is_cut_ = true;
      graph.resting_.push_back(&first);
      ++rested.busy;
      continue;
    }
    for (Node* const node : part) node->ended_ = true;  // a timer that rings yet does nothing
    take_leave(part, gone);
  }
  rested.nodes = take_out(graph, gone);
  if (!graph.resting_.empty()) return rested;
  left = 0;
  if (graph.cut_.empty()) Reaper::instance().let_be(graph);
  return rested;
}

void Structure::let_go(Graph* graph) {
  if (!graph->joined_into_) return delete graph;
  Reaper::instance().forget(*graph);
  GraphWatch::remove(*graph);
  std::shared_ptr<Graph> kept;  // whose end may come with it
  std::optional<EventLoop> loop;
  std::unique_ptr<Graph> oldest;
  const std::lock_guard lock(mutex());
  kept = std::move(graph->parent_);
  loop = std::exchange(graph->loop_, std::nullopt);
  auto& joined = joined_graphs();
  joined.emplace_back(graph);
  if (joined.size() <= least_spare) return;
  oldest = std::move(joined.front());
  joined.pop_front();
}

std::unique_ptr<Domain> Structure::take_domain() {
  auto& spare = spare_domains();
  if (spare.size() < least_spare) return std::make_unique<Domain>();
  auto domain = std::move(spare.front());
  spare.pop_front();
  return domain;
}

void Structure::recycle_domains(Graph& graph) {
  std::unordered_set<const Domain*> used;
  for (const auto& node : graph.nodes_) used.insert(node->domain());
  std::erase_if(graph.domains_, [&](std::unique_ptr<Domain>& domain) {
    if (used.contains(domain.get()) || domain->is_held() || domain->has_handed_over()) return false;
    spare_domains().push_back(std::move(domain));
    return true;
  });
}

}  // namespace weir::detail::stream
