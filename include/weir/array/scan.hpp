// Running sums, orders and distributions: cumsum, topk, percentile, median.
#pragma once

#include "weir/array/elementwise.hpp"
#include "weir/array/histogram.hpp"

namespace weir {

namespace detail::array {
[[nodiscard]] NodePtr cumulative(bool product, const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr topk(const NodePtr& x, std::int64_t k, std::int64_t axis);
/// `skip`: without the elements that are NaN.
[[nodiscard]] NodePtr percentile(const NodePtr& x, const std::vector<double>& q, std::int64_t axis,
                                 bool skip);
[[nodiscard]] NodePtr median(const NodePtr& x, std::int64_t axis, bool skip);
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
/// Percentiles along an axis, exact, interpolated linearly between elements.
///
/// **Shape.** The axis becomes one element per percentage. NaN if there is one.
/// **Cost.** The axis is rechunked to be whole: a line must fit into the memory of one worker.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> percentile(const Array<T>& x, const std::vector<double>& percent,
                                           std::int64_t axis = -1) {
  return Array<double>(detail::array::percentile(detail::array::cast(x.node(), detail::array::DType::float64),
                                                 percent, axis, false));
}
/// The same without the elements that are NaN; NaN where there are no others. **Shape.** and **Cost.** as
/// `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanpercentile(const Array<T>& x, const std::vector<double>& percent,
                                              std::int64_t axis = -1) {
  return Array<double>(detail::array::percentile(detail::array::cast(x.node(), detail::array::DType::float64),
                                                 percent, axis, true));
}
/// The middle element along an axis (the mean of two), exact. **Cost.** As `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> median(const Array<T>& x, std::int64_t axis = -1) {
  return detail::array::in_name_of("median", [&] {
    return Array<double>(
        detail::array::median(detail::array::cast(x.node(), detail::array::DType::float64), axis, false));
  });
}
/// The middle of the elements that are not NaN; NaN where there are no others. **Cost.** As `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanmedian(const Array<T>& x, std::int64_t axis = -1) {
  return detail::array::in_name_of("nanmedian", [&] {
    return Array<double>(
        detail::array::median(detail::array::cast(x.node(), detail::array::DType::float64), axis, true));
  });
}

}  // namespace weir
