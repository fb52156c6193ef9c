// Reports, text and pictures of a graph; the stall detector.
#include "weir/stream/describe.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "core/log.hpp"
#include "stream/graph/structure.hpp"
#include "weir/error.hpp"

namespace weir {

namespace {

using detail::stream::InletBase;
using detail::stream::Node;

using Positions = std::map<const Node*, std::size_t>;

/// How the graph is connected now, and how much each node has done since the last look at it.
void look_at(Node& node, const Positions& position, NodeReport& result) {
  const auto now = detail::stream::Cost::Clock::now();
  const std::uint64_t elements =
      std::max(node.elements_in(), node.upstreams().empty() ? node.elements_out() : 0);
  const double seconds = std::chrono::duration<double>(now - node.last_look.time).count();
  if (seconds > 0) result.per_s = static_cast<double>(elements - node.last_look.elements) / seconds;
  node.last_look = {now, elements};
  for (const InletBase* to : node.downstreams()) {
    result.below.push_back(position.at(to->node));
    const detail::stream::Gate* const gate = to->node->gate(to->port);
    result.is_full = result.is_full || (gate && gate->is_closed());
  }
}

void report_of(Node& node, const Positions& position, NodeReport& result) {
  result.label = node.label();
  result.kind = node.kind();
  result.in = node.elements_in();
  result.out = node.elements_out();
  result.errors = node.errors.value();
  result.queued = node.queued();
  result.late = node.event_time.value().late;
  result.in_flight = node.pending();
  result.has_ended = node.has_ended();
  result.is_on_cluster = node.is_on_cluster();
  result.seconds_each = node.cost.seconds_each();
  result.shape = node.shape();
  if (const Node* const target = node.controls()) result.controls = static_cast<int>(position.at(target));
}

/// Which nodes nothing feeds; of a pure cycle, the first.
std::vector<std::size_t> roots(const std::vector<NodeReport>& nodes) {
  std::vector<bool> is_fed(nodes.size(), false);
  for (const NodeReport& node : nodes) {
    for (const std::size_t below : node.below) is_fed[below] = true;
  }
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!is_fed[i]) result.push_back(i);
  }
  if (result.empty() && !nodes.empty()) result.push_back(0);
  return result;
}

std::string three_digits(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 1000 ? "%.3g" : "%.0f", value);
  return text;
}
std::string time_text(double seconds) {
  if (seconds < 1e-6) return three_digits(seconds * 1e9) + " ns";
  if (seconds < 1e-3) return three_digits(seconds * 1e6) + " us";
  if (seconds < 1) return three_digits(seconds * 1e3) + " ms";
  return three_digits(seconds) + " s";
}

void describe_below(const std::vector<NodeReport>& nodes, std::size_t at, int depth,
                    std::set<std::size_t>& seen, std::string& text) {
  const NodeReport& node = nodes[at];
  text += std::string(static_cast<std::size_t>(2 * depth), ' ') + node.label;
  if (!seen.insert(at).second) {
    text += " (above)\n";
    return;
  }
  text += "  in " + std::to_string(node.in) + ", out " + std::to_string(node.out);
  if (node.per_s > 0) text += ", " + three_digits(node.per_s) + "/s";
  if (node.queued > 0) text += ", queued " + std::to_string(node.queued);
  if (node.in_flight > 0) text += ", in flight " + std::to_string(node.in_flight);
  if (node.late > 0) text += ", late " + std::to_string(node.late);
  if (node.errors > 0) text += ", errors " + std::to_string(node.errors);
  if (node.is_full) text += ", waits for room below";
  if (node.has_ended) text += ", ended";
  text += '\n';
  for (const std::size_t below : node.below) describe_below(nodes, below, depth + 1, seen, text);
}

