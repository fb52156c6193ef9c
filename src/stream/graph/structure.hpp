// Structure: the lock under which graphs change shape, and the joining of graphs and domains.
#pragma once

#include <mutex>

#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

/// Changes edges. Domains are entered first, the process-wide mutex second; both only for the moment of the
/// change.
struct Structure {
  static std::recursive_mutex& mutex();
  static void join_graphs(Graph& kept, Graph& other);
  static void join_domains(Node& a, Node& b);
  /// `subscription`: its number if it has one already; else it is the last.
  static void add_edge(Node& from, InletBase& to, std::uint64_t subscription);
  /// False if there is no such edge. `cut` gets the inlets it led to.
  static bool remove_edge(Node& from, Node& to, std::vector<InletBase*>* cut = nullptr);
  /// Has nodes look at the stack now and then, which every one of a deep chain would notice.
  static void note_depth(const Node& from, Node& to);
  static void append(Node& node, InletBase& to);
  static void set_fan(Node& node, const std::vector<InletBase*>& inlets);
  static void touch(Graph& graph) { graph.version_.fetch_add(1, std::memory_order_relaxed); }
};

}  // namespace weir::detail::stream
