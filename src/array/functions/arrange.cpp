// Arrangements of axes, parts, diagonals and triangles: views, and masks of indices.
#include "weir/array/arrange.hpp"

#include <algorithm>
#include <numeric>

#include "array/graph/views.hpp"

namespace weir::detail::array {

std::vector<std::int64_t> moved(std::size_t axes, std::int64_t from, std::int64_t to) {
  const std::size_t a = axis_of("moveaxis", from, axes), b = axis_of("moveaxis", to, axes);
  std::vector<std::int64_t> order(axes);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  order.erase(order.begin() + static_cast<std::ptrdiff_t>(a));
  order.insert(order.begin() + static_cast<std::ptrdiff_t>(b), static_cast<std::int64_t>(a));
  return order;
}
std::vector<std::int64_t> swapped(std::size_t axes, std::int64_t a, std::int64_t b) {
  std::vector<std::int64_t> order(axes);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::swap(order[axis_of("swapaxes", a, axes)], order[axis_of("swapaxes", b, axes)]);
  return order;
}

std::vector<std::int64_t> even_cuts(const NodePtr& x, std::int64_t parts, std::int64_t axis) {
  const std::int64_t extent = shape_of(x)[axis_of("split", axis, shape_of(x).size())];
  if (parts < 1 || extent % parts)
    refuse("split", "the length must be a multiple of the number of parts (got " + std::to_string(extent) +
                        " and " + std::to_string(parts) + ")");
  std::vector<std::int64_t> cuts;
  for (std::int64_t i = 1; i < parts; ++i) cuts.push_back(i * (extent / parts));
  return cuts;
}
std::vector<NodePtr> split(const NodePtr& x, const std::vector<std::int64_t>& at, std::int64_t axis) {
  const std::size_t a = axis_of("split", axis, shape_of(x).size());
  std::vector<NodePtr> parts;
  for (std::size_t i = 0; i <= at.size(); ++i) {
    std::vector<Index> part(a, Index(WholeAxis{}));
    Range range;
    if (i) range.start = at[i - 1];
    if (i < at.size()) range.stop = at[i];
    part.emplace_back(range);
    parts.push_back(array::index(x, part));
  }
  return parts;
}

NodePtr diagonal(std::string_view function, const NodePtr& x, std::int64_t k, std::int64_t axis1,
                 std::int64_t axis2) {
  const Shape& shape = shape_of(x);
  if (shape.size() < 2)
    refuse(function, "the array must have two axes or more (got the shape " + weir::to_text(shape) + ")");
  const std::size_t r = axis_of(function, axis1, shape.size()), c = axis_of(function, axis2, shape.size());
  if (r == c)
    refuse(function, "the two axes must not be the same (got " + std::to_string(axis1) + " and " +
                         std::to_string(axis2) + ")");
  const std::int64_t row = k < 0 ? (k < -shape[r] ? shape[r] : -k) : 0,
                     column = k > 0 ? std::min(k, shape[c]) : 0;
  const std::int64_t count = std::max<std::int64_t>(0, std::min(shape[r] - row, shape[c] - column));
  // Both axes follow the last one of the result, the others stay in their order; its chunks are those of one
  // of both, and views are cut at those of the other.
  const auto last = static_cast<std::int64_t>(shape.size()) - 2;
  SmallVector<AxisMap, 4> maps;
  Shape out;
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (a == r) {
      maps.push_back({row, 1, last});
    } else if (a == c) {
      maps.push_back({column, 1, last});
    } else {
      maps.push_back({0, 1, static_cast<std::int64_t>(out.size())});
      out.push_back(shape[a]);
    }
  }
  out.push_back(count);
  return affine(std::string(function), x, maps, out);
}

