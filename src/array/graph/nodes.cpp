// Nodes that are fused: how a view of each follows from views of its inputs.
#include "array/graph/nodes.hpp"

#include <algorithm>

#include "array/graph/straight.hpp"
#include "weir/array/array.hpp"

namespace weir::detail::array {

namespace {

constexpr int heaviest = 250;  // instructions; longer expressions are computed in several tasks

int weight_of(const std::vector<NodePtr>& inputs) {
  int weight = 1;
  for (const NodePtr& input : inputs) weight += input->is_barrier() || input->keep ? 1 : input->weight;
  return weight;
}

}  // namespace

std::size_t axis_of(std::string_view function, std::int64_t axis, std::size_t axes) {
  const auto n = static_cast<std::int64_t>(axes);
  if (axis < -n || axis >= n)
    refuse(function, "axis must be in [" + std::to_string(-n) + ", " + std::to_string(n) + ") (got " +
                         std::to_string(axis) + ")");
  return static_cast<std::size_t>(axis < 0 ? axis + n : axis);
}

AxisFlags named_axes(std::string_view function, const Axes& named, std::size_t axes) {
  AxisFlags is_named;
  is_named.resize(static_cast<std::uint32_t>(axes));
  std::ranges::fill(is_named, named.is_all);
  for (const std::int64_t axis : named.list) {
    const std::size_t a = axis_of(function, axis, axes);
    if (is_named[a]) refuse(function, "an axis must be named once (got " + std::to_string(axis) + " again)");
    is_named[a] = true;
  }
  return is_named;
}

NodePtr kept(const NodePtr& node) {
  if (node->is_barrier() || node->keep) return node;
  auto same = std::make_shared<RegridNode>(node, node->shared_grid);
  same->keep = true;
  return same;
}

// --- elementwise

ElementNode::ElementNode(Op op, DType compute, DType second, DType out, GridPtr grid,
                         std::vector<NodePtr> all, std::array<std::uint64_t, 4> immediate)
    : Node(out, std::move(grid), std::move(all)),
      op(op),
      compute_(compute),
      second_(second),
      immediate_(immediate) {
  weight = weight_of(inputs);
  keep = weight > heaviest;
}

View ElementNode::input_view(const Node& input, const View& view) const {
  const std::size_t skipped = grid.axes() - input.grid.axes();
  if (skipped == 0 && input.grid.shape == grid.shape) return view;
  View theirs;
  theirs.shape = view.shape;
  for (std::size_t a = 0; a < input.grid.axes(); ++a)
    theirs.maps.push_back(input.grid.shape[a] == 1 && grid.shape[a + skipped] != 1 ? AxisMap{0, 0, -1}
                                                                                   : view.maps[a + skipped]);
  return theirs;
}

void ElementNode::cut(Planner& planner, const View& view, Cuts& cuts) const {
  for (const NodePtr& input : inputs) cut_input(planner, *input, input_view(*input, view), cuts);
}

namespace {

// Where the elements of a view lie in the row-major order (or any other) of their node: first position and
// steps along the axes of the loop.
void place(Expression& expression, Code& code, const View& view, std::int64_t start, const Dims& steps) {
  code.offset = start;
  Dims each;
  each.resize(view.shape.size());
  for (std::size_t a = 0; a < view.maps.size(); ++a) {
    code.offset += view.maps[a].start * steps[a];
    if (view.maps[a].axis >= 0)
      each[static_cast<std::size_t>(view.maps[a].axis)] += view.maps[a].step * steps[a];
  }
  code.steps = expression.steps(each);
}

}  // namespace

template <class EmitInput>
Code ElementNode::code(CodeList& list, EmitInput emit_input) const {
  Code one;
  one.op = op;
  one.in = compute_;
  one.second = second_;
  one.out = type;
  one.immediate = immediate_;
  std::uint16_t* const registers[] = {&one.a, &one.b, &one.c};
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Register r = emit_input(*inputs[i]);
    const bool as_it_is = (op == Op::where && i == 0) || is_cast(op);
    *registers[i] = as_it_is ? r : list.cast(r, is_binary(op) && i == 1 ? second_ : compute_);
  }
  if (is_cast(op)) one.in = list.type(one.a);
  return one;
}

