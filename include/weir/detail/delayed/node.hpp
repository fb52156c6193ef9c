// Node: a task that has not been submitted yet, and those it needs before it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "weir/detail/client/cluster_link.hpp"

namespace weir::detail::delayed {

class Node;

/// Counts references; the last one deletes, without recursion, however long the chain behind it.
class NodeRef {
 public:
  NodeRef() = default;
  /// Adopts one that `new` made.
  explicit NodeRef(const Node* adopted) noexcept : node_(adopted) {}
  NodeRef(const NodeRef& other) noexcept;
  NodeRef(NodeRef&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  NodeRef& operator=(NodeRef other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~NodeRef() {
    if (node_) release(node_);
  }
  const Node* operator->() const noexcept { return node_; }
  [[nodiscard]] const Node* get() const noexcept { return node_; }
  explicit operator bool() const noexcept { return node_ != nullptr; }

 private:
  static void release(const Node* node) noexcept;
  const Node* node_ = nullptr;
};

/// A task that has not been submitted yet; immutable.
///
/// **Threads.** Any; graphs are submitted one at a time.
class Node {
 public:
  Node() = default;
  Node(const Node&) = delete;
  virtual ~Node() = default;
  /// Appends the nodes whose results this one is given.
  virtual void needs(std::vector<const Node*>& into) const = 0;
  /// Submits the task; those it needs are submitted, and have a `task()`.
  [[nodiscard]] virtual client::FutureRef submit(const std::shared_ptr<client::ClusterLink>& link) const = 0;
  /// For people.
  [[nodiscard]] virtual std::string name() const = 0;
  /// While a graph is being submitted: the task of this node in it.
  [[nodiscard]] const client::FutureRef& task() const noexcept { return task_; }

 private:
  friend class NodeRef;
  friend class Submission;
  mutable std::atomic<std::uint32_t> references_{1};
  mutable bool entered_ = false;
  mutable client::FutureRef task_;
};

/// Submits everything that `roots` need and has no task yet, each node once, needs first; the tasks of the
/// roots.
///
/// **Cost.** A walk over the graph, without recursion; only the tasks of the roots are kept.
[[nodiscard]] std::vector<client::FutureRef> submit(const std::shared_ptr<client::ClusterLink>& link,
                                                    const std::vector<NodeRef>& roots);

/// The graph behind the roots in the language of Graphviz, each node once.
[[nodiscard]] std::string graph_text(const std::vector<NodeRef>& roots);

inline NodeRef::NodeRef(const NodeRef& other) noexcept : node_(other.node_) {
  if (node_) node_->references_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace weir::detail::delayed
