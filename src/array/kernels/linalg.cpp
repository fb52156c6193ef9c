// BLAS and LAPACK inside a chunk.
#include "array/kernels/linalg.hpp"

#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "array/interpret/code.hpp"
#include "array/kernels/exact.hpp"

extern "C" void openblas_set_num_threads(int);

namespace weir::detail::array {

namespace {

// A worker has its threads already; and LAPACKE refuses NaN by a code that LAPACK itself does not have, where
// NaN should come out.
void set_up_lapack() {
  static const bool done = (openblas_set_num_threads(1), LAPACKE_set_nancheck(0), true);
  (void)done;
}

// How the matrices of a product lie: turned ones as their transposes.
struct Turned {
  bool left = false, right = false;
};
CBLAS_TRANSPOSE transposing(bool is_turned) { return is_turned ? CblasTrans : CblasNoTrans; }

// Adds a (m, k) times b (k, n) to c.
template <class T>
void gemm(Turned turned, const T* a, const T* b, T* c, int m, int n, int k) {
  const T one = 1;
  const CBLAS_TRANSPOSE of_a = transposing(turned.left), of_b = transposing(turned.right);
  const int row_a = turned.left ? m : k, row_b = turned.right ? k : n;
  if constexpr (std::is_same_v<T, double>)
    cblas_dgemm(CblasRowMajor, of_a, of_b, m, n, k, 1, a, row_a, b, row_b, 1, c, n);
  else if constexpr (std::is_same_v<T, float>)
    cblas_sgemm(CblasRowMajor, of_a, of_b, m, n, k, 1, a, row_a, b, row_b, 1, c, n);
  else if constexpr (std::is_same_v<T, std::complex<double>>)
    cblas_zgemm(CblasRowMajor, of_a, of_b, m, n, k, &one, a, row_a, b, row_b, &one, c, n);
  else cblas_cgemm(CblasRowMajor, of_a, of_b, m, n, k, &one, a, row_a, b, row_b, &one, c, n);
}
// The upper triangle of the same where b is the transpose of a (n, k).
template <class T>
void syrk(bool is_turned, const T* a, T* c, int n, int k) {
  const T one = 1;
  const CBLAS_TRANSPOSE of_a = transposing(is_turned);
  const int row = is_turned ? n : k;
  if constexpr (std::is_same_v<T, double>)
    cblas_dsyrk(CblasRowMajor, CblasUpper, of_a, n, k, 1, a, row, 1, c, n);
  else if constexpr (std::is_same_v<T, float>)
    cblas_ssyrk(CblasRowMajor, CblasUpper, of_a, n, k, 1, a, row, 1, c, n);
  else if constexpr (std::is_same_v<T, std::complex<double>>)
    cblas_zsyrk(CblasRowMajor, CblasUpper, of_a, n, k, &one, a, row, &one, c, n);
  else cblas_csyrk(CblasRowMajor, CblasUpper, of_a, n, k, &one, a, row, &one, c, n);
}
// The lower triangle is made what the upper one is, block by block: both are in the cache then.
template <class T>
void mirror(T* c, std::int64_t n) {
  constexpr std::int64_t block = 32;
  for (std::int64_t rows = 0; rows < n; rows += block)
    for (std::int64_t columns = 0; columns <= rows; columns += block)
      for (std::int64_t i = rows; i < std::min(n, rows + block); ++i)
        for (std::int64_t j = columns; j < std::min(i, columns + block); ++j) c[i * n + j] = c[j * n + i];
}
// Adds a matrix (rows, columns), or if it is turned its transpose, times x to y. What is read once need not
// be packed, as gemm does; row after row it is read as it lies.
template <class T>
void gemv(bool is_turned, const T* a, const T* x, T* y, int rows, int columns) {
  if constexpr (std::is_same_v<T, double>)
    if (!is_turned) {
      for (int row = 0; row < rows; ++row, a += columns)
        fold_products(DType::float64, a, x, static_cast<std::size_t>(columns), y + row);
      return;
    }
  const CBLAS_TRANSPOSE of_a = transposing(is_turned);
  const T one = 1;
  if constexpr (std::is_same_v<T, double>)
    cblas_dgemv(CblasRowMajor, of_a, rows, columns, 1, a, columns, x, 1, 1, y, 1);
  else if constexpr (std::is_same_v<T, float>)
    cblas_sgemv(CblasRowMajor, of_a, rows, columns, 1, a, columns, x, 1, 1, y, 1);
  else if constexpr (std::is_same_v<T, std::complex<double>>)
    cblas_zgemv(CblasRowMajor, of_a, rows, columns, &one, a, columns, x, 1, &one, y, 1);
  else cblas_cgemv(CblasRowMajor, of_a, rows, columns, &one, a, columns, x, 1, &one, y, 1);
}
template <class T>
void multiply(Turned turned, const T* a, const T* b, T* c, std::int64_t m, std::int64_t n, std::int64_t k) {
  const int rows = static_cast<int>(m), columns = static_cast<int>(n), depth = static_cast<int>(k);
  if (m == 0 || n == 0 || k == 0) return;
  if constexpr (std::is_integral_v<T>) {
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t q = 0; q < k; ++q)
        for (std::int64_t j = 0; j < n; ++j) c[i * n + j] = c[i * n + j] || (a[i * k + q] && b[q * n + j]);
  } else if (n == 1) {
    turned.left ? gemv(true, a, b, c, depth, rows) : gemv(false, a, b, c, rows, depth);
  } else if (m == 1) {
    turned.right ? gemv(false, b, a, c, columns, depth) : gemv(true, b, a, c, depth, columns);
  } else {
    gemm(turned, a, b, c, rows, columns, depth);
  }
}

// The rows of `from` become columns: block by block, so that what is read and what is written stay in the
// cache.
template <class T>
void transpose_into(T* to, const T* from, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t block = 16;
  for (std::int64_t row = 0; row < rows; row += block)
    for (std::int64_t column = 0; column < columns; column += block)
      for (std::int64_t j = column; j < std::min(columns, column + block); ++j)
        for (std::int64_t i = row; i < std::min(rows, row + block); ++i)
          to[j * rows + i] = from[i * columns + j];
}

// The matrices of one batch that are multiplied and added up: each (m, depth) times (depth, n).
template <class T>
struct Pair {
  const T *a, *b;
  std::int64_t depth;
};
// Adds up in T, unless that might not hold a sum. Rows of b are taken in pieces that stay in the cache.
template <class T>
bool multiply_small(std::span<const Pair<T>> pairs, T* c, std::int64_t m, std::int64_t n) {
  const std::int64_t piece = std::max<std::int64_t>(16, 16384 / n);
  double bound = 0;
  for (const auto& [a, b, depth] : pairs)
    for (std::int64_t begin = 0; begin < depth; begin += piece) {
      const std::int64_t count = std::min(piece, depth - begin);
      double largest = 0;
      for (std::int64_t i = 0; i < m; ++i)
        largest = std::max(largest, magnitude_bound(a + i * depth + begin, count));
      bound += largest * magnitude_bound(b + begin * n, count * n) * static_cast<double>(count);
      if (!is_within<T>(bound)) return false;
      for (std::int64_t i = 0; i < m; ++i) {
        const T* row = a + i * depth;
        T* to = c + i * n;
        if (n == 1) {
          T sum = 0;
          for (std::int64_t q = begin; q < begin + count; ++q) sum = static_cast<T>(sum + row[q] * b[q]);
          *to = static_cast<T>(*to + sum);
        } else {
          for (std::int64_t q = begin; q < begin + count; ++q)
            for (std::int64_t j = 0; j < n; ++j) to[j] = static_cast<T>(to[j] + row[q] * b[q * n + j]);
        }
      }
    }
  return true;
}
template <class T>
void multiply_exactly(std::span<const Pair<T>> pairs, T* c, std::int64_t m, std::int64_t n, DType type) {
  std::vector<ExactDot<T>> sums(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < m; ++i) {
    std::ranges::fill(sums, ExactDot<T>{});
    for (const auto& [a, b, depth] : pairs)
      for (std::int64_t q = 0; q < depth; ++q)
        for (std::int64_t j = 0; j < n; ++j)
          add_product<T>(sums[static_cast<std::size_t>(j)], a[i * depth + q], b[q * n + j]);
    for (std::int64_t j = 0; j < n; ++j)
      c[i * n + j] = number_of<T>(sums[static_cast<std::size_t>(j)], "matmul", type);
  }
}

template <class F>
task::Value real_type(DType type, F f) {
  set_up_lapack();
  if (type == DType::float32) return f(std::type_identity<float>{});
  return f(std::type_identity<double>{});
}
template <class T>
std::vector<T> copied(const Tensor& x) {
  return {x.as<T>(), x.as<T>() + x.size()};
}
[[noreturn]] void singular(const std::string& function, std::int64_t row) {
  throw Error(ErrorKind::invalid_argument,
              function + ": the matrix must not be singular (pivot " + std::to_string(row) + " is 0)");
}

[[noreturn]] void refused(const std::string& function, const char* routine, int info) {
  throw Error(ErrorKind::internal,
              function + ": LAPACK's " + routine + " refused its argument " + std::to_string(-info));
}

// One name for both precisions.
template <class T, class F, class D>
auto lapack(F single, D twice) {
  if constexpr (std::is_same_v<T, float>) return single;
  else return twice;
}

// What the pivots of an LU multiply up to.
template <class T>
struct Determinant {
  T sign = 1, logarithm = 0, product = 1;
  void add(T pivot, bool swapped) {
    sign *= pivot == 0 ? T(0) : (pivot < 0) != swapped ? T(-1) : T(1);
    logarithm += std::log(std::fabs(pivot));
    product *= swapped ? -pivot : pivot;
  }
  void put(T* out) const {
    out[0] = std::isnan(product) ? product : sign;
    out[1] = logarithm;
    out[2] = product;
  }
};

// LU of n columns in place, and the rows its pivots came from, counted from 1.
template <class T>
std::vector<lapack_int> factored(const std::string& function, T* columns, std::int64_t n) {
  std::vector<lapack_int> pivots(static_cast<std::size_t>(n));
  const int size = static_cast<int>(n);
  const int info = n ? lapack<T>(LAPACKE_sgetrf, LAPACKE_dgetrf)(LAPACK_COL_MAJOR, size, size, columns, size,
                                                                 pivots.data())
                     : 0;
  if (info < 0) refused(function, "getrf", info);
  return pivots;
}

// The lower triangle of Cholesky in place of a matrix.
template <class T>
void make_triangle(T* l, std::int64_t n) {
  // Of columns the upper triangle is what the lower one is of rows.
  const int info = lapack<T>(LAPACKE_spotrf, LAPACKE_dpotrf)(LAPACK_COL_MAJOR, 'U', static_cast<int>(n), l,
                                                             static_cast<int>(n));
  std::int64_t wrong = info > 0 ? info - 1 : 0;
  if (info == 0)
    while (wrong < n && l[wrong * n + wrong] > 0) ++wrong;  // not NaN
  if (wrong < n)
    throw Error(ErrorKind::invalid_argument,
                "cholesky: the matrix must be positive definite (got the pivot " +
                    std::to_string(l[wrong * n + wrong]) + ")");
  for (std::int64_t i = 0; i < n; ++i)
    for (std::int64_t j = i + 1; j < n; ++j) l[i * n + j] = 0;
}

}  // namespace

