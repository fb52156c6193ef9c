// Running sums, orders and distributions: cumsum, topk, percentile, quantile, median.
#pragma once

#include "weir/array/elementwise.hpp"
#include "weir/array/histogram.hpp"

namespace weir {

namespace detail::array {
[[nodiscard]] NodePtr cumulative(bool product, const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr topk(const NodePtr& x, std::int64_t k, std::int64_t axis);
/// `function` is named in errors; `skip`: without the elements that are NaN.
[[nodiscard]] NodePtr percentile(std::string_view function, const NodePtr& x, std::vector<double> percent,
                                 std::int64_t axis, bool skip);
[[nodiscard]] NodePtr quantile(std::string_view function, const NodePtr& x,
                               const std::vector<double>& fractions, std::int64_t axis, bool skip);
[[nodiscard]] NodePtr median(std::string_view function, const NodePtr& x, std::int64_t axis, bool skip);
}  // namespace detail::array

/// Sums of all elements up to each, along an axis.
///
/// **Shape.** As the array. **Errors.** Throws `Error{invalid_argument}` if there is no such axis.
/// **Cost.** Two passes: sums of chunks, which are added up along the axis, then running sums within chunks.
template <class T>
[[nodiscard]] auto cumsum(const Array<T>& x, std::int64_t axis = -1) {
  return Array<detail::array::Summed<T>>(detail::array::cumulative(
      false, detail::array::cast(x.node(), detail::array::dtype_of<detail::array::Summed<T>>), axis));
}
/// Products of all elements up to each, along an axis. **Errors.** and **Cost.** as `cumsum`.
template <class T>
[[nodiscard]] auto cumprod(const Array<T>& x, std::int64_t axis = -1) {
  return Array<detail::array::Summed<T>>(detail::array::cumulative(
      true, detail::array::cast(x.node(), detail::array::dtype_of<detail::array::Summed<T>>), axis));
}
/// The k largest elements along an axis, largest first; for negative k the smallest, smallest first.
///
/// **Errors.** Throws `Error{invalid_argument}` if there are fewer elements than that, or no such axis.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<T> topk(const Array<T>& x, std::int64_t k, std::int64_t axis = -1) {
  return Array<T>(detail::array::topk(x.node(), k, axis));
}
/// Percentiles along an axis, exact, interpolated linearly between elements.
///
/// **Shape.** As NumPy's: the percentages along the first axis, then the others of the array. Of (4, 5) along
/// axis 1, two percentages give (2, 4). NaN if there is one.
/// **Errors.** Throws `Error{invalid_argument}` for a percentage outside [0, 100], an axis without elements,
/// or if there is no such axis.
/// **Cost.** The axis is rechunked to be whole: a line must fit into the memory of one worker.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> percentile(const Array<T>& x, const std::vector<double>& percent,
                                           std::int64_t axis = -1) {
  return Array<double>(detail::array::percentile("percentile", x.node(), percent, axis, false));
}
/// The same without the elements that are NaN; NaN where there are no others. **Shape.**, **Errors.** and
/// **Cost.** as `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanpercentile(const Array<T>& x, const std::vector<double>& percent,
                                              std::int64_t axis = -1) {
  return Array<double>(detail::array::percentile("nanpercentile", x.node(), percent, axis, true));
}
/// `percentile` by fractions in [0, 1]. **Shape.**, **Errors.** and **Cost.** as there.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> quantile(const Array<T>& x, const std::vector<double>& fractions,
                                         std::int64_t axis = -1) {
  return Array<double>(detail::array::quantile("quantile", x.node(), fractions, axis, false));
}
/// `nanpercentile` by fractions in [0, 1]. **Shape.**, **Errors.** and **Cost.** as there.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanquantile(const Array<T>& x, const std::vector<double>& fractions,
                                            std::int64_t axis = -1) {
  return Array<double>(detail::array::quantile("nanquantile", x.node(), fractions, axis, true));
}
/// The middle element along an axis (the mean of two), exact.
///
/// **Shape.** Without the axis. NaN if there is one. **Errors.** Throws `Error{invalid_argument}` if there is
/// no such axis or it has no elements. **Cost.** As `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> median(const Array<T>& x, std::int64_t axis = -1) {
  return Array<double>(detail::array::median("median", x.node(), axis, false));
}
/// The middle of the elements that are not NaN; NaN where there are no others. **Errors.** and **Cost.** as
/// `median`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanmedian(const Array<T>& x, std::int64_t axis = -1) {
  return Array<double>(detail::array::median("nanmedian", x.node(), axis, true));
}

}  // namespace weir
