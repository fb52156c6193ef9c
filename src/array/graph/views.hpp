// Making nodes that are views of others; shared by indexing and the functions of shapes.
#pragma once

#include "array/graph/nodes.hpp"

namespace weir::detail::array {

/// Chunks of an affine view of a grid: cut where the input is.
[[nodiscard]] Grid affine_grid(const Grid& input, const SmallVector<AxisMap, 4>& maps, const Shape& shape);
[[nodiscard]] NodePtr affine(std::string name, const NodePtr& input, const SmallVector<AxisMap, 4>& maps,
                             const Shape& shape);
/// Throws if the shapes do not fit.
[[nodiscard]] NodePtr broadcast(std::string_view function, const NodePtr& x, const Shape& shape);
/// The same in chunks of its own, so that all workers take part where it has many elements of few.
[[nodiscard]] NodePtr stretched(std::string_view function, const NodePtr& x, const Shape& shape);
/// Two stacks of matrices along the last two axes as stacks of one shape, broadcast to each other. Throws if
/// they do not fit.
[[nodiscard]] std::pair<NodePtr, NodePtr> in_one_stack(std::string_view function, const NodePtr& a,
                                                       const NodePtr& b);
/// Chunks of what is made of two such stacks along their axes but the last two.
[[nodiscard]] Chunks stack_chunks(const NodePtr& a, const NodePtr& b);
/// A piece of a list of indices with even steps: `count` of them from position `at` on.
struct IndexRun {
  std::int64_t at, start, step, count;
};
constexpr std::size_t most_runs = 16;  ///< A list of more is not cut into views.
/// Not all of them if they are more than `most`.
[[nodiscard]] std::vector<IndexRun> runs_of(const std::int64_t* list, std::int64_t count, std::size_t most);
/// Elements at these indices along an axis, which must be in range. `array`: int64 that are there and give
/// the same indices, or null; there negative ones may count from the end.
[[nodiscard]] NodePtr take(const NodePtr& x, std::size_t axis, std::vector<std::int64_t> indices,
                           const NodePtr& array = nullptr);
/// The least and the greatest index of a chunk of a list.
struct ListEnds {
  std::int64_t low = INT64_MAX, high = -1;
};
/// Of each chunk of int64 that are there and have one axis, found by tasks; those below 0 count from the end.
/// Nothing if one is out of range, or if they are so few runs that the list should be read.
[[nodiscard]] std::vector<ListEnds> ends_of_list(const NodePtr& array, std::int64_t extent);
/// Elements along an axis of an array that is there, at the indices of such a list, which tasks read.
[[nodiscard]] NodePtr take_listed(const NodePtr& x, std::size_t axis, const NodePtr& array,
                                  std::vector<ListEnds> ends);
/// Elements along an axis where a mask with one axis is true; or, if the mask has all axes, in row-major
/// order.
[[nodiscard]] NodePtr select(const NodePtr& x, std::size_t axis, const NodePtr& mask);
/// The indices along an axis of what is true in a mask, in row-major order.
[[nodiscard]] NodePtr places_in(const NodePtr& mask, std::size_t axis);
/// The indices of what is true in a mask, in row-major order, as a matrix with a row for each.
[[nodiscard]] NodePtr points_in(const NodePtr& mask);
/// `x` with these values where `select` finds them. `values`: broadcastable to what `select` gives, with the
/// axis of the mask at `place`.
[[nodiscard]] NodePtr set_selected(const NodePtr& x, std::size_t axis, const NodePtr& mask,
                                   const NodePtr& values, std::size_t place);
/// Lists of indices in range, one for each of the first axes of an array, row-major in a shape.
struct Points {
  Shape shape;
  std::vector<std::vector<std::int64_t>> lists;
  [[nodiscard]] std::int64_t count() const {
    return lists.empty() ? 1 : static_cast<std::int64_t>(lists[0].size());
  }
};
/// Elements at these points: axes of the points, then the others of x.
[[nodiscard]] NodePtr take_points(const NodePtr& x, const Points& points);
/// `x` with these values at the points, the last where there are several; one row of values for each point,
/// all of them alike if there is one value.
[[nodiscard]] NodePtr set_points(const NodePtr& x, const Points& points, const NodePtr& values,
                                 bool is_one_value);
/// Exact sums or products of integers along an axis, which stays with one element: the planes of their states
/// (`array/kernels/exact.hpp`) are the first axis.
[[nodiscard]] NodePtr exact_totals(bool product, const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr concatenated(std::vector<NodePtr> parts, std::size_t axis);

}  // namespace weir::detail::array