task::Value multiply_chunks(Reader& parameters, std::span<const Tensor> operands) {
  DType type{};
  Dims shape;
  std::int64_t m = 0, n = 0;
  Turned turned;
  read(parameters, type);
  read(parameters, shape);
  read(parameters, m);
  read(parameters, n);
  read(parameters, turned.left);
  read(parameters, turned.right);
  set_up_lapack();
  const Tensor out = make_tensor(type, shape);
  if (out.size() == 0) return out.value;
  const std::int64_t batches = out.size() / (m * n);
  const auto depth_of = [&](const Tensor& a) { return a.size() / (batches * m); };
  dispatch(type, [&]<class T>(std::type_identity<T>) {
    std::fill_n(out.as<T>(), out.size(), T(0));
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      std::vector<Pair<T>> pairs(operands.size() / 2);
      for (std::int64_t batch = 0; batch < batches; ++batch) {
        for (std::size_t i = 0; i < pairs.size(); ++i) {
          const Tensor &a = operands[2 * i], &b = operands[2 * i + 1];
          const std::int64_t depth = depth_of(a);
          pairs[i] = {a.as<T>() + batch * m * depth, b.as<T>() + batch * depth * n, depth};
        }
        T* c = out.as<T>() + batch * m * n;
        if (multiply_small<T>(pairs, c, m, n)) continue;
        multiply_exactly<T>(pairs, c, m, n, type);
      }
      return;
    }
    bool is_symmetric = !std::is_integral_v<T> && m == n && m > 1 && turned.left != turned.right;
    for (std::size_t i = 0; i + 1 < operands.size(); i += 2)
      is_symmetric = is_symmetric && operands[i].data == operands[i + 1].data;
    for (std::size_t i = 0; i + 1 < operands.size(); i += 2) {
      const std::int64_t depth = depth_of(operands[i]);
      for (std::int64_t batch = 0; batch < batches; ++batch) {
        const T *a = operands[i].as<T>() + batch * m * depth,
                *b = operands[i + 1].as<T>() + batch * depth * n;
        T* c = out.as<T>() + batch * m * n;
        if constexpr (!std::is_integral_v<T>)
          if (is_symmetric && depth) {
            syrk(turned.left, a, c, static_cast<int>(n), static_cast<int>(depth));
            continue;
          }
        multiply(turned, a, b, c, m, n, depth);
      }
    }
    if (is_symmetric)
      for (std::int64_t batch = 0; batch < batches; ++batch) mirror(out.as<T>() + batch * m * n, n);
  });
  return out.value;
}

