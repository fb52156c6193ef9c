// GraphWatch: the graphs of this process, for people who look.
#pragma once

#include <map>

#include "seeing/streams.hpp"
#include "stream/graph/structure.hpp"

namespace weir::detail::stream {

/// Reads counts, gates and edges of all graphs, under the mutex of `Structure` and without waiting for a
/// domain: a function that takes an hour keeps nobody waiting.
///
/// That a node waits for room below is sampled here, and that an emission runs in its domain. Nodes of one
/// domain share that time by what their elements take, of which `Cost` has samples.
class GraphWatch final : public seeing::StreamWatch {
 public:
  /// A graph comes and goes.
  static void add(Graph& graph);
  static void remove(Graph& graph);
  /// A node goes; under the mutex.
  static void forget(const Node& node);

  bool sample() override;
  [[nodiscard]] std::vector<seeing::StreamSeen> take(double now_s) override;

  static constexpr std::size_t most_graphs = 20, most_nodes = 200;

 private:
  struct Seen {
    std::uint64_t elements = 0;
    std::uint32_t samples = 0, blocked = 0, entered = 0, label_changes = 0;
    std::string label;
    std::uint64_t round = 0;  // in which it was there
  };
  static GraphWatch& instance();
  static std::vector<bool> who_waits(const std::vector<Node*>& nodes,
                                     const std::map<const Node*, std::size_t>& position);
  static void share_time(const std::vector<Node*>& nodes, const std::vector<double>& entered,
                         seeing::StreamSeen& picture);
  seeing::StreamSeen picture_of(const std::vector<Node*>& nodes, double over_s);

  std::vector<Graph*> graphs_;
  std::map<const Node*, Seen> seen_;
  double taken_s_ = 0;
  std::uint64_t round_ = 0;
};

}  // namespace weir::detail::stream
