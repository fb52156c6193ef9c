// Linear algebra on chunks: products, decompositions, solving; BLAS and LAPACK inside a chunk.
#pragma once

#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

namespace weir {

namespace detail::array {
[[nodiscard]] NodePtr matmul(const NodePtr& a, const NodePtr& b, DType type);
[[nodiscard]] NodePtr tensordot(const NodePtr& a, const NodePtr& b, const std::vector<std::int64_t>& of_a,
                                const std::vector<std::int64_t>& of_b, DType type);
[[nodiscard]] NodePtr einsum(const std::string& subscripts, const std::vector<NodePtr>& operands, DType type);
struct Factors {
  NodePtr first, second, third;
};
[[nodiscard]] Factors qr(const NodePtr& x);
[[nodiscard]] Factors svd(const NodePtr& x);
[[nodiscard]] Factors svd_compressed(const NodePtr& x, std::int64_t k, int power_iterations,
                                     std::uint64_t seed);
[[nodiscard]] NodePtr lstsq(const NodePtr& a, const NodePtr& b);
[[nodiscard]] NodePtr cholesky(const NodePtr& a);
/// Sign, logarithm of the magnitude, and product.
[[nodiscard]] Factors determinant(std::string_view function, const NodePtr& a);
/// Values and vectors.
[[nodiscard]] Factors eigh(const NodePtr& a);
[[nodiscard]] NodePtr solve(const NodePtr& a, const NodePtr& b);
[[nodiscard]] NodePtr inv(const NodePtr& a);
template <class T>
concept Factored = std::is_same_v<T, float> || std::is_same_v<T, double>;
}  // namespace detail::array

/// Matrix product over the last two axes; axes before them are those of a batch.
///
/// **Shape.** (m, k) and (k, n) in, (m, n) out, in the row chunks of the first and the column chunks of the
/// second; axes of the batch are broadcast. A vector counts as a row on the left and a column on the right.
/// **Errors.** Throws `Error{invalid_argument}` if the inner extents differ, the batches cannot be broadcast,
/// or there is an array without axes; a task fails so if a sum of products of integers does not fit into the
/// type of the result.
/// **Cost.** One task per chunk of the result, which reads a row of chunks and a column of chunks; transposes
/// as they lie, and of a matrix times its own transpose one half.
/// **Source.** NumPy's `matmul`.
template <class T, class U>
[[nodiscard]] auto matmul(const Array<T>& a, const Array<U>& b) {
  using R = detail::array::Promoted<T, U>;
  return Array<R>(detail::array::matmul(a.node(), b.node(), detail::array::dtype_of<R>));
}
/// Sums over these pairs of axes: those of `a`, and as many of `b`.
///
/// **Shape.** The other axes of `a`, then those of `b`. **Errors.** Throws `Error{invalid_argument}` if not
/// as many axes of both are named, one is not there or named twice, or the extents of a pair differ.
/// **Cost.** Tasks lay out pieces of both as matrices, of 16 MiB at most, and multiply them; of integers,
/// both are laid out first, a task for each chunk, and multiplied as `matmul` does.
/// **Source.** NumPy's `tensordot`.
template <class T, class U>
[[nodiscard]] auto tensordot(const Array<T>& a, const Array<U>& b, const std::vector<std::int64_t>& of_a,
                             const std::vector<std::int64_t>& of_b) {
  using R = detail::array::Promoted<T, U>;
  return Array<R>(detail::array::tensordot(a.node(), b.node(), of_a, of_b, detail::array::dtype_of<R>));
}
/// Einstein's summation: `einsum("ij,jk->ik", a, b)`. A letter names an axis wherever it stands; the result
/// sums over those that are not named behind the arrow.
///
/// Without an arrow the result has the letters that are named once, in alphabetical order. A letter that
/// stands twice in one array takes its diagonal. `...` stands for axes that are broadcast.
/// **Errors.** Throws `Error{invalid_argument}`: other letters than axes, extents that differ, a letter of
/// the result that is in no array or in the result twice, broadcast axes that the result leaves out.
/// **Cost.** Arrays are multiplied from left to right, two at a time: as `tensordot`.
/// **Source.** NumPy's `einsum`.
template <class T, class... U>
[[nodiscard]] auto einsum(const std::string& subscripts, const Array<T>& first, const Array<U>&... others) {
  using R = detail::array::Common<Array<T>, Array<U>...>;
  return Array<R>(
      detail::array::einsum(subscripts, {first.node(), others.node()...}, detail::array::dtype_of<R>));
}

/// What `qr` gives: x = q r.
template <class T>
struct Qr {
  Array<T> q;  ///< Orthonormal columns.
  Array<T> r;  ///< Upper triangular.
};
/// What `svd` gives: x = u diag(s) v.
template <class T>
struct Svd {
  Array<T> u;  ///< Left vectors, as columns.
  Array<T> s;  ///< Singular values, largest first.
  Array<T> v;  ///< Right vectors, as rows.
};

/// Q with orthonormal columns and an upper triangular R of a tall matrix, whose product is the matrix.
///
/// **Shape.** (m, n) with m >= n, in chunks of rows; Q has the same chunks.
/// **Errors.** Throws `Error{invalid_argument}` if it is wide or cut along its columns in a way that does not
/// fit one task.
/// **Source.** Tall-skinny QR (Demmel et al.): chunk by chunk, then of the stacked factors.
template <detail::array::Factored T>
[[nodiscard]] Qr<T> qr(const Array<T>& x) {
  const detail::array::Factors f = detail::array::qr(x.node());
  return {Array<T>(f.first), Array<T>(f.second)};
}
/// Singular values, largest first, and vectors of a tall or wide matrix that is narrow one way. The signs
/// make the largest entry of each row of v positive.
///
/// **Shape.** (m, n) in; with k the smaller of both, u is (m, k), s (k), v (k, n). **Errors.** Throws
/// `Error{invalid_argument}` unless there are two axes; a task fails if elements are not finite.
/// **Cost.** As `qr`; k x k must fit into one task.
template <detail::array::Factored T>
[[nodiscard]] Svd<T> svd(const Array<T>& x) {
  const detail::array::Factors f = detail::array::svd(x.node());
  return {Array<T>(f.first), Array<T>(f.second), Array<T>(f.third)};
}
/// The largest k singular values and vectors of any matrix, approximately (Halko, Martinsson, Tropp 2011).
///
/// **Errors.** Throws `Error{invalid_argument}` unless there are two axes and k is in [1, the shorter one]; a
/// task fails if elements are not finite. **Cost.** The matrix is read 2 + 2 `power_iterations` times.
template <detail::array::Factored T>
[[nodiscard]] Svd<T> svd_compressed(const Array<T>& x, std::int64_t k, int power_iterations = 2,
                                    std::uint64_t seed = 0) {
  const detail::array::Factors f = detail::array::svd_compressed(x.node(), k, power_iterations, seed);
  return {Array<T>(f.first), Array<T>(f.second), Array<T>(f.third)};
}
/// The x with the smallest |a x - b|, by QR; a is tall, n columns wide.
///
/// **Errors.** Throws `Error{invalid_argument}` if a is no matrix or wide, or b has other rows. A task fails
/// with "singular" if columns of a depend on each other. **Cost.** Q is not made; n + k columns,
/// those of both sides, and as many rows must fit into one task.
template <detail::array::Factored T>
[[nodiscard]] Array<T> lstsq(const Array<T>& a, const Array<T>& b) {
  return Array<T>(detail::array::lstsq(a.node(), b.node()));
}
/// The lower triangular L with L L^T = a, for symmetric positive definite a in square chunks, block by block;
/// of more axes, that of each matrix along the last two.
///
/// **Errors.** Throws `Error{invalid_argument}` unless a is square; a task fails if it is not positive
/// definite.
/// **Cost.** Blocks are as long as the chunks along the first axis, and at most an eighth of it if that is 64
/// or more; a task holds two rows of them. Of more axes, as `inv`.
template <detail::array::Factored T>
[[nodiscard]] Array<T> cholesky(const Array<T>& a) {
  return Array<T>(detail::array::cholesky(a.node()));
}
/// The x with a x = b, by LU with partial pivoting.
///
/// The matrix is taken in panels of whole columns, its chunks along the second axis or pieces of them, of 64
/// columns or more, up to an eighth of all and 64 MiB; so every pivot is the largest of its column, as
/// LAPACK's is.
/// **Shape.** (n, n) and (n,) or (n, k) in; out as `b`, in its chunks. Of more axes, (..., n, n) and
/// (..., n, k), each matrix along the last two with its own; the axes before are broadcast, and one list (n,)
/// is the right side of all.
/// **Errors.** Throws `Error{invalid_argument}` if a is not square, b has other rows, or the axes before
/// cannot be broadcast; a task fails with "singular" if a pivot is 0. NaN comes out as NaN.
/// **Cost.** p panels of a give p * p / 2 tasks, and 6 or more for each panel of b. A task holds three
/// panels, or a third of a up to 64 MiB; a may be larger than the memory of a worker. Of more axes, a task
/// solves the equations of a chunk of matrices.
/// **Source.** LAPACK's gesv, to rounding; Dask's `solve` chooses pivots inside diagonal chunks only. Stacks
/// as of NumPy 2, where b is a list only if it has one axis.
template <detail::array::Factored T>
[[nodiscard]] Array<T> solve(const Array<T>& a, const Array<T>& b) {
  return Array<T>(detail::array::solve(a.node(), b.node()));
}
/// The inverse, as `solve` gives it for the unit matrix, in the chunks of a; of more axes, the inverse of
/// each matrix along the last two.
///
/// **Errors.** As `solve`. **Cost.** As `solve`; of more axes the last two are rechunked to be whole, and a
/// task inverts the matrices of a chunk.
template <detail::array::Factored T>
[[nodiscard]] Array<T> inv(const Array<T>& a) {
  return Array<T>(detail::array::inv(a.node()));
}
/// What `slogdet` gives: the determinant is sign * exp(log).
template <class T>
struct SignAndLog {
  Array<T> sign;  ///< 1, -1 or 0.
  Array<T> log;   ///< Logarithm of its magnitude; of 0 it is -inf.
};
/// The determinant of a square matrix, by LU; 0 if it is singular. Of more axes, that of each matrix along
/// the last two.
///
/// **Shape.** (..., n, n) in, (...) out. **Errors.** Throws `Error{invalid_argument}` for fewer than two axes
/// or matrices that are not square. **Cost.** As `solve` without a right side; of more axes, as `inv`.
/// **Source.** The product of the pivots.
template <detail::array::Factored T>
[[nodiscard]] Array<T> det(const Array<T>& a) {
  return Array<T>(detail::array::determinant("det", a.node()).third);
}
/// Sign and logarithm of the determinant, where it would be too large or too small for a number. **Errors.**
/// and **Cost.** as `det`.
template <detail::array::Factored T>
[[nodiscard]] SignAndLog<T> slogdet(const Array<T>& a) {
  const detail::array::Factors f = detail::array::determinant("slogdet", a.node());
  return {Array<T>(f.first), Array<T>(f.second)};
}
/// What `eigh` gives: a v = v diag(w).
template <class T>
struct Eigh {
  Array<T> w;  ///< Eigenvalues, smallest first.
  Array<T> v;  ///< Orthonormal vectors, as columns; the largest entry of each is positive.
};
/// Eigenvalues and vectors of a symmetric matrix, of which what is on and below the diagonal is read; of more
/// axes, those of each matrix along the last two.
///
/// **Shape.** (..., n, n) in, (..., n) and (..., n, n) out. **Errors.** Throws `Error{invalid_argument}`
/// unless it is square; the task fails if elements are not finite. **Cost.** One task, which holds the matrix
/// twice; of more axes, as `inv`.
/// **Source.** LAPACK's syevd.
template <detail::array::Factored T>
[[nodiscard]] Eigh<T> eigh(const Array<T>& a) {
  const detail::array::Factors f = detail::array::eigh(a.node());
  return {Array<T>(f.first), Array<T>(f.second)};
}
/// Square root of the sum of squared magnitudes over axes: Frobenius of matrices, Euclid's of vectors.
///
/// **Errors.** As `sum`.
template <class T>
[[nodiscard]] auto norm(const Array<T>& x, const Reduce& how = {}) {
  return detail::array::in_name_of("norm", [&] {
    const auto y = x.template astype<detail::array::Floating<T>>();
    if constexpr (detail::array::is_complex(detail::array::dtype_of<T>)) return sqrt(square(abs(y)).sum(how));
    else return sqrt(square(y).sum(how));
  });
}

}  // namespace weir