task::Value qr_chunk(Reader&, std::span<const Tensor> operands) {
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t m = x.shape[0], n = x.shape[1], k = std::min(m, n);
    const Tensor out = make_tensor(x.type, Dims{m + k, n});
    T* q = out.as<T>();
    T* r = q + m * n;
    // By columns, as LAPACK wants it.
    std::vector<T> columns(static_cast<std::size_t>(m * n)), tau(static_cast<std::size_t>(k));
    transpose_into(columns.data(), x.as<T>(), m, n);
    lapack<T>(LAPACKE_sgeqrf, LAPACKE_dgeqrf)(LAPACK_COL_MAJOR, static_cast<int>(m), static_cast<int>(n),
                                              columns.data(), static_cast<int>(m), tau.data());
    for (std::int64_t i = 0; i < k; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        r[i * n + j] = j < i ? T(0) : columns[static_cast<std::size_t>(j * m + i)];
    lapack<T>(LAPACKE_sorgqr, LAPACKE_dorgqr)(LAPACK_COL_MAJOR, static_cast<int>(m), static_cast<int>(k),
                                              static_cast<int>(k), columns.data(), static_cast<int>(m),
                                              tau.data());
    transpose_into(q, columns.data(), n, m);
    return out.value;
  });
}

// Rows are taken block by block, each below the triangle of those before it: so a block stays in the cache,
// where each reflection reads and writes all of it.
task::Value triangle_chunk(Reader&, std::span<const Tensor> operands) {
  constexpr std::int64_t block_bytes = 1 << 20;
  return real_type(operands[0].type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t m = operands[0].shape[0];
    std::int64_t n = 0;
    for (const Tensor& x : operands) n += x.shape[1];
    const Tensor out = make_tensor(operands[0].type, Dims{n, n});
    if (n == 0) return out.value;
    const std::int64_t block = std::max(4 * n, block_bytes / static_cast<std::int64_t>(sizeof(T)) / n),
                       room = n + std::min(m, block);
    std::vector<T> columns(static_cast<std::size_t>(room * n)), tau(static_cast<std::size_t>(n));
    std::int64_t have = 0;  // rows of the triangle
    for (std::int64_t row = 0; row < m; row += block) {
      const std::int64_t count = std::min(block, m - row);
      T* to = columns.data();
      for (const Tensor& x : operands) {
        const std::int64_t width = x.shape[1];
        const T* from = x.as<T>() + row * width;
        for (std::int64_t j = 0; j < width; ++j, to += room) {
          std::fill(to + std::min(have, (to - columns.data()) / room + 1), to + have, T(0));
          for (std::int64_t i = 0; i < count; ++i) to[have + i] = from[i * width + j];
        }
      }
      const int rows = static_cast<int>(have + count), size = static_cast<int>(n);
      const int info = lapack<T>(LAPACKE_sgeqrf, LAPACKE_dgeqrf)(LAPACK_COL_MAJOR, rows, size, columns.data(),
                                                                 static_cast<int>(room), tau.data());
      if (info < 0) refused("lstsq", "geqrf", info);
      have = std::min(n, have + count);
    }
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j)
        out.as<T>()[i * n + j] = i <= j && i < have ? columns[static_cast<std::size_t>(j * room + i)] : T(0);
    return out.value;
  });
}