Register ElementNode::emit(Expression& expression, const View& view) const {
  Code one =
      code(expression, [&](const Node& input) { return expression.emit(input, input_view(input, view)); });
  if (op == Op::checked_cast) {
    place(expression, one, view, 0, row_major(dims(grid.shape)));
    one.immediate = {expression.steps(dims(grid.shape)), grid.axes()};
  }
  return expression.add(one);
}

bool ElementNode::emit_straight(StraightStep& step, Register& result) const {
  if (op == Op::checked_cast || !step.counts(*this)) return false;
  bool all = true;
  const Code one = code(step, [&](const Node& input) {
    Register r = 0;
    all = all && step.emit(input, r);
    return all ? r : step.add({});  // the code is not used
  });
  if (all) result = step.add(one);
  return all;
}

// --- leaves

Code ConstantNode::code() const {
  Code one;
  one.op = Op::constant;
  one.in = one.out = type;
  one.immediate = value_;
  return one;
}
bool ConstantNode::emit_straight(StraightStep& step, Register& result) const {
  result = step.add(code());
  return true;
}

Register IotaNode::emit(Expression& expression, const View& view) const {
  Code one;
  one.op = Op::iota;
  one.in = one.out = type;
  place(expression, one, view, start_, steps_);
  return expression.add(one);
}

namespace {

// Whether a view is a box of a node whose axes are those of the loop.
bool is_box(const Grid& grid, const View& view) {
  if (view.shape.size() != grid.axes()) return false;
  for (std::size_t a = 0; a < grid.axes(); ++a)
    if (view.maps[a].axis != static_cast<std::int64_t>(a) || view.maps[a].step != 1) return false;
  return true;
}

}  // namespace

bool DiagonalNode::direct(TaskBuilder& task, const View& view, std::uint32_t& operand) const {
  if (!is_box(grid, view)) return false;
  operand = task.temporary(type, view.shape, Fold::sum);  // which starts from 0
  const std::int64_t top = view.maps[0].start, left = view.maps[1].start, first = std::max(top, left - k_),
                     count = std::min(top + view.shape[0], left + view.shape[1] - k_) - first;
  if (count <= 0) return true;
  const View line = box_view(Dims{std::min(first, first + k_)}, Dims{count});
  task.fill(*inputs[1], line,
            {.operand = operand,
             .offset = (first - top) * view.shape[1] + first + k_ - left,
             .steps = Dims{view.shape[1] + 1}});
  return true;
}

bool FileNode::direct(TaskBuilder& task, const View& view, std::uint32_t& operand) const {
  if (!is_box(grid, view)) return false;
  Dims start;
  for (const AxisMap& map : view.maps) start.push_back(map.start);
  operand = task.file(file_, type, start, view.shape);
  return true;
}

Register FileNode::emit(Expression& expression, const View& view) const {
  Dims low, box;
  for (const AxisMap& map : view.maps) {
    const std::int64_t last =
        map.axis < 0 ? map.start
                     : map.start + map.step * (view.shape[static_cast<std::size_t>(map.axis)] - 1);
    low.push_back(std::min(map.start, last));
    box.push_back(std::max(map.start, last) - low[low.size() - 1] + 1);
  }
  return expression.load(expression.task.file(file_, type, low, box), type, box, low, view);
}

// --- other views

AffineNode::AffineNode(std::string name, NodePtr input, Grid grid, SmallVector<AxisMap, 4> maps)
    : Node(input->type, std::move(grid), {input}), name_(std::move(name)), maps_(maps) {
  weight = input->weight;
}