std::string dot_text(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace

std::vector<NodeReport> report(const StreamHandle& stream) {
  Positions position;
  std::vector<detail::stream::NodeRef> nodes;
  std::vector<NodeReport> result;
  const auto graph = [&] {
    const std::lock_guard no_changes(detail::stream::Structure::mutex());
    auto of = detail::stream::Graph::of(stream.node());
    nodes = of->nodes();
    for (std::size_t i = 0; i < nodes.size(); ++i) position[nodes[i]] = i;
    result.resize(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) look_at(*nodes[i], position, result[i]);
    return of;
  }();
  for (std::size_t i = 0; i < nodes.size(); ++i) report_of(*nodes[i], position, result[i]);
  return result;
}

std::string describe(const StreamHandle& stream) {
  const std::vector<NodeReport> nodes = report(stream);
  std::string text;
  std::set<std::size_t> seen;
  for (const std::size_t root : roots(nodes)) describe_below(nodes, root, 0, seen, text);
  const auto slowest = std::max_element(
      nodes.begin(), nodes.end(),
      [](const NodeReport& a, const NodeReport& b) { return a.seconds_each < b.seconds_each; });
  if (slowest != nodes.end() && slowest->seconds_each >= 0)
    text += "slowest: " + slowest->label + ", " + time_text(slowest->seconds_each) + " for an element\n";
  return text;
}

std::string graphviz(const StreamHandle& stream) {
  const std::vector<NodeReport> nodes = report(stream);
  std::string text = "digraph stream {\n  rankdir=TB;\n  node [style=filled, fillcolor=white];\n";
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    std::string label = nodes[i].label.substr(1, nodes[i].label.size() - 2);
    text += "  n" + std::to_string(i) + " [label=" + dot_text(label) + ", shape=" + nodes[i].shape +
            (nodes[i].is_on_cluster ? ", fillcolor=lightblue" : "") + "];\n";
  }
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto& below = nodes[i].below;
    for (std::size_t order = 0; order < below.size(); ++order) {
      text += "  n" + std::to_string(i) + " -> n" + std::to_string(below[order]);
      if (below.size() > 1) text += " [label=" + dot_text(std::to_string(order)) + "]";
      text += ";\n";
    }
    if (nodes[i].controls >= 0)
      text += "  n" + std::to_string(i) + " -> n" + std::to_string(nodes[i].controls) + " [style=dotted];\n";
  }
  return text + "}\n";
}

std::filesystem::path visualize(const StreamHandle& stream, const std::filesystem::path& file) {
  const std::string format = file.extension().string();
  const bool is_text = format.empty() || format == ".dot" || format == ".gv";
  std::filesystem::path text_file = file;
  if (!is_text) text_file += ".dot";
  std::ofstream out(text_file, std::ios::trunc);
  out << graphviz(stream);
  out.close();
  if (!out)
    throw Error(ErrorKind::io,
                "visualize: cannot write '" + text_file.string() + "': " + std::strerror(errno));
  if (is_text) return text_file;
  const auto in_quotes = [](const std::string& path) {
    std::string result = "'";
    for (const char c : path) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
  };
  const std::string command = "dot -T" + in_quotes(format.substr(1)) + " " + in_quotes(text_file.string()) +
                              " -o " + in_quotes(file.string()) + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) return text_file;
  std::filesystem::remove(text_file);
  return file;
}

// --- StallDetector

struct StallDetector::Watch {
  StreamHandle stream;
  std::chrono::nanoseconds patience;
  std::function<void(const std::string&)> stalled;
  std::uint64_t moved = 0;
  bool was_waiting = false, told = false;
  std::optional<Timer> timer;

  /// A node that holds elements while nothing moves; one that is full before others.
  void look() {
    std::uint64_t now = 0;
    detail::stream::NodeRef blocking;
    std::size_t waiting = 0;
    for (Node* node : detail::stream::Graph::of(stream.node())->nodes()) {
      now += node->in.value() + node->out.value();
      const std::size_t left =
          std::max(node->pending(), node->gate(0) && node->gate(0)->is_closed() ? node->queued() : 0);
      if (left > waiting) {
        waiting = left;
        blocking = node;
      }
    }
    const bool stands = blocking && was_waiting && now == moved;
    if (stands && !told)
      stalled("stream: nothing has moved for " + to_string(patience) + "; " + std::to_string(waiting) +
              " elements wait in " + blocking->label());
    told = stands;
    was_waiting = static_cast<bool>(blocking);
    moved = now;
    timer->arm(timer->loop().now() + patience);
  }
};

StallDetector::StallDetector(const StreamHandle& stream, Duration patience,
                             std::function<void(const std::string&)> stalled)
    : watch_(new Watch{stream, patience.value(), std::move(stalled)}) {
  if (patience.value() <= std::chrono::nanoseconds::zero())
    throw Error(ErrorKind::invalid_argument, "StallDetector: patience must be positive");
  if (!watch_->stalled)
    watch_->stalled = [](const std::string& sentence) { detail::log::warn("{}", sentence); };
  const EventLoop loop = detail::stream::Graph::of(stream.node())->loop();
  watch_->timer.emplace(loop, [watch = watch_.get()] { watch->look(); });
  watch_->timer->arm(loop.now());
}

StallDetector::~StallDetector() = default;

}  // namespace weir