task::Value svd_chunk(Reader& parameters, std::span<const Tensor> operands) {
  std::string function;
  read(parameters, function);
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = x.shape[0];
    const int N = static_cast<int>(n);
    const Tensor out = make_tensor(x.type, Dims{2 * n + 1, n});
    T *u = out.as<T>(), *s = u + n * n, *v = s + n;
    std::vector<T> a = copied<T>(x);
    if (std::ranges::any_of(a, [](T v) { return !std::isfinite(v); }))
      throw Error(ErrorKind::invalid_argument,
                  function + ": the elements must be finite (got an infinity or NaN)");
    if (n && lapack<T>(LAPACKE_sgesdd, LAPACKE_dgesdd)(LAPACK_ROW_MAJOR, 'A', N, N, a.data(), N, s, u, N, v,
                                                       N) != 0)
      throw Error(ErrorKind::internal, function + ": LAPACK's gesdd did not converge");
    for (std::int64_t j = 0; j < n; ++j) {  // the sign that makes the largest entry of the row of v positive
      std::int64_t largest = 0;
      for (std::int64_t i = 1; i < n; ++i)
        if (std::fabs(v[j * n + i]) > std::fabs(v[j * n + largest])) largest = i;
      if (v[j * n + largest] >= 0) continue;
      for (std::int64_t i = 0; i < n; ++i) v[j * n + i] = -v[j * n + i], u[i * n + j] = -u[i * n + j];
    }
    return out.value;
  });
}

