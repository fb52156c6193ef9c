// Graphs, looked at from outside.
#include "stream/graph/seen.hpp"

#include <algorithm>

namespace weir::detail::stream {

GraphWatch& GraphWatch::instance() {
  static auto* watch = new GraphWatch;  // graphs may outlive static objects
  return *watch;
}

void GraphWatch::add(Graph& graph) {
  {
    const std::lock_guard lock(Structure::mutex());
    instance().graphs_.push_back(&graph);
    seeing::stream_watch().store(&instance());
  }
  seeing::show_streams();
}

void GraphWatch::remove(Graph& graph) {
  const std::lock_guard lock(Structure::mutex());
  std::erase(instance().graphs_, &graph);
  for (const Node* const node : Structure::nodes(graph)) instance().seen_.erase(node);
}

void GraphWatch::forget(const Node& node) { instance().seen_.erase(&node); }

// A node waits if what it gives ends at a closed gate, in front of it or behind nodes that pass on at once.
std::vector<bool> GraphWatch::who_waits(const std::vector<Node*>& nodes,
                                        const std::map<const Node*, std::size_t>& position) {
  std::vector<bool> waits(nodes.size(), false);
  for (bool is_changed = true; is_changed;) {
    is_changed = false;
    for (std::size_t i = nodes.size(); i-- > 0;) {
      if (waits[i]) continue;
      for (const InletBase* to : nodes[i]->downstreams()) {
        const Gate* const gate = to->node->gate(to->port);
        const auto below = position.find(to->node);
        const bool passes_on = below != position.end() && !to->node->is_boundary() && waits[below->second];
        if ((gate && gate->is_closed()) || passes_on) {
          waits[i] = is_changed = true;
          break;
        }
      }
    }
  }
  return waits;
}

bool GraphWatch::sample() {
  const std::lock_guard lock(Structure::mutex());
  bool is_any = false;
  std::size_t count = 0;
  for (Graph* const graph : graphs_) {
    const std::vector<Node*> nodes = Structure::nodes(*graph);
    if (nodes.size() < 2 || nodes.size() > most_nodes || ++count > most_graphs) continue;
    is_any = true;
    std::map<const Node*, std::size_t> position;
    for (std::size_t i = 0; i < nodes.size(); ++i) position[nodes[i]] = i;
    const std::vector<bool> waits = who_waits(nodes, position);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      Seen& seen = seen_[nodes[i]];
      ++seen.samples;
      seen.blocked += waits[i];
      seen.entered += nodes[i]->domain()->is_held();
    }
  }
  return is_any;
}

seeing::StreamSeen GraphWatch::picture_of(const std::vector<Node*>& nodes, double over_s) {
  std::map<const Node*, std::size_t> position;
  for (std::size_t i = 0; i < nodes.size(); ++i) position[nodes[i]] = i;
  seeing::StreamSeen picture;
  std::vector<double> entered;
  for (Node* const node : nodes) {
    Seen& seen = seen_[node];
    if (seen.round == 0 || seen.label_changes != node->label_changes()) seen.label = node->label();
    seen.label_changes = node->label_changes();
    seen.round = round_;
    seeing::StreamNodeSeen one;
    one.label = seen.label;
    one.kind = node->kind();
    one.in = node->elements_in();
    one.out = node->elements_out();
    one.errors = node->errors.value();
    one.queued = node->queued();
    one.in_flight = node->pending();
    // A queue without a gate that gives what it gets: what is neither in it nor behind it is gone.
    const bool is_queue = node->is_boundary() && (one.kind == "buffer" || one.kind == "latest");
    const std::uint64_t known = one.out + one.queued;
    if (is_queue && !node->gate(0) && one.in > known) one.dropped = one.in - known;
    const EventTimeSeen event_time = node->event_time.value();
    one.late = event_time.late;
    one.watermark = event_time.watermark;
    using Unit = EventTimeSeen::Unit;
    one.watermark_unit = event_time.unit == Unit::none     ? ""
                         : event_time.unit == Unit::number ? "number"
                         : event_time.unit == Unit::clock  ? "clock"
                                                           : "seconds";
    one.has_ended = node->has_ended();
    one.is_on_cluster = node->is_on_cluster();
    const std::uint64_t elements = std::max(one.in, node->upstreams().empty() ? one.out : 0);
    const std::uint64_t before = std::exchange(seen.elements, elements);
    one.per_s = over_s > 0 && elements > before ? static_cast<double>(elements - before) / over_s : 0;
    one.blocked = seen.samples ? static_cast<double>(seen.blocked) / seen.samples : 0;
    one.busy = std::max(0.0, node->cost.seconds_each()) * one.per_s;
    entered.push_back(seen.samples ? static_cast<double>(seen.entered) / seen.samples : 0);
    seen.samples = seen.blocked = seen.entered = 0;
    for (const InletBase* to : node->downstreams())
      if (const auto below = position.find(to->node); below != position.end())
        one.below.push_back(below->second);
    picture.nodes.push_back(std::move(one));
  }
  share_time(nodes, entered, picture);
  return picture;
}

// What was measured of single calls says how the nodes of a domain compare; how long they are at work
// together is seen from outside, also while one call takes an hour.
void GraphWatch::share_time(const std::vector<Node*>& nodes, const std::vector<double>& entered,
                            seeing::StreamSeen& picture) {
  std::map<const Domain*, double> measured;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (!picture.nodes[i].is_on_cluster) measured[nodes[i]->domain()] += picture.nodes[i].busy;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    seeing::StreamNodeSeen& node = picture.nodes[i];
    if (node.is_on_cluster) continue;
    if (const double all = measured[nodes[i]->domain()]; all > 0) node.busy *= entered[i] / all;
    node.busy = std::min(node.busy, 1 - node.blocked);
  }
}

std::vector<seeing::StreamSeen> GraphWatch::take(double now_s) {
  const std::lock_guard lock(Structure::mutex());
  const double over_s = now_s - std::exchange(taken_s_, now_s);
  ++round_;
  std::vector<seeing::StreamSeen> all;
  for (Graph* const graph : graphs_) {
    const std::vector<Node*> nodes = Structure::nodes(*graph);
    if (nodes.size() >= 2 && nodes.size() <= most_nodes && all.size() < most_graphs)
      all.push_back(picture_of(nodes, over_s));
  }
  std::erase_if(seen_, [&](const auto& each) { return each.second.round != round_; });
  return all;
}

}  // namespace weir::detail::stream
