// Counts of elements: histogram, histogram2d, bincount.
#pragma once

#include <initializer_list>
#include <optional>
#include <utility>
#include <vector>

#include "weir/array/elementwise.hpp"

namespace weir {

/// Equal bins, named where they are given: `Bins{.count = 20, .range = {{0.0, 1.0}}}`.
struct Bins {
  std::int64_t count = 10;  ///< How many.
  /// Lower edge of the first and upper edge of the last one; by default the smallest and the largest element,
  /// which are found out now.
  std::optional<std::pair<double, double>> range{};
};
/// What `histogram` gives with its edges.
struct Histogram {
  Array<std::int64_t> counts;   ///< One for each bin.
  std::vector<double> edges{};  ///< One more.
};
/// What `histogram2d` gives with its edges.
struct Histogram2d {
  Array<std::int64_t> counts;     ///< A row for each bin of the first list, a column for each of the second.
  std::vector<double> x_edges{};  ///< One more than rows.
  std::vector<double> y_edges{};  ///< One more than columns.
};

namespace detail::array {
[[nodiscard]] NodePtr histogram(const NodePtr& x, const std::vector<double>& edges);
[[nodiscard]] NodePtr histogram2d(const NodePtr& x, const NodePtr& y, const std::vector<double>& x_edges,
                                  const std::vector<double>& y_edges);
[[nodiscard]] std::vector<double> even_edges(const char* function, const NodePtr& x, const Bins& bins);
/// `weights` may be null.
[[nodiscard]] NodePtr bincount(const NodePtr& x, const NodePtr& weights, std::int64_t minlength);
template <class T>
concept Countable = !is_complex(dtype_of<T>);
}  // namespace detail::array

/// How many elements lie between neighbouring edges; the last bin includes its upper edge. Elements outside
/// and NaN are not counted.
///
/// **Shape.** One less than edges. **Errors.** Throws `Error{invalid_argument}` unless there are at least two
/// edges, none below the one before it. An empty bin lies between equal ones.
template <detail::array::Countable T>
[[nodiscard]] Array<std::int64_t> histogram(const Array<T>& x, const std::vector<double>& edges) {
  return Array<std::int64_t>(
      detail::array::histogram(detail::array::cast(x.node(), detail::array::DType::float64), edges));
}
/// The same; numbers in braces are edges, also a single one, never a number of bins. **Errors.** As there.
template <detail::array::Countable T>
[[nodiscard]] Array<std::int64_t> histogram(const Array<T>& x, std::initializer_list<double> edges) {
  return histogram(x, std::vector<double>(edges));
}
/// The same in equal bins, with their edges: `histogram(x)`, `histogram(x, Bins{.count = 20})`.
///
/// **Errors.** Throws `Error{invalid_argument}` for less than 1 bin, or if the range does not grow or is not
/// finite, as where elements are infinite or NaN. **Cost.** Without a range x is computed once more, now.
/// **Source.** NumPy's `histogram`, and its edges; of equal elements the range is one wide around them.
template <detail::array::Countable T>
[[nodiscard]] Histogram histogram(const Array<T>& x, const Bins& bins = {}) {
  std::vector<double> edges = detail::array::even_edges("histogram", x.node(), bins);
  return {histogram(x, edges), std::move(edges)};
}
/// The same with `bins` equal bins between two numbers. **Errors.** As there.
template <detail::array::Countable T>
[[nodiscard]] Array<std::int64_t> histogram(const Array<T>& x, std::int64_t bins, double low, double high) {
  return histogram(x, Bins{.count = bins, .range = {{low, high}}}).counts;
}

/// How many pairs of elements of two arrays lie between neighbouring edges of both.
///
/// **Errors.** As `histogram`. Throws `Error{invalid_argument}` if the shapes differ.
template <detail::array::Countable T, detail::array::Countable U>
[[nodiscard]] Array<std::int64_t> histogram2d(const Array<T>& x, const Array<U>& y,
                                              const std::vector<double>& x_edges,
                                              const std::vector<double>& y_edges) {
  using detail::array::cast, detail::array::DType;
  return Array<std::int64_t>(detail::array::histogram2d(cast(x.node(), DType::float64),
                                                        cast(y.node(), DType::float64), x_edges, y_edges));
}
/// The same in equal bins of both, with their edges. **Errors.** and **Cost.** as `histogram`.
template <detail::array::Countable T, detail::array::Countable U>
[[nodiscard]] Histogram2d histogram2d(const Array<T>& x, const Array<U>& y, const Bins& of_x = {},
                                      const Bins& of_y = {}) {
  std::vector<double> x_edges = detail::array::even_edges("histogram2d", x.node(), of_x),
                      y_edges = detail::array::even_edges("histogram2d", y.node(), of_y);
  return {histogram2d(x, y, x_edges, y_edges), std::move(x_edges), std::move(y_edges)};
}

/// How often there is each of the numbers 0, 1, 2, ... in a list of integers.
///
/// **Shape.** One more than the largest number, at least `minlength`. **Errors.** Throws
/// `Error{invalid_argument}` if there are other than one axis or a negative number. **Cost.** The smallest
/// and the largest number are found out now; the counts of each chunk of the list must fit into a task.
template <class T>
requires(detail::array::kind_of(detail::array::dtype_of<T>) < 2)
    [[nodiscard]] Array<std::int64_t> bincount(const Array<T>& x, std::int64_t minlength = 0) {
  return Array<std::int64_t>(detail::array::bincount(x.node(), nullptr, minlength));
}
/// The sums of the weights of each number. **Errors.** As above, and if the shapes differ.
template <class T, detail::array::Countable W>
requires(detail::array::kind_of(detail::array::dtype_of<T>) < 2)
    [[nodiscard]] Array<double> bincount(const Array<T>& x, const Array<W>& weights,
                                         std::int64_t minlength = 0) {
  return Array<double>(detail::array::bincount(
      x.node(), detail::array::cast(weights.node(), detail::array::DType::float64), minlength));
}

}  // namespace weir