task::Value matrix_eigenvectors(Reader& parameters, std::span<const Tensor> operands) {
  std::string function;
  read(parameters, function);
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = x.shape[x.shape.size() - 1];
    Dims shape = x.shape;
    ++shape[shape.size() - 2];
    const Tensor out = make_tensor(x.type, shape);
    if (std::any_of(x.as<T>(), x.as<T>() + x.size(), [](T value) { return !std::isfinite(value); }))
      throw Error(ErrorKind::invalid_argument,
                  function + ": the elements must be finite (got an infinity or NaN)");
    // Of columns the upper triangle is what the lower one is of rows; vectors come out as rows.
    std::vector<T> vectors(static_cast<std::size_t>(n * n));
    T* v = out.as<T>();
    for (std::int64_t at = 0; at < x.size(); at += n * n, v += (n + 1) * n) {
      std::copy_n(x.as<T>() + at, n * n, vectors.data());
      if (lapack<T>(LAPACKE_ssyevd, LAPACKE_dsyevd)(LAPACK_COL_MAJOR, 'V', 'U', static_cast<int>(n),
                                                    vectors.data(), static_cast<int>(n), v + n * n) != 0)
        throw Error(ErrorKind::internal, function + ": LAPACK's syevd did not converge");
      for (std::int64_t j = 0; j < n; ++j) {  // the sign that makes the largest entry positive
        T* one = vectors.data() + j * n;
        T largest = 0;
        for (std::int64_t i = 0; i < n; ++i)
          if (std::fabs(one[i]) > std::fabs(largest)) largest = one[i];
        for (std::int64_t i = 0; largest < 0 && i < n; ++i) one[i] = -one[i];
      }
      transpose_into(v, vectors.data(), n, n);
    }
    return out.value;
  });
}

