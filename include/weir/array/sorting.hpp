// Orders: sort, argsort, argtopk, unique, searchsorted, isin, and where elements are not zero. NaN is beyond
// all numbers. Complex numbers have no order here.
#pragma once

#include <algorithm>

#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

namespace weir {

namespace detail::array {
[[nodiscard]] NodePtr sort(const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr argsort(const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr argtopk(const NodePtr& x, std::int64_t k, std::int64_t axis);
struct UniqueNodes {
  NodePtr values, counts;
};
[[nodiscard]] UniqueNodes unique(const NodePtr& x);
[[nodiscard]] NodePtr searchsorted(const NodePtr& sorted, const NodePtr& x, bool right);
[[nodiscard]] NodePtr isin(const NodePtr& x, const NodePtr& values);
[[nodiscard]] std::vector<NodePtr> nonzero(const NodePtr& x);
[[nodiscard]] NodePtr argwhere(const NodePtr& x);
template <class T>
concept Ordered = Element<T> && !is_complex(dtype_of<T>);
}  // namespace detail::array

/// The elements in growing order along an axis, NaN last.
///
/// An array with one axis in several chunks is sorted by all workers: every chunk by itself, then each piece
/// of the result merges what belongs there. Which that is, is found out now, so the sorted chunks are
/// computed now and kept.
/// **Shape.** As the array, in its chunks. **Errors.** As `compute`. Throws `Error{invalid_argument}` if
/// there is no such axis.
/// **Cost.** A task holds about two chunks, however many equal elements there are; the array may be larger
/// than all memory. Of more than 32 chunks small ones are joined; n then give n * n parts, each a task where
/// there are several processes or too little memory. With more axes the sorted one is rechunked to be whole:
/// a line must fit into the memory of one worker.
/// **Source.** Sample sort (Frazer, McKellar 1970), with ties told apart by where they come from.
template <detail::array::Ordered T>
[[nodiscard]] Array<T> sort(const Array<T>& x, std::int64_t axis = -1) {
  return Array<T>(detail::array::sort(x.node(), axis));
}
/// Where the elements of `sort` are in the array; equal ones in their order. **Errors.** As `sort`.
/// **Cost.** As `sort`, with an index beside each element.
template <detail::array::Ordered T>
[[nodiscard]] Array<std::int64_t> argsort(const Array<T>& x, std::int64_t axis = -1) {
  return Array<std::int64_t>(detail::array::argsort(x.node(), axis));
}
/// Where the elements of `topk` are: the k largest, largest first, for negative k the smallest; the first of
/// equal ones first. **Errors.** Throws `Error{invalid_argument}` if there are fewer elements than |k|, or no
/// such axis. **Cost.** The axis is rechunked to be whole.
template <detail::array::Ordered T>
[[nodiscard]] Array<std::int64_t> argtopk(const Array<T>& x, std::int64_t k, std::int64_t axis = -1) {
  return Array<std::int64_t>(detail::array::argtopk(x.node(), k, axis));
}

/// Different elements, and how often there is each.
template <class T>
struct Unique {
  Array<T> values;               ///< Growing; NaN once, at the end.
  Array<std::int64_t> counts{};  ///< As many.
};
/// The different elements of an array and how often there is each; computed now and kept on the workers,
/// since nothing else tells how many there are.
///
/// **Shape.** One axis each, whatever the array's. **Errors.** As `compute`.
/// **Cost.** As `sort` of the different elements of each chunk: a task holds what one chunk has, twice, and
/// their counts; the array, and what is different in it, may be larger than all memory.
template <detail::array::Ordered T>
[[nodiscard]] Unique<T> unique(const Array<T>& x) {
  const detail::array::UniqueNodes nodes = detail::array::unique(x.node());
  return {Array<T>(nodes.values), Array<std::int64_t>(nodes.counts)};
}

/// On which side of equal elements `searchsorted` puts a number.
enum class Side { left, right };
/// How many elements of a sorted list come before each number: where it would have to be put in.
///
/// **Shape.** As `x`; `sorted` has one axis and must fit into a task. **Errors.** Throws
/// `Error{invalid_argument}` if it has other axes.
template <detail::array::Ordered T, detail::array::Ordered U>
[[nodiscard]] Array<std::int64_t> searchsorted(const Array<T>& sorted, const Array<U>& x,
                                               Side side = Side::left) {
  return Array<std::int64_t>(detail::array::searchsorted(sorted.node(), x.node(), side == Side::right));
}
/// The bin of each number: i if bins[i - 1] <= x < bins[i], or with `right` bins[i - 1] < x <= bins[i].
///
/// **Errors.** Throws `Error{invalid_argument}` if the bins fall.
template <detail::array::Ordered T>
[[nodiscard]] Array<std::int64_t> digitize(const Array<T>& x, const std::vector<double>& bins,
                                           bool right = false) {
  for (std::size_t i = 1; i < bins.size(); ++i)
    if (!(bins[i - 1] <= bins[i]))
      throw Error(ErrorKind::invalid_argument, "digitize: the bins must not fall (bin " + std::to_string(i) +
                                                   " is " + std::to_string(bins[i]) + " after " +
                                                   std::to_string(bins[i - 1]) + ")");
  xt::xarray<double> list(xt::xarray<double>::shape_type{bins.size()});
  std::copy(bins.begin(), bins.end(), list.data());
  return detail::array::in_name_of(
      "digitize", [&] { return searchsorted(from_xtensor(list), x, right ? Side::left : Side::right); });
}
/// Whether each element is one of these values, which must fit into a task. NaN is none. **Errors.** As
/// `compute`.
template <detail::array::Ordered T, detail::array::Ordered U>
[[nodiscard]] Array<bool> isin(const Array<T>& x, const Array<U>& values) {
  return Array<bool>(detail::array::isin(x.node(), values.node()));
}

/// Indices of the elements that are not zero, an array for each axis, in row-major order.
///
/// **Errors.** Throws `Error{invalid_argument}` for an array without axes. As `compute`. **Cost.** How many
/// there are is counted now.
template <class T>
[[nodiscard]] std::vector<Array<std::int64_t>> nonzero(const Array<T>& x) {
  std::vector<Array<std::int64_t>> axes;
  for (const detail::array::NodePtr& node : detail::array::nonzero(x.node())) axes.emplace_back(node);
  return axes;
}
/// Indices where the condition is true: `nonzero`. **Errors.** and **Cost.** as there.
[[nodiscard]] inline std::vector<Array<std::int64_t>> where(const Array<bool>& condition) {
  return detail::array::in_name_of("where", [&] { return nonzero(condition); });
}
/// The indices of `nonzero` as a matrix: a row for each element, a column for each axis. **Errors.** and
/// **Cost.** as there.
template <class T>
[[nodiscard]] Array<std::int64_t> argwhere(const Array<T>& x) {
  return Array<std::int64_t>(detail::array::argwhere(x.node()));
}

}  // namespace weir
