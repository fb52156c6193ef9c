// Running sums, orders and distributions: cumsum, topk, percentile, quantile, median.
#pragma once

#include "weir/array/elementwise.hpp"
#include "weir/array/histogram.hpp"

namespace weir {

/// What a quantile is that lies between two elements, by NumPy's names.
enum class QuantileMethod : std::uint8_t {
  linear,   ///< On the line between them.
  lower,    ///< The smaller one.
  higher,   ///< The larger one.
  nearest,  ///< The nearer one, in the middle the one at the even place.
  midpoint  ///< The mean of both.
};

namespace detail::array {
[[nodiscard]] NodePtr cumulative(bool product, const NodePtr& x, std::int64_t axis);
[[nodiscard]] NodePtr topk(const NodePtr& x, std::int64_t k, std::int64_t axis);
/// What is asked of each line. `function` is named in errors; `skip`: without the elements that are NaN.
struct Ranks {
  std::string_view function;
  std::vector<double> fractions;
  const Axes& axes;
  QuantileMethod method = QuantileMethod::linear;
  bool skip = false;
};
[[nodiscard]] std::vector<double> fractions_of(std::string_view function, std::vector<double> percent);
/// One element for each fraction along the first axis, before the axes that are not named.
[[nodiscard]] NodePtr quantile(const NodePtr& x, const Ranks& ranks);
[[nodiscard]] NodePtr median(std::string_view function, const NodePtr& x, const Axes& axes, bool skip);
}  // namespace detail::array

/// Sums of all elements up to each, along an axis.
///
/// **Shape.** As the array. **Errors.** Throws `Error{invalid_argument}` if there is no such axis; a task
/// fails so if a sum of integers does not fit into 64 bits.
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
/// Percentiles along an axis, or over several as one, exact; by default on the line between two elements.
///
/// **Shape.** As NumPy's: the percentages along the first axis, then the axes that are not named. Of (4, 5)
/// along axis 1, two percentages give (2, 4). NaN if there is one.
/// **Errors.** Throws `Error{invalid_argument}` for a percentage outside [0, 100], no elements, or an axis
/// that is not there or named twice.
/// **Cost.** The axis is rechunked to be whole, several are laid out as one: a line must fit into the memory
/// of one worker.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> percentile(const Array<T>& x, const std::vector<double>& percent,
                                           const Axes& axes = -1,
                                           QuantileMethod method = QuantileMethod::linear) {
  return Array<double>(detail::array::quantile(
      x.node(), {"percentile", detail::array::fractions_of("percentile", percent), axes, method, false}));
}
/// The same without the elements that are NaN; NaN where there are no others. **Shape.**, **Errors.** and
/// **Cost.** as `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanpercentile(const Array<T>& x, const std::vector<double>& percent,
                                              const Axes& axes = -1,
                                              QuantileMethod method = QuantileMethod::linear) {
  return Array<double>(detail::array::quantile(
      x.node(),
      {"nanpercentile", detail::array::fractions_of("nanpercentile", percent), axes, method, true}));
}
/// `percentile` by fractions in [0, 1]. **Shape.**, **Errors.** and **Cost.** as there.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> quantile(const Array<T>& x, const std::vector<double>& fractions,
                                         const Axes& axes = -1,
                                         QuantileMethod method = QuantileMethod::linear) {
  return Array<double>(detail::array::quantile(x.node(), {"quantile", fractions, axes, method, false}));
}
/// `nanpercentile` by fractions in [0, 1]. **Shape.**, **Errors.** and **Cost.** as there.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanquantile(const Array<T>& x, const std::vector<double>& fractions,
                                            const Axes& axes = -1,
                                            QuantileMethod method = QuantileMethod::linear) {
  return Array<double>(detail::array::quantile(x.node(), {"nanquantile", fractions, axes, method, true}));
}
/// The middle element along an axis, or over several (the mean of two), exact.
///
/// **Shape.** Without the axes. NaN if there is one. **Errors.** Throws `Error{invalid_argument}` if there
/// are no elements, or an axis is not there or named twice. **Cost.** As `percentile`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> median(const Array<T>& x, const Axes& axes = -1) {
  return Array<double>(detail::array::median("median", x.node(), axes, false));
}
/// The middle of the elements that are not NaN; NaN where there are no others. **Errors.** and **Cost.** as
/// `median`.
template <class T>
requires(!detail::array::is_complex(detail::array::dtype_of<T>))
    [[nodiscard]] Array<double> nanmedian(const Array<T>& x, const Axes& axes = -1) {
  return Array<double>(detail::array::median("nanmedian", x.node(), axes, true));
}

}  // namespace weir