task::Value panel_determinant(Reader& parameters, std::span<const Tensor> operands) {
  std::int64_t start = 0;
  read(parameters, start);
  const Tensor& panel = operands[0];
  return real_type(panel.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = panel.shape[0] - 1, width = panel.shape[1];
    const Tensor out = make_tensor(panel.type, Dims{1, 3});
    Determinant<T> all;
    for (std::int64_t i = 0; i < width; ++i)
      all.add(panel.as<T>()[(start + i) * width + i],
              static_cast<std::int64_t>(panel.as<T>()[n * width + i]) != start + i);
    all.put(out.as<T>());
    return out.value;
  });
}

// Rows are taken as columns here, and columns come out as rows: the determinant is the same, and the inverse
// that of what went in.
task::Value matrix_determinants(Reader& parameters, std::span<const Tensor> operands) {
  std::string function;
  read(parameters, function);
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::size_t axes = x.shape.size();
    const std::int64_t n = x.shape[axes - 1];
    Dims shape;
    for (std::size_t a = 0; a + 2 < axes; ++a) shape.push_back(x.shape[a]);
    shape.push_back(3);
    const Tensor out = make_tensor(x.type, shape);
    const std::int64_t count = out.size() / 3;
    std::vector<T> lu(static_cast<std::size_t>(n * n));
    for (std::int64_t m = 0; m < count; ++m) {
      std::copy_n(x.as<T>() + m * n * n, n * n, lu.data());
      const std::vector<lapack_int> pivots = factored(function, lu.data(), n);
      Determinant<T> all;
      for (std::int64_t i = 0; i < n; ++i)
        all.add(lu[static_cast<std::size_t>(i * n + i)], pivots[static_cast<std::size_t>(i)] != i + 1);
      all.put(out.as<T>() + 3 * m);
    }
    return out.value;
  });
}

task::Value matrix_inverses(Reader& parameters, std::span<const Tensor> operands) {
  std::string function;
  read(parameters, function);
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = x.shape[x.shape.size() - 1];
    const Tensor out = make_tensor(x.type, x.shape);
    std::copy_n(x.as<T>(), x.size(), out.as<T>());
    for (std::int64_t at = 0; at < x.size(); at += n * n) {
      T* lu = out.as<T>() + at;
      const std::vector<lapack_int> pivots = factored(function, lu, n);
      for (std::int64_t i = 0; i < n; ++i)
        if (lu[i * n + i] == 0) singular(function, i);
      lapack<T>(LAPACKE_sgetri, LAPACKE_dgetri)(LAPACK_COL_MAJOR, static_cast<int>(n), lu,
                                                static_cast<int>(n), pivots.data());
    }
    return out.value;
  });
}

