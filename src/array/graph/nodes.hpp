// The nodes that are fused into the tasks of others.
#pragma once

#include "array/graph/node.hpp"

namespace weir {
struct Axes;
}

namespace weir::detail::array {

/// One operation on every element.
class ElementNode : public Node {
 public:
  /// `second`: comparisons, the type of the second input if it is not that of the first.
  ElementNode(Op op, DType compute, DType second, DType out, GridPtr grid, std::vector<NodePtr> inputs,
              std::array<std::uint64_t, 4> immediate = {});
  std::string name() const override { return std::string(to_string(op)); }
  bool is_costly() const override { return is_expensive(op); }
  void cut(Planner& planner, const View& view, Cuts& cuts) const override;
  Register emit(Expression& expression, const View& view) const override;
  bool emit_straight(StraightStep& step, Register& result) const override;
  const Op op;

 private:
  View input_view(const Node& input, const View& view) const;
  // The instruction, once the code of its inputs has been emitted, and what converts them.
  template <class EmitInput>
  [[nodiscard]] Code code(CodeList& list, EmitInput emit_input) const;
  DType compute_, second_;
  std::array<std::uint64_t, 4> immediate_;
};

/// One number everywhere.
class ConstantNode : public Node {
 public:
  ConstantNode(DType type, Grid grid, std::array<std::uint64_t, 4> value)
      : Node(type, std::move(grid), {}), value_(value) {}
  ConstantNode(DType type, GridPtr grid, std::array<std::uint64_t, 4> value)
      : Node(type, std::move(grid), {}), value_(value) {}
  std::string name() const override { return "constant"; }
  void cut(Planner&, const View&, Cuts&) const override {}
  Register emit(Expression& expression, const View&) const override { return expression.add(code()); }
  bool emit_straight(StraightStep& step, Register& result) const override;
  [[nodiscard]] const std::array<std::uint64_t, 4>& value() const noexcept { return value_; }

 private:
  [[nodiscard]] Code code() const;
  std::array<std::uint64_t, 4> value_;
};

/// start + sum of step[axis] * index[axis], as int64 or float64: row-major positions, or indices along an
/// axis.
class IotaNode : public Node {
 public:
  IotaNode(Grid grid, std::int64_t start, Dims steps, DType type = DType::int64)
      : Node(type, std::move(grid), {}), start_(start), steps_(steps) {}
  std::string name() const override { return "iota"; }
  void cut(Planner&, const View&, Cuts&) const override {}
  Register emit(Expression& expression, const View& view) const override;

 private:
  std::int64_t start_;
  Dims steps_;
};

/// Another view of the same elements: slices, reversed, transposed, repeated and new axes.
class AffineNode : public Node {
 public:
  /// `maps`: for each axis of the input, where its index comes from.
  AffineNode(std::string name, NodePtr input, Grid grid, SmallVector<AxisMap, 4> maps);
  std::string name() const override { return name_; }
  void cut(Planner& planner, const View& view, Cuts& cuts) const override;
  Register emit(Expression& expression, const View& view) const override;
  bool direct(TaskBuilder& task, const View& view, std::uint32_t& operand) const override;
  const Node* through(View& view) const override {
    view = input_view(view);
    return inputs[0].get();
  }
  [[nodiscard]] const SmallVector<AxisMap, 4>& maps() const noexcept { return maps_; }

 private:
  View input_view(const View& view) const;
  std::string name_;
  SmallVector<AxisMap, 4> maps_;
};

/// Arrays one after the other along an axis.
class ConcatenateNode : public Node {
 public:
  ConcatenateNode(std::vector<NodePtr> parts, std::size_t axis);
  std::string name() const override { return "concatenate"; }
  void cut(Planner& planner, const View& view, Cuts& cuts) const override;
  Register emit(Expression& expression, const View& view) const override;
  const Node* through(View& view) const override;

 private:
  std::size_t find(std::int64_t index) const;
  std::size_t axis_;
  std::vector<std::int64_t> starts_;
};

/// The same elements in other chunks.
class RegridNode : public Node {
 public:
  RegridNode(NodePtr input, Grid grid) : Node(input->type, std::move(grid), {input}) {
    weight = input->weight;
  }
  RegridNode(NodePtr input, GridPtr grid) : Node(input->type, std::move(grid), {input}) {
    weight = input->weight;
  }
  std::string name() const override { return "rechunk"; }
  void cut(Planner& planner, const View& view, Cuts& cuts) const override {
    cut_input(planner, *inputs[0], view, cuts);
  }
  Register emit(Expression& expression, const View& view) const override {
    return expression.emit(*inputs[0], view);
  }
  const Node* through(View&) const override { return inputs[0].get(); }
};

/// A matrix that is 0 but on its k-th diagonal, where it has the elements of a list. Its inputs: the code of
/// each of its elements, of any view; the list.
class DiagonalNode : public Node {
 public:
  DiagonalNode(const NodePtr& elements, const NodePtr& list, std::int64_t k)
      : Node(elements->type, elements->grid, {elements, list}), k_(k) {
    weight = elements->weight;
  }
  std::string name() const override { return "diagonal"; }
  void cut(Planner& planner, const View& view, Cuts& cuts) const override {
    cut_input(planner, *inputs[0], view, cuts);
  }
  Register emit(Expression& expression, const View& view) const override {
    return expression.emit(*inputs[0], view);
  }
  /// A box of zeros in which only the diagonal is written.
  bool direct(TaskBuilder& task, const View& view, std::uint32_t& operand) const override;

 private:
  std::int64_t k_;
};

/// A dataset of a file.
class FileNode : public Node {
 public:
  FileNode(DType type, Grid grid, FileName file) : Node(type, std::move(grid), {}), file_(std::move(file)) {}
  std::string name() const override { return "read"; }
  bool is_light() const override { return false; }
  void cut(Planner&, const View&, Cuts&) const override {}
  Register emit(Expression& expression, const View& view) const override;
  bool direct(TaskBuilder& task, const View& view, std::uint32_t& operand) const override;

  [[nodiscard]] const FileName& file() const noexcept { return file_; }

 private:
  FileName file_;
};

/// Cuts the chunks of what has more elements than any of its inputs, the largest of which has `most`: they
/// may be as large as a product of theirs, perhaps one alone. Then they are no larger than automatic ones;
/// along the first axes, so that rows stay long.
void cut_products(std::string_view function, std::int64_t most, std::size_t element_bytes, Chunks& chunks);
/// The same elements, computed once and kept until all their users are done.
[[nodiscard]] NodePtr kept(const NodePtr& node);
/// The axis counted from the front. Throws if there is no such axis.
[[nodiscard]] std::size_t axis_of(std::string_view function, std::int64_t axis, std::size_t axes);
/// One for each axis.
using AxisFlags = SmallVector<bool, 8>;
/// Which of so many axes are named. Throws if one is not there or named twice.
[[nodiscard]] AxisFlags named_axes(std::string_view function, const Axes& named, std::size_t axes);

}  // namespace weir::detail::array
