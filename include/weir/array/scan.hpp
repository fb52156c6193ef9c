// Running sums, orders and distributions: cumsum, topk, sort, histogram, percentile.
#pragma once

#include "weir/array/elementwise.hpp"

namespace weir {

namespace detail::array {
[[nodiscard]] NodePtr cumulative(bool product, const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr topk(const NodePtr& x, std::int64_t k, std::int64_t axis);
[[nodiscard]] NodePtr histogram(const NodePtr& x, const std::vector<double>& edges);
[[nodiscard]] NodePtr percentile(const NodePtr& x, const std::vector<double>& q, std::int64_t axis);
}  // namespace detail::array

/// Sums of all elements up to each, along an axis.
///
/// **Cost.** Two passes: sums of chunks, which are added up along the axis, then running sums within chunks.
template <class T>
[[nodiscard]] auto cumsum(const Array<T>& x, std::int64_t axis = -1) {
  return Array<detail::array::Summed<T>>(detail::array::cumulative(
      false, detail::array::cast(x.node(), detail::array::dtype_of<detail::array::Summed<T>>), axis));
}
template <class T>
[[nodiscard]] auto cumprod(const Array<T>& x, std::int64_t axis = -1) {
  return Array<detail::array::Summed<T>>(detail::array::cumulative(
      true, detail::array::cast(x.node(), detail::array::dtype_of<detail::array::Summed<T>>), axis));
}
/// The k largest elements along an axis, largest first; for negative k the smallest, smallest first.
///
/// **Errors.** Throws `Error{invalid_argument}` if there are fewer elements than that.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<T> topk(const Array<T>& x, std::int64_t k, std::int64_t axis = -1) {
  return Array<T>(detail::array::topk(x.node(), k, axis));
}
/// How many elements lie between neighbouring edges; the last bin includes its upper edge. Elements outside
/// are not counted.
///
/// **Errors.** Throws `Error{invalid_argument}` unless there are at least two edges, growing.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<std::int64_t> histogram(const Array<T>& x, const std::vector<double>& edges) {
  return Array<std::int64_t>(
      detail::array::histogram(detail::array::cast(x.node(), detail::array::DType::float64), edges));
}
/// The same with `bins` equal bins between two numbers.
template <class T>
[[nodiscard]] Array<std::int64_t> histogram(const Array<T>& x, std::int64_t bins, double low, double high) {
  if (bins < 1)
    throw Error(ErrorKind::invalid_argument,
                "histogram: there must be at least 1 bin (got " + std::to_string(bins) + ")");
  std::vector<double> edges;
  for (std::int64_t i = 0; i <= bins; ++i)
    edges.push_back(i == bins ? high
                              : low + (high - low) * static_cast<double>(i) / static_cast<double>(bins));
  return histogram(x, edges);
}
/// Percentiles along an axis, exact, interpolated linearly between elements.
///
/// **Shape.** The axis becomes one element per percentage. NaN if there is one.
/// **Cost.** The axis is rechunked to be whole: a line must fit into the memory of one worker.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> percentile(const Array<T>& x, const std::vector<double>& percent,
                                           std::int64_t axis = -1) {
  return Array<double>(
      detail::array::percentile(detail::array::cast(x.node(), detail::array::DType::float64), percent, axis));
}
/// The middle element along an axis (the mean of two), exact.
template <class T>
[[nodiscard]] Array<double> median(const Array<T>& x, std::int64_t axis = -1) {
  const Array<double> middle = percentile(x, {50}, axis);
  return Array<double>(detail::array::reduce(detail::array::Reduction::sum, middle.node(), {.axis = axis},
                                             detail::array::DType::float64));
}

}  // namespace weir
