// Structure: the lock under which graphs change shape, and the joining of graphs and domains.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_set>
#include <vector>

#include "weir/detail/stream/graph/outlet.hpp"

namespace weir::detail::stream {

/// A recursive mutex whose threads get it in the order of their coming: who changes a graph without pause
/// keeps nobody from looking at it. Only the first of those who wait wakes.
class FairMutex {
 public:
  void lock();
  void unlock();

 private:
  struct InLine {
    const std::thread::id thread;
    std::condition_variable has_come;
  };
  std::mutex mutex_;
  std::thread::id owner_;  // nobody's: nobody waits either
  unsigned depth_ = 0;
  std::deque<InLine*> waiting_;
};

/// Changes edges. Domains are entered first, the process-wide mutex second; both only for the moment of the
/// change.
struct Structure {
  static FairMutex& mutex();
  static std::vector<NodeRef> upstreams(const Node& node);
  static std::vector<NodeRef> downstreams(const Node& node);
  /// Raw, for who has the mutex for as long as it looks at them.
  static std::vector<Node*> nodes(const Graph& graph);
  /// Null if the graph is ending.
  static std::shared_ptr<Graph> alive(Graph& graph);
  /// Perhaps nothing reaches it any more.
  static void note_cut(Node& node);
  /// Frees what was cut off in `domain`, as soon as this thread leaves it; or with the next change, if
  /// another one is there. Not under the mutex.
  static void sweep_soon(const std::shared_ptr<Graph>& graph, const Domain* domain);
  /// What can be freed, and the domains of other nodes that this had kept.
  struct CutOff {
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<const Domain*> kept;
    bool is_crowded = false;  // more than the reaper likes to have are waiting for it
  };
  /// Inside `domain`, when nothing of it is on this thread's stack.
  static CutOff take_cut_off(Graph& graph, const Domain* domain);
  /// A domain without nodes, perhaps one that others had.
  static std::unique_ptr<Domain> take_domain();
  /// Keeps those without nodes for other graphs.
  static void recycle_domains(Graph& graph);
  /// A node with all that hangs together with it, if nothing reaches it and nobody has a name for it; else
  /// nothing.
  static std::vector<Node*> cut_off_with(Node& first);
  /// Has it freed when it has come to rest.
  static void await_rest(Node& first);
  /// What has come to rest among the next few of `left` that are awaited, and the domains they are entered
  /// in.
  struct Rested {
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<Domain*> entered;
    std::size_t busy = 0;  // those that were looked at and are not at rest
  };
  static Rested take_rested(Graph& graph, std::size_t& left);
  /// Enters all domains of `part` that were not entered before; false, and in none, if another thread is in
  /// one.
  static bool enter_all(const std::vector<Node*>& part, std::vector<Domain*>& entered);
  /// Nodes that are about to go; what they relied on may be next.
  static void take_leave(const std::vector<Node*>& part, std::unordered_set<const Node*>& gone);
  static std::vector<std::unique_ptr<Node>> take_out(Graph& graph,
                                                     const std::unordered_set<const Node*>& gone);
  static void join_graphs(Graph& kept, Graph& other);
  /// A graph that nobody has a handle of any more. One that was joined into another one stays a while: a
  /// thread may have asked a node for it before.
  static void let_go(Graph* graph);
  static void join_domains(Node& a, Node& b);
  /// `subscription`: its number if it has one already; else it is the last.
  static void add_edge(Node& from, InletBase& to, std::uint64_t subscription);
  /// False if there is no such edge. `cut` gets the inlets it led to.
  static bool remove_edge(Node& from, Node& to, std::vector<InletBase*>* cut = nullptr);
  /// An operator that feeds nothing any more, and that nobody but the caller has a name for.
  static bool is_dead_end(const Node& node);
  /// Has nodes look at the stack now and then, which every one of a deep chain would notice.
  static void note_depth(const Node& from, Node& to);
  static void append(Node& node, InletBase& to);
  static void set_fan(Node& node, const std::vector<InletBase*>& inlets);
  static void touch(Graph& graph) { graph.version_.fetch_add(1, std::memory_order_relaxed); }
};

}  // namespace weir::detail::stream