task::Value matrix_solutions(Reader&, std::span<const Tensor> operands) {
  const Tensor &a = operands[0], &b = operands[1];
  return real_type(b.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = a.shape[a.shape.size() - 1], columns = b.shape[b.shape.size() - 1];
    const Tensor out = make_tensor(b.type, b.shape);
    std::copy_n(b.as<T>(), b.size(), out.as<T>());
    std::vector<T> lu(static_cast<std::size_t>(n * n));
    std::vector<lapack_int> pivots(static_cast<std::size_t>(n));
    const T* matrix = a.as<T>();
    for (std::int64_t at = 0; at < b.size(); at += n * columns, matrix += n * n) {
      std::copy_n(matrix, n * n, lu.data());
      const int info = lapack<T>(LAPACKE_sgesv, LAPACKE_dgesv)(
          LAPACK_ROW_MAJOR, static_cast<int>(n), static_cast<int>(columns), lu.data(), static_cast<int>(n),
          pivots.data(), out.as<T>() + at, static_cast<int>(columns));
      if (info > 0) singular("solve", info - 1);
      if (info < 0) refused("solve", "gesv", info);
    }
    return out.value;
  });
}

task::Value solve_triangle(Reader&, std::span<const Tensor> operands) {
  const Tensor &r = operands[0], &b = operands[1];
  return real_type(r.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = r.shape[0], columns = n ? b.size() / n : 0;
    T largest = 0;
    for (std::int64_t i = 0; i < n; ++i) largest = std::max(largest, std::fabs(r.as<T>()[i * n + i]));
    for (std::int64_t i = 0; i < n; ++i)
      if (std::fabs(r.as<T>()[i * n + i]) <= largest * std::numeric_limits<T>::epsilon() * static_cast<T>(n))
        singular("lstsq", i);
    const Tensor out = make_tensor(b.type, b.shape);
    std::memcpy(out.data, b.data, static_cast<std::size_t>(b.size()) * sizeof(T));
    lapack<T>(LAPACKE_strtrs, LAPACKE_dtrtrs)(LAPACK_ROW_MAJOR, 'U', 'N', 'N', static_cast<int>(n),
                                              static_cast<int>(columns), r.as<T>(), static_cast<int>(n),
                                              out.as<T>(), static_cast<int>(columns));
    return out.value;
  });
}

task::Value factor_panel(Reader& parameters, std::span<const Tensor> operands) {
  std::string function;
  std::int64_t start = 0;
  read(parameters, function);
  read(parameters, start);
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = x.shape[0], width = x.shape[1];
    const Tensor out = make_tensor(x.type, Dims{n + 1, width});
    T* lu = out.as<T>();
    std::copy_n(x.as<T>(), start * width, lu);
    // By columns, as LAPACK wants it.
    const std::int64_t rows = n - start;
    std::vector<T> columns(static_cast<std::size_t>(rows * width));
    std::vector<lapack_int> pivots(static_cast<std::size_t>(width));
    transpose_into(columns.data(), x.as<T>() + start * width, rows, width);
    const int info = lapack<T>(LAPACKE_sgetrf, LAPACKE_dgetrf)(LAPACK_COL_MAJOR, static_cast<int>(rows),
                                                               static_cast<int>(width), columns.data(),
                                                               static_cast<int>(rows), pivots.data());
    transpose_into(lu + start * width, columns.data(), width, rows);
    if (info > 0 && !function.ends_with("det")) singular(function, start + info - 1);
    if (info < 0) refused(function, "getrf", info);
    for (std::int64_t i = 0; i < width; ++i)
      lu[n * width + i] = static_cast<T>(start + pivots[static_cast<std::size_t>(i)] - 1);
    return out.value;
  });
}

