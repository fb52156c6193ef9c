// What linear algebra does inside a task.
#pragma once

#include "weir/detail/array/tensor.hpp"

namespace weir::detail::array {

/// Sum of the products of pairs of operands, each of stacks of matrices (m, k) and (k, n), or, where they lie
/// turned, of their transposes; parameters: type, shape of the result, m, n, whether the left ones are
/// turned, the right ones. One operand twice is a matrix times its transpose.
[[nodiscard]] task::Value multiply_chunks(Reader& parameters, std::span<const Tensor> operands);
/// Q above R of a matrix.
[[nodiscard]] task::Value qr_chunk(Reader& parameters, std::span<const Tensor> operands);
/// R of the QR of a matrix, or of two beside each other: as many rows as columns.
[[nodiscard]] task::Value triangle_chunk(Reader& parameters, std::span<const Tensor> operands);
/// u above s above v of a square matrix; parameters: function.
[[nodiscard]] task::Value svd_chunk(Reader& parameters, std::span<const Tensor> operands);
/// x with r x = b for upper triangular r.
[[nodiscard]] task::Value solve_triangle(Reader& parameters, std::span<const Tensor> operands);
/// Of every symmetric matrix along the last two axes its vectors, as columns, above its values; parameters:
/// function.
[[nodiscard]] task::Value matrix_eigenvectors(Reader& parameters, std::span<const Tensor> operands);
/// The x with a x = b for every matrix a and b along the last two axes; as many of both.
[[nodiscard]] task::Value matrix_solutions(Reader& parameters, std::span<const Tensor> operands);
/// The lower triangle L with L L^T = a of every matrix along the last two axes.
[[nodiscard]] task::Value matrix_triangles(Reader& parameters, std::span<const Tensor> operands);
/// Columns of a matrix from row `start` on become L and U, with the largest pivot of each column; what is
/// above stays. One row more has the row each pivot came from. Parameters: function (a determinant may have a
/// pivot of 0), start.
[[nodiscard]] task::Value factor_panel(Reader& parameters, std::span<const Tensor> operands);
/// What factored panels do to other columns, one after the other: their pivots and their L, or (back) their
/// U; parameters: their starts, back. Operands: the columns, the panels.
[[nodiscard]] task::Value apply_panel(Reader& parameters, std::span<const Tensor> operands);
/// Sign, logarithm of the magnitude, and product of the pivots of a factored panel; parameters: start.
[[nodiscard]] task::Value panel_determinant(Reader& parameters, std::span<const Tensor> operands);
/// Of every square matrix along the last two axes sign, logarithm of the magnitude, and value of its
/// determinant; parameters: function.
[[nodiscard]] task::Value matrix_determinants(Reader& parameters, std::span<const Tensor> operands);
/// The inverse of every square matrix along the last two axes; parameters: function.
[[nodiscard]] task::Value matrix_inverses(Reader& parameters, std::span<const Tensor> operands);
/// A block of L; parameters: whether it is on the diagonal. Operands: the block of a, (off the diagonal: the
/// diagonal block of L), pairs of blocks of L to the left.
[[nodiscard]] task::Value cholesky_block(Reader& parameters, std::span<const Tensor> operands);

}  // namespace weir::detail::array
