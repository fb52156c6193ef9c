// Arrangements: axes moved, arrays split and laid out as grids, diagonals and triangles.
#pragma once

#include <concepts>

#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

namespace weir {

namespace detail::array {
[[nodiscard]] std::vector<std::int64_t> moved(std::size_t axes, std::int64_t from, std::int64_t to);
[[nodiscard]] std::vector<std::int64_t> swapped(std::size_t axes, std::int64_t a, std::int64_t b);
[[nodiscard]] std::vector<NodePtr> split(const NodePtr& x, const std::vector<std::int64_t>& at,
                                         std::int64_t axis);
[[nodiscard]] std::vector<std::int64_t> even_cuts(const NodePtr& x, std::int64_t parts, std::int64_t axis);
[[nodiscard]] NodePtr diagonal(std::string_view function, const NodePtr& x, std::int64_t k,
                               std::int64_t axis1, std::int64_t axis2);
[[nodiscard]] NodePtr diag(const NodePtr& x, std::int64_t k);
[[nodiscard]] NodePtr triangle(const NodePtr& x, std::int64_t k, bool lower);
}  // namespace detail::array

/// With one axis at another place, the others in their order. No task of its own.
///
/// **Errors.** Throws `Error{invalid_argument}` if there is no such axis.
template <class T>
[[nodiscard]] Array<T> moveaxis(const Array<T>& x, std::int64_t from, std::int64_t to) {
  return transpose(x, detail::array::moved(x.dimension(), from, to));
}
/// With two axes exchanged. No task of its own. **Errors.** As `moveaxis`.
template <class T>
[[nodiscard]] Array<T> swapaxes(const Array<T>& x, std::int64_t a, std::int64_t b) {
  return transpose(x, detail::array::swapped(x.dimension(), a, b));
}

/// Parts of an array, cut along an axis before these indices. No task of its own.
///
/// **Shape.** One part more than indices, which count as the bounds of slices do. **Errors.** Throws
/// `Error{invalid_argument}` if there is no such axis. **Source.** NumPy's `split`.
template <class T>
[[nodiscard]] std::vector<Array<T>> split(const Array<T>& x, const std::vector<std::int64_t>& at,
                                          std::int64_t axis = 0) {
  std::vector<Array<T>> parts;
  for (const detail::array::NodePtr& node : detail::array::split(x.node(), at, axis))
    parts.emplace_back(node);
  return parts;
}
/// The same in so many parts of the same length.
///
/// **Errors.** Throws `Error{invalid_argument}` unless the length can be divided so, or if there is no such
/// axis.
template <class T, std::integral N>  // `split(x, {2})` cuts before index 2
[[nodiscard]] std::vector<Array<T>> split(const Array<T>& x, N parts, std::int64_t axis = 0) {
  return split(x, detail::array::even_cuts(x.node(), static_cast<std::int64_t>(parts), axis), axis);
}

/// The order of the axes of `meshgrid`.
enum class GridOrder {
  xy,  ///< The second list along the first axis and the first along the second: rows are y.
  ij   ///< Each list along its own axis.
};
/// The coordinates of a grid: for each list an array of all axes that changes along its own.
///
/// **Shape.** Of lists of 3 and 2 elements (2, 3), with `GridOrder::ij` (3, 2). **Errors.** Throws
/// `Error{invalid_argument}` if the grid would have 2^59 elements and more. **Source.** NumPy's `meshgrid`.
template <class T>
[[nodiscard]] std::vector<Array<T>> meshgrid(const std::vector<Array<T>>& lists,
                                             GridOrder order = GridOrder::xy) {
  const auto axis_of = [&](std::size_t list) {
    return order == GridOrder::xy && lists.size() > 1 && list < 2 ? 1 - list : list;
  };
  Shape shape(lists.size());
  for (std::size_t i = 0; i < lists.size(); ++i) shape[axis_of(i)] = lists[i].size();
  std::vector<Array<T>> grid;
  for (std::size_t i = 0; i < lists.size(); ++i) {
    Shape own(lists.size(), 1);
    own[axis_of(i)] = lists[i].size();
    grid.push_back(
        detail::array::in_name_of("meshgrid", [&] { return broadcast_to(reshape(lists[i], own), shape); }));
  }
  return grid;
}

/// The k-th diagonal of a matrix (0: the main one, above it positive), or of all matrices that lie along two
/// axes. No task of its own.
///
/// **Shape.** Without the two axes, with the diagonal as the last one: of (2, 3, 4) it is (4, 2).
/// **Errors.** Throws `Error{invalid_argument}` for fewer than two axes, one that is not there, or the same
/// axis twice. **Source.** NumPy's `diagonal`.
template <class T>
[[nodiscard]] Array<T> diagonal(const Array<T>& x, std::int64_t k = 0, std::int64_t axis1 = 0,
                                std::int64_t axis2 = 1) {
  return Array<T>(detail::array::diagonal("diagonal", x.node(), k, axis1, axis2));
}
/// Of a matrix its k-th diagonal, of a list the matrix that has it there and zeros elsewhere.
///
/// **Errors.** Throws `Error{invalid_argument}` unless there are one or two axes.
template <class T>
[[nodiscard]] Array<T> diag(const Array<T>& x, std::int64_t k = 0) {
  return Array<T>(detail::array::diag(x.node(), k));
}
/// Zeros above the k-th diagonal of the last two axes. **Errors.** Throws `Error{invalid_argument}` for
/// fewer.
template <class T>
[[nodiscard]] Array<T> tril(const Array<T>& x, std::int64_t k = 0) {
  return Array<T>(detail::array::triangle(x.node(), k, true));
}
/// Zeros below the k-th diagonal of the last two axes. **Errors.** As `tril`.
template <class T>
[[nodiscard]] Array<T> triu(const Array<T>& x, std::int64_t k = 0) {
  return Array<T>(detail::array::triangle(x.node(), k, false));
}
/// Sum of the k-th diagonal of a matrix, or of all matrices that lie along two axes.
///
/// **Shape.** Without the two axes. **Errors.** As `diagonal`. **Source.** NumPy's `trace`.
template <class T>
[[nodiscard]] auto trace(const Array<T>& x, std::int64_t k = 0, std::int64_t axis1 = 0,
                         std::int64_t axis2 = 1) {
  return Array<T>(detail::array::diagonal("trace", x.node(), k, axis1, axis2)).sum({.axis = -1});
}

}  // namespace weir