task::Value apply_panel(Reader& parameters, std::span<const Tensor> operands) {
  Dims starts;
  bool back = false;
  read(parameters, starts);
  read(parameters, back);
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = x.shape[0], columns = x.shape[1];
    const Tensor out = make_tensor(x.type, x.shape);
    T* y = out.as<T>();
    std::memcpy(y, x.data, static_cast<std::size_t>(x.size()) * sizeof(T));
    if (columns == 0) return out.value;
    for (std::uint32_t p = 0; p < starts.size(); ++p) {
      const Tensor& panel = operands[p + 1];
      const std::int64_t start = starts[p], width = panel.shape[1], below = start + width;
      const T* lu = panel.as<T>();
      if (!back)
        for (std::int64_t i = 0; i < width; ++i)
          if (const auto other = static_cast<std::int64_t>(lu[n * width + i]); other != start + i)
            std::swap_ranges(y + (start + i) * columns, y + (start + i + 1) * columns, y + other * columns);
      // Rows of zeros stay zeros and change no others: half of what the identity needs forward, if pivots are
      // on the diagonal.
      const T* rows_of_panel = y + start * columns;
      if (std::all_of(rows_of_panel, rows_of_panel + width * columns, [](T v) { return v == 0; })) continue;
      lapack<T>(cblas_strsm, cblas_dtrsm)(
          CblasRowMajor, CblasLeft, back ? CblasUpper : CblasLower, CblasNoTrans,
          back ? CblasNonUnit : CblasUnit, static_cast<int>(width), static_cast<int>(columns), 1,
          lu + start * width, static_cast<int>(width), y + start * columns, static_cast<int>(columns));
      const std::int64_t from = back ? 0 : below, rows = back ? start : n - below;
      if (rows)
        lapack<T>(cblas_sgemm, cblas_dgemm)(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(rows), static_cast<int>(columns),
            static_cast<int>(width), -1, lu + from * width, static_cast<int>(width), y + start * columns,
            static_cast<int>(columns), 1, y + from * columns, static_cast<int>(columns));
    }
    return out.value;
  });
}

task::Value matrix_triangles(Reader&, std::span<const Tensor> operands) {
  const Tensor& x = operands[0];
  return real_type(x.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t n = x.shape[x.shape.size() - 1];
    const Tensor out = make_tensor(x.type, x.shape);
    std::copy_n(x.as<T>(), x.size(), out.as<T>());
    for (std::int64_t at = 0; at < x.size(); at += n * n) make_triangle(out.as<T>() + at, n);
    return out.value;
  });
}

task::Value cholesky_block(Reader& parameters, std::span<const Tensor> operands) {
  bool diagonal = false;
  read(parameters, diagonal);
  const Tensor& a = operands[0];
  return real_type(a.type, [&]<class T>(std::type_identity<T>) {
    const std::int64_t m = a.shape[0], n = a.shape[1];
    const Tensor out = make_tensor(a.type, a.shape);
    T* l = out.as<T>();
    std::memcpy(l, a.data, static_cast<std::size_t>(a.size()) * sizeof(T));
    const auto gemm_t = [&](const Tensor& x, const Tensor& y) {  // l -= x y^T
      const int k = static_cast<int>(x.shape[1]);
      if constexpr (std::is_same_v<T, float>)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(m), static_cast<int>(n), k, -1,
                    x.as<T>(), k, y.as<T>(), k, 1, l, static_cast<int>(n));
      else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<int>(m), static_cast<int>(n), k, -1,
                    x.as<T>(), k, y.as<T>(), k, 1, l, static_cast<int>(n));
    };
    if (diagonal) {
      for (std::size_t i = 1; i < operands.size(); ++i) {  // of which only the lower triangle is read
        const int k = static_cast<int>(operands[i].shape[1]), size = static_cast<int>(n);
        lapack<T>(cblas_ssyrk, cblas_dsyrk)(CblasRowMajor, CblasLower, CblasNoTrans, size, k, -1,
                                            operands[i].as<T>(), k, 1, l, size);
      }
      make_triangle(l, n);
      return out.value;
    }
    for (std::size_t i = 2; i + 1 < operands.size(); i += 2) gemm_t(operands[i], operands[i + 1]);
    if constexpr (std::is_same_v<T, float>)
      cblas_strsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, static_cast<int>(m),
                  static_cast<int>(n), 1, operands[1].as<T>(), static_cast<int>(n), l, static_cast<int>(n));
    else
      cblas_dtrsm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, static_cast<int>(m),
                  static_cast<int>(n), 1, operands[1].as<T>(), static_cast<int>(n), l, static_cast<int>(n));
    return out.value;
  });
}

}  // namespace weir::detail::array
