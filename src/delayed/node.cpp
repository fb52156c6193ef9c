#include "weir/detail/delayed/node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace weir::detail::delayed {

void NodeRef::release(const Node* node) noexcept {
  if (node->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  // A node that goes lets go of those it needs: what is last there waits here, not on the stack.
  thread_local std::vector<const Node*>* waiting = nullptr;
  if (waiting) {
    waiting->push_back(node);
    return;
  }
  std::vector<const Node*> list{node};
  waiting = &list;
  while (!list.empty()) {
    const Node* next = list.back();
    list.pop_back();
    delete next;
  }
  waiting = nullptr;
}

/// One graph while its tasks are submitted; no other is meanwhile.
class Submission {
 public:
  explicit Submission(const std::shared_ptr<client::ClusterLink>& link) : link_(link), only_one_(mutex()) {}
  ~Submission() {
    for (const Node* node : touched_) {
      node->entered_ = false;
      node->task_ = {};
    }
  }
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  client::FutureRef of(const Node* root) {
    std::vector<const Node*> open{root};
    while (!open.empty()) {
      const Node* node = open.back();
      if (node->task_) {
        open.pop_back();
      } else if (!node->entered_) {
        node->entered_ = true;
        touched_.push_back(node);
        const std::size_t before = open.size();
        node->needs(open);
        std::reverse(open.begin() + static_cast<std::ptrdiff_t>(before), open.end());
      } else {
        open.pop_back();
        node->task_ = node->submit(link_);
      }
    }
    return root->task_;
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  const std::shared_ptr<client::ClusterLink>& link_;
  std::lock_guard<std::mutex> only_one_;
  std::vector<const Node*> touched_;
};

std::vector<client::FutureRef> submit(const std::shared_ptr<client::ClusterLink>& link,
                                      const std::vector<NodeRef>& roots) {
  std::vector<client::FutureRef> tasks;
  tasks.reserve(roots.size());
  Submission submission(link);
  for (const NodeRef& root : roots) tasks.push_back(submission.of(root.get()));
  return tasks;
}

std::string graph_text(const std::vector<NodeRef>& roots) {
  std::unordered_map<const Node*, std::size_t> numbers;
  std::vector<const Node*> order;
  const auto number = [&](const Node* node) {
    const auto [place, is_new] = numbers.emplace(node, order.size());
    if (is_new) order.push_back(node);
    return place->second;
  };
  for (const NodeRef& root : roots) number(root.get());
  std::string text = "digraph weir {\n  rankdir=BT;\n  node [shape=box];\n";
  std::vector<const Node*> needs;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::string label;
    for (const char letter : order[i]->name()) {
      if (letter == '"' || letter == '\\') label += '\\';
      label += letter;
    }
    text += fmt::format("  n{} [label=\"{}\"];\n", i, label);
    needs.clear();
    order[i]->needs(needs);
    for (const Node* need : needs) text += fmt::format("  n{} -> n{};\n", number(need), i);
  }
  return text + "}\n";
}

}  // namespace weir::detail::delayed
