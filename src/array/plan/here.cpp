// What is small is computed by the thread that asks for it, without tasks.
#include "array/graph/node.hpp"
#include "client/values_here.hpp"
#include "weir/future.hpp"

namespace weir::detail::array {

namespace {

constexpr std::size_t few_nodes = 64;

bool is_lost(const client::FutureRef& held) {
  const Status status = held->status.load(std::memory_order_acquire);
  return status == Status::error || status == Status::cancelled;
}

class Measured {
 public:
  explicit Measured(client::ValuesHere* held) : held_(held) {}
  /// Whether all that is computed for this node, and is not there, is little, and what is there is here or
  /// can be brought.
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
  /// What lies in other processes is kept here from now on.
  void bring(client::ClusterLink& core) const {
    std::vector<client::FutureState*> all;
    for (const HeldNode* node : elsewhere_)
      for (const client::FutureRef& held : node->chunks()) all.push_back(held.get());
    if (all.size() > 1) core.prefetch(all);
    for (const HeldNode* node : elsewhere_) {
      std::vector<task::Value> chunks;
      for (const client::FutureRef& held : node->chunks()) {
        core.fetch(*held.get(), std::nullopt);
        chunks.push_back(value_of(node->type, *held.get()));
      }
      node->keep_here(std::move(chunks));
    }
  }

 private:
  [[nodiscard]] bool is_there(const Node& node) {
    const std::int64_t count = node.grid.count();
    const bool is_kept = node.here(0) != nullptr;
    if (count > static_cast<std::int64_t>(few_nodes) || (!is_kept && !held_)) return false;
    bool is_elsewhere = false;
    for (std::int64_t chunk = 0; chunk < count; ++chunk) {
      const client::FutureRef& held = *node.held(chunk);
      if (is_lost(held)) return false;
      if (is_kept) continue;
      if (held->status.load(std::memory_order_acquire) != Status::finished) return false;
      is_elsewhere = is_elsewhere || held_->is_elsewhere(*held.get());
    }
    if (!is_elsewhere) return true;
    const auto* const whole = dynamic_cast<const HeldNode*>(&node);
    if (!whole || !whole->may_be_here()) return false;
    elsewhere_.push_back(whole);
    return true;
  }
  static task::Value value_of(DType type, client::FutureState& state) {
    if (state.has_small)
      dispatch(type,
               [&]<class T>(std::type_identity<T>) { (void)client::unpack_small<xt::xarray<T>>(state); });
    return state.value;
  }
  client::ValuesHere* const held_;
  std::vector<const Node*> seen_;
  std::vector<const HeldNode*> elsewhere_;
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

std::uint32_t Planner::take_held(const Node& node, std::int64_t chunk) {
  const task::Value* const kept = node.here(chunk);
  task::Value value = kept ? *kept : here_ ? here_->value_here(*node.held(chunk)->get()) : task::Value();
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
  Measured measured(held);
  if (!measured.is_little(*node)) return {};
  try {
    measured.bring(core);
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