namespace {

// column - row over the last two axes of a grid.
NodePtr distance(const Grid& grid) {
  Dims steps;
  steps.resize(static_cast<std::uint32_t>(grid.axes()));
  steps[static_cast<std::uint32_t>(grid.axes() - 2)] = -1;
  steps[static_cast<std::uint32_t>(grid.axes() - 1)] = 1;
  return std::make_shared<IotaNode>(grid, 0, steps);
}
NodePtr element(DType type, std::int64_t value) { return scalar_as("diag", type, value); }

}  // namespace

NodePtr diag(const NodePtr& x, std::int64_t k) {
  const Shape& shape = shape_of(x);
  if (shape.size() == 2) return diagonal("diag", x, k, 0, 1);
  if (shape.size() != 1)
    refuse("diag", "the array must have one or two axes (got the shape " + weir::to_text(shape) + ")");
  if (k == INT64_MIN || std::abs(k) > (std::int64_t{1} << 40))
    refuse("diag", "the diagonal must be nearer than 2^40 (got " + std::to_string(k) + ")");
  const std::int64_t size = shape[0] + std::abs(k);
  // The list as a column (as a row, below the main diagonal), with zeros where the diagonal does not reach.
  const NodePtr line = pad(x, {{0, std::abs(k)}}, PadMode::constant, element(x->type, 0));
  const NodePtr wide = stretched("diag", expand_dims(line, k < 0 ? 0 : 1), {size, size});
  const NodePtr on =
      elementwise(Op::equal, DType::int64, DType::boolean, {distance(wide->grid), element(DType::int64, k)});
  return std::make_shared<DiagonalNode>(
      elementwise(Op::where, x->type, x->type, {on, wide, element(x->type, 0)}), x, k);
}

namespace {

// What a mask of the distances from the diagonal chooses, and zeros. Pieces that are wholly in the triangle,
// or wholly outside, ask no mask.
class TriangleNode : public Node {
 public:
  TriangleNode(const NodePtr& chosen, const NodePtr& x, const NodePtr& zero, std::int64_t k, bool lower)
      : Node(x->type, x->grid, {chosen, x, zero}), k_(k), lower_(lower) {
    weight = chosen->weight;
  }
  std::string name() const override { return lower_ ? "tril" : "triu"; }
  void cut(Planner& planner, const View& view, Cuts& cuts) const override {
    cut_input(planner, *inputs[0], view, cuts);
    cut_input(planner, *inputs[1], view, cuts);
  }
  Register emit(Expression& expression, const View& view) const override {
    const auto [top, bottom] = ends(view, grid.axes() - 2);
    const auto [left, right] = ends(view, grid.axes() - 1);
    const std::int64_t least = left - bottom, most = right - top;
    if (lower_ ? most <= k_ : least >= k_) return expression.emit(*inputs[1], view);
    if (lower_ ? least > k_ : most < k_) return inputs[2]->emit(expression, view);
    return expression.emit(*inputs[0], view);
  }

 private:
  // The smallest and the largest index along an axis.
  static std::pair<std::int64_t, std::int64_t> ends(const View& view, std::size_t axis) {
    const AxisMap& map = view.maps[axis];
    const std::int64_t last =
        map.axis < 0 ? map.start
                     : map.start + map.step * (view.shape[static_cast<std::size_t>(map.axis)] - 1);
    return std::minmax(map.start, last);
  }
  std::int64_t k_;
  bool lower_;
};

}  // namespace

NodePtr triangle(const NodePtr& x, std::int64_t k, bool lower) {
  const Shape& shape = shape_of(x);
  if (shape.size() < 2)
    refuse(lower ? "tril" : "triu",
           "the array must have two axes or more (got the shape " + weir::to_text(shape) + ")");
  const NodePtr kept = elementwise(lower ? Op::less_equal : Op::greater_equal, DType::int64, DType::boolean,
                                   {distance(x->grid), element(DType::int64, k)});
  const NodePtr zero = element(x->type, 0);
  return std::make_shared<TriangleNode>(elementwise(Op::where, x->type, x->type, {kept, x, zero}), x, zero, k,
                                        lower);
}

}  // namespace weir::detail::array
