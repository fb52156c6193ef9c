// What is small is computed by the thread that asks for it, without tasks.
#include "array/graph/node.hpp"
#include "client/values_here.hpp"

namespace weir::detail::array {

namespace {

constexpr std::size_t few_nodes = 64;

class Measured {
 public:
  explicit Measured(bool reaches_held) : reaches_held_(reaches_held) {}
  /// Whether all that is computed for this node, and is not there, is little.
  bool is_little(const Node& node) {
    if (std::ranges::find(seen_, &node) != seen_.end()) return true;
    if (seen_.size() == few_nodes || !node.is_light()) return false;
    seen_.push_back(&node);
    if (node.held(0)) return is_there(node);
    elements_ += node.grid.size() * (node.is_costly() ? 4 : 1);
    // What is folded is read by the one that folds.
    if (node.is_barrier())
      for (const NodePtr& input : node.inputs) elements_ += input->grid.size();
    return elements_ <= few_elements &&
           std::ranges::all_of(node.inputs, [&](const NodePtr& input) { return is_little(*input); });
  }

 private:
  [[nodiscard]] bool is_there(const Node& node) const {
    const std::int64_t count = node.grid.count();
    if (!reaches_held_ || count > static_cast<std::int64_t>(few_nodes)) return false;
    for (std::int64_t chunk = 0; chunk < count; ++chunk)
      if ((*node.held(chunk))->status.load(std::memory_order_acquire) != Status::finished) return false;
    return true;
  }
  const bool reaches_held_;
  std::vector<const Node*> seen_;
  std::int64_t elements_ = 0;
};

}  // namespace

Planner::Planner(const NodePtr& root, client::ValuesHere* held) : carries_out_(true), here_(held) {
  keep_shared({root});
}

std::uint32_t Planner::carry_out(TaskBuilder& task) {
  std::vector<task::Value> inputs;
  inputs.reserve(task.inputs.size());
  for (const std::uint32_t input : task.inputs) inputs.push_back(values_[input]);
  values_.push_back(run_code(task.code, inputs));
  ++tasks_;
  return static_cast<std::uint32_t>(values_.size() - 1);
}

std::uint32_t Planner::take_held(const client::FutureRef& held) {
  task::Value value = here_ ? here_->value_here(*held.get()) : task::Value();
  if (!value) throw NotHere{};
  values_.push_back(std::move(value));
  return static_cast<std::uint32_t>(values_.size() - 1);
}

// What a link is does not change: to ask again costs as much as fifty additions.
client::ValuesHere* values_here(client::ClusterLink& core) {
  static thread_local const client::ClusterLink* asked = nullptr;
  static thread_local const std::type_info* type = nullptr;
  static thread_local client::ValuesHere* here = nullptr;
  if (asked != &core || type != &typeid(core)) {
    asked = &core;
    type = &typeid(core);
    here = dynamic_cast<client::ValuesHere*>(&core);
  }
  return here;
}

std::vector<task::Value> computed_here(const NodePtr& node, client::ClusterLink& core) {
  auto* const held = values_here(core);
  if (!Measured(held != nullptr).is_little(*node)) return {};
  try {
    Planner planner(node, held);
    std::vector<task::Value> chunks;
    for (std::int64_t chunk = 0; chunk < node->grid.count(); ++chunk)
      chunks.push_back(planner.value(planner.chunk(*node, chunk)));
    return chunks;
  } catch (const Planner::NotHere&) {
    return {};
  } catch (const Error&) {
    return {};  // a task fails in the same way, and what it says names it
  }
}

}  // namespace weir::detail::array
