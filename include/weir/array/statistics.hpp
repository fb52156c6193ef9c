// Statistics and small numerical tools, put together from others: averages, covariance, differences,
// products.
#pragma once

#include <algorithm>
#include <utility>

#include "weir/array/arrange.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/scan.hpp"

namespace weir {

/// Which elements of a convolution `convolve` gives.
enum class Overlapping {
  full,  ///< Where the lists overlap at all: n + m - 1.
  same,  ///< The middle of these: max(n, m).
  valid  ///< Where one list lies wholly in the other: max(n, m) - min(n, m) + 1.
};

namespace detail::array {
[[nodiscard]] NodePtr convolve(const NodePtr& a, const NodePtr& b, Overlapping mode, DType type);
/// Throws unless every length can be divided by its factor, or (`trim`) is made so.
[[nodiscard]] NodePtr in_blocks(const NodePtr& x, const std::vector<std::int64_t>& factors, bool trim);
/// Weights as an array of the shape of x.
[[nodiscard]] NodePtr weights_along(const NodePtr& x, const NodePtr& weights, const Axes& folded);
/// The sums of two arrays of one type and shape over the same axes, in one pass: what both are made of is
/// read once. Real or complex numbers.
[[nodiscard]] std::pair<NodePtr, NodePtr> sums_of_both(const NodePtr& a, const NodePtr& b, const Reduce& how);
/// The same array; a task fails with the rule if an element is 0.
[[nodiscard]] NodePtr not_zero(std::string rule, const NodePtr& x);
}  // namespace detail::array

/// The largest less the smallest element over axes; integers wrap around, as those of `-` do. **Errors.** As
/// `min`.
template <class T>
[[nodiscard]] Array<T> ptp(const Array<T>& x, const Reduce& how = {}) {
  return detail::array::in_name_of("ptp", [&] { return x.max(how) - x.min(how); });
}
/// Mean with weights: sum(x w) / sum(w).
///
/// Weights have as many axes as the array and are broadcast to it; or they are one list along the axis that
/// is folded.
/// **Errors.** Throws `Error{invalid_argument}` if the weights do not fit so. A task fails if the weights of
/// an element of the result add up to 0, whichever it is. **Source.** NumPy's `average`.
template <class T, class W>
[[nodiscard]] auto average(const Array<T>& x, const Array<W>& weights, const Reduce& how = {}) {
  using R = detail::array::Floating<detail::array::Promoted<T, W>>;  // in which integers do not wrap around
  return detail::array::in_name_of("average", [&] {
    const Array<W> along(detail::array::weights_along(x.node(), weights.node(), how.axis));
    const Array<R> each = along.template astype<R>();
    const auto [sum, weight] =
        detail::array::sums_of_both((x.template astype<R>() * each).node(), each.node(), how);
    return Array<R>(sum) /
           Array<R>(detail::array::not_zero("average: the weights must not add up to 0", weight));
  });
}

/// Differences of neighbours along an axis, n times; of bools whether they differ. Integers wrap around, as
/// those of `-` do.
///
/// **Errors.** Throws `Error{invalid_argument}` for negative n, or if there is no such axis.
template <class T>
[[nodiscard]] Array<T> diff(const Array<T>& x, int n = 1, std::int64_t axis = -1) {
  if (n < 0)
    throw Error(ErrorKind::invalid_argument, "diff: n must be at least 0 (got " + std::to_string(n) + ")");
  return detail::array::in_name_of("diff", [&] {
    Array<T> y = x;
    const std::vector<std::int64_t> first{1}, last{-1};
    for (int i = 0; i < n; ++i) y = split(y, first, axis)[1] - split(y, last, axis)[0];
    return y;
  });
}
/// Central differences along an axis, one-sided at its ends, for elements at a distance from each other.
///
/// **Errors.** Throws `Error{invalid_argument}` for fewer than 2 elements or no such axis. **Source.**
/// NumPy's `gradient`, first order.
template <class T>
[[nodiscard]] auto gradient(const Array<T>& input, double distance = 1, std::int64_t axis = -1) {
  using R = detail::array::Floating<T>;
  const Array<R> x = input.template astype<R>(),
                 step = detail::array::in_name_of("gradient", [&] { return diff(x, 1, axis); });
  if (step.shape(
          static_cast<std::size_t>(axis < 0 ? axis + static_cast<std::int64_t>(x.dimension()) : axis)) == 0)
    throw Error(ErrorKind::invalid_argument,
                "gradient: there must be at least 2 elements along the axis (the shape is " +
                    to_text(x.shape()) + ")");
  const auto after = split(x, std::vector<std::int64_t>{2}, axis)[1],
             before = split(x, std::vector<std::int64_t>{-2}, axis)[0];
  return concatenate(std::vector<Array<R>>{split(step, std::vector<std::int64_t>{1}, axis)[0] / distance,
                                           (after - before) / (2 * distance),
                                           split(step, std::vector<std::int64_t>{-1}, axis)[1] / distance},
                     axis);
}

/// The convolution of two lists: element i is the sum of a[j] b[i - j] over all j.
///
/// **Shape.** (n) and (m) in; `mode` says which of the n + m - 1 come out. **Errors.** Throws
/// `Error{invalid_argument}` if there are other axes or no elements; a task fails so if a sum of integers
/// does not fit into the type of the result. **Cost.** n m multiplications, by all workers; the shorter list
/// must fit into a task. **Source.** NumPy's `convolve`.
template <class T, class U>
[[nodiscard]] auto convolve(const Array<T>& a, const Array<U>& b, Overlapping mode = Overlapping::full) {
  using R = detail::array::Promoted<T, U>;
  return Array<R>(detail::array::convolve(a.node(), b.node(), mode, detail::array::dtype_of<R>));
}

/// Every block of `factors[a]` elements along each axis folded into one: `coarsen(x, {2, 2}, [](const auto&
/// x, const Reduce& how) { return x.mean(how); })` halves an image.
///
/// **Shape.** Lengths divided by their factors. **Errors.** Throws `Error{invalid_argument}` unless there is
/// one factor of at least 1 for each axis that divides its length; with `trim` what is left over is left out.
/// **Cost.** One pass; chunks that end within a block are joined first. **Source.** `dask.array.coarsen`.
///
/// \param fold  Folds an array over the axes it is told: called once, with an array of twice the axes.
template <class T, class F>
[[nodiscard]] auto coarsen(const Array<T>& x, const std::vector<std::int64_t>& factors, F&& fold,
                           bool trim = false) {
  std::vector<std::int64_t> inner;
  for (std::size_t a = 0; a < factors.size(); ++a) inner.push_back(static_cast<std::int64_t>(2 * a + 1));
  return fold(Array<T>(detail::array::in_blocks(x.node(), factors, trim)), Reduce{.axis = inner});
}

/// Products of every element of one array with every one of another. **Shape.** (n) and (m), raveled, in, (n,
/// m) out. **Errors.** Throws `Error{invalid_argument}` for 2^59 products and more.
template <class T, class U>
[[nodiscard]] auto outer(const Array<T>& a, const Array<U>& b) {
  return detail::array::in_name_of("outer",
                                   [&] { return expand_dims(ravel(a), 1) * expand_dims(ravel(b), 0); });
}
/// NumPy's `dot`: the product of matrices and vectors; of more axes, the sum over the last axis of `a` and
/// the last but one of `b`; with an array without axes, the product with a number. **Errors.** Throws
/// `Error{invalid_argument}` if the extents of these axes differ.
template <class T, class U>
[[nodiscard]] auto dot(const Array<T>& a, const Array<U>& b) {
  return detail::array::in_name_of("dot", [&] {
    if (a.dimension() == 0 || b.dimension() == 0) return a * b;
    if (a.dimension() <= 2 && b.dimension() <= 2) return matmul(a, b);
    return tensordot(a, b, {-1}, {b.dimension() == 1 ? -1 : -2});
  });
}

/// Covariances of the rows of a matrix, each a variable; its columns are observations. Divided by n - ddof,
/// or by 0 if that is negative, as `var` is.
///
/// **Shape.** (m, n) in, (m, m) out. **Errors.** Throws `Error{invalid_argument}` unless there are two axes.
template <class T>
[[nodiscard]] auto cov(const Array<T>& input, double ddof = 1) {
  using R = detail::array::Floating<T>;
  if (input.dimension() != 2)
    throw Error(ErrorKind::invalid_argument,
                "cov: the array must be a matrix (got the shape " + to_text(input.shape()) + ")");
  const Array<R> x = input.template astype<R>();
  const Array<R> apart = x - x.mean({.axis = 1, .keepdims = true});
  return matmul(apart, conj(transpose(apart))) / std::max(static_cast<double>(x.shape(1)) - ddof, 0.0);
}
/// Correlations of the rows of a matrix: covariances divided by both deviations. **Errors.** As `cov`.
template <class T>
[[nodiscard]] auto corrcoef(const Array<T>& x) {
  const auto c = detail::array::in_name_of("corrcoef", [&] { return cov(x); });
  const auto deviation = sqrt(diagonal(c));
  return c / expand_dims(deviation, 1) / expand_dims(deviation, 0);
}

}  // namespace weir
