// The task of a small array without views: everything is one chunk and lies one element beside the other.
#pragma once

#include "array/graph/node.hpp"

namespace weir::detail::array {

/// A step under construction: a loop over all elements of an array.
class StraightStep : public CodeList {
 public:
  StraightStep(StraightTask& task, const Grid& grid) : task(task), grid(grid) {}
  StraightTask& task;
  const Grid& grid;
  /// Code for a node of this shape, or of one element; false if it has not all it needs here.
  bool emit(const Node& node, Register& result);
  /// Counts a node that is computed; false if that is too much.
  bool counts(const Node& node);

 private:
  struct Known {
    const Node* node;
    Register result;
  };
  [[nodiscard]] bool is_like(const Node& node) const {
    return &node.grid == &grid || (node.grid.shape == grid.shape && node.grid.count() == 1);
  }
  SmallVector<Known, 8> known_;
};

/// The same code as that of the tasks that a planner makes, so that the bits are the same.
class StraightTask {
 public:
  /// `here`: who has what is held; null: nobody.
  StraightTask(const NodePtr& root, client::ValuesHere* here);
  StraightTask(const StraightTask&) = delete;
  ~StraightTask();
  /// Whether all of it can be done here.
  [[nodiscard]] bool is_planned() const noexcept { return is_planned_; }
  /// Computes the root, once; `data` has room for it. False if that fails.
  [[nodiscard]] bool run(void* data);

  /// Appends what folds all elements of a node into an operand: a step, or one for each piece of a line that
  /// goes through chunks that are held.
  bool fold(const Node& from, Fold fold, std::uint32_t operand);

 private:
  friend class StraightStep;
  struct Memory;
  static std::unique_ptr<Memory>& kept_memory();
  struct Known {
    const Node* node;
    std::int64_t chunk;
    std::uint32_t operand;
  };
  struct Folded {
    std::uint32_t operand;
    Fold fold;
  };
  struct alignas(16) Number {
    std::byte bytes[16];
  };
  static constexpr std::uint32_t most_numbers = 4, no_operand = UINT32_MAX;
  /// A chunk that is held, or what is folded to one element, as an operand; `no_operand` if it cannot be.
  std::uint32_t operand(const Node& node, std::int64_t chunk);
  std::uint32_t held_operand(const Node& node, std::int64_t chunk);
  bool fold_view(const Node& held, const View& view, Fold fold, std::uint32_t operand);
  bool counts(const Node& node);
  bool plan(const Node& root);
  bool finish(const CodeList& list, Register result, std::int64_t count, std::uint32_t operand, Fold fold);
  std::uint32_t pool(std::int64_t number);
  std::unique_ptr<Memory> memory_;
  client::ValuesHere* const here_;
  bool is_planned_ = false, any_costly_ = false, is_shared_ = false;
  std::int64_t elements_ = 0;
  SmallVector<Known, 8> known_;
  SmallVector<Folded, most_numbers> folded_;
  SmallVector<const Node*, 16> counted_;  // each once for each step
  Number numbers_[most_numbers];
  std::uint32_t numbers_used_ = 0;
};

}  // namespace weir::detail::array