View AffineNode::input_view(const View& view) const {
  View theirs;
  theirs.shape = view.shape;
  for (const AxisMap& map : maps_) {
    if (map.axis < 0) {
      theirs.maps.push_back({map.start, 0, -1});
    } else {
      const AxisMap& mine = view.maps[static_cast<std::size_t>(map.axis)];
      theirs.maps.push_back({map.start + map.step * mine.start, map.step * mine.step, mine.axis});
    }
  }
  return theirs;
}
void AffineNode::cut(Planner& planner, const View& view, Cuts& cuts) const {
  cut_input(planner, *inputs[0], input_view(view), cuts);
}
Register AffineNode::emit(Expression& expression, const View& view) const {
  return expression.emit(*inputs[0], input_view(view));
}
bool AffineNode::direct(TaskBuilder& task, const View& view, std::uint32_t& operand) const {
  if (task.planner.is_barrier(*inputs[0])) return false;
  return inputs[0]->direct(task, input_view(view), operand);
}

// --- one after the other

namespace {

// Along the other axes the largest part decides about the chunks.
Grid joined(const std::vector<NodePtr>& parts, std::size_t axis) {
  Chunks chunks = (*std::ranges::max_element(parts, {}, [](const NodePtr& part) {
                    return part->grid.size();
                  }))->grid.chunks;
  chunks[axis].clear();
  for (const NodePtr& part : parts)
    for (const std::int64_t size : part->grid.chunks[axis])
      if (size) chunks[axis].push_back(size);
  if (chunks[axis].empty()) chunks[axis].push_back(0);
  return Grid(std::move(chunks));
}

}  // namespace

ConcatenateNode::ConcatenateNode(std::vector<NodePtr> parts, std::size_t axis)
    : Node(parts[0]->type, joined(parts, axis), parts), axis_(axis), starts_{0} {
  for (const NodePtr& part : parts) {
    starts_.push_back(starts_.back() + part->grid.shape[axis]);
    weight = std::max(weight, part->weight);
  }
}

std::size_t ConcatenateNode::find(std::int64_t index) const {
  return static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end() - 1, index) -
                                  starts_.begin() - 1);
}

void ConcatenateNode::cut(Planner& planner, const View& view, Cuts& cuts) const {
  const AxisMap& map = view.maps[axis_];
  const std::int64_t count =
      map.axis < 0 || map.step == 0 ? 1 : view.shape[static_cast<std::size_t>(map.axis)];
  for (std::int64_t k = 0; k < count;) {
    const std::int64_t index = map.start + map.step * k;
    const std::size_t part = find(index);
    std::int64_t next = count;
    if (count > 1) {
      if (k) cuts.add(map.axis, k);
      next = map.step > 0 ? (starts_[part + 1] - map.start + map.step - 1) / map.step
                          : (map.start - starts_[part]) / -map.step + 1;
      next = std::min(next, count);
    }
    View theirs = view;
    theirs.maps[axis_].start = index - starts_[part];
    if (count > 1) {
      const auto axis = static_cast<std::size_t>(map.axis);
      theirs.shape[axis] = next - k;
      for (std::size_t a = 0; a < theirs.maps.size(); ++a)
        if (a != axis_ && theirs.maps[a].axis == map.axis) theirs.maps[a].start += k * theirs.maps[a].step;
    }
    Cuts inner;
    inner.at.resize(cuts.at.size());
    cut_input(planner, *inputs[part], theirs, inner);
    for (std::size_t axis = 0; axis < inner.at.size(); ++axis)
      for (const std::int64_t position : inner.at[axis])
        cuts.add(static_cast<std::int64_t>(axis),
                 position + (count > 1 && static_cast<std::int64_t>(axis) == map.axis ? k : 0));
    k = next;
  }
}

const Node* ConcatenateNode::through(View& view) const {
  if (view.empty()) return nullptr;
  AxisMap& map = view.maps[axis_];
  const std::int64_t count = map.axis < 0 ? 1 : view.shape[static_cast<std::size_t>(map.axis)];
  const std::size_t part = find(map.start);
  if (find(map.start + map.step * (count - 1)) != part) return nullptr;
  map.start -= starts_[part];
  return inputs[part].get();
}

Register ConcatenateNode::emit(Expression& expression, const View& view) const {
  const std::size_t part = find(view.maps[axis_].start);
  View theirs = view;
  theirs.maps[axis_].start -= starts_[part];
  return expression.emit(*inputs[part], theirs);
}

}  // namespace weir::detail::array
