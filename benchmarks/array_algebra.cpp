// Rows of array_functions.cpp: complex numbers, linear algebra beside LAPACK with two threads, transforms
// beside FFTW.
#include <cblas.h>
#include <fftw3.h>
#include <lapacke.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <memory>

#include "array_rows.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/random.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/statistics.hpp"

namespace bench {

namespace {

using Complex = std::complex<double>;
using Numbers = std::shared_ptr<const xt::xarray<Complex>>;

template <class F>
std::function<void()> each_of(Plain& p, const Numbers& a, const Numbers& b, F f) {
  return [&p, a, b, f] {
    using R = decltype(f(Complex(), Complex()));
    auto* to = reinterpret_cast<R*>(p.out.data());
    const Complex *u = a->data(), *v = b->data();
    both(Index(a->size()), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) to[i] = f(u[i], v[i]);
    });
  };
}

// A matrix as LAPACK has it, and room for what is overwritten.
struct Matrix {
  Index rows, columns;
  Doubles elements, kept;
  void fresh() { elements = kept; }
  double* data() { return elements.data(); }
};
std::shared_ptr<Matrix> by_columns(const Array<double>& x) {
  const xt::xarray<double> values = x.compute();
  const Index m = x.shape(0), n = x.dimension() == 1 ? 1 : x.shape(1);
  auto to = std::make_shared<Matrix>(Matrix{m, n, Doubles(at(m * n)), Doubles(at(m * n))});
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) to->kept[at(j * m + i)] = values.data()[i * n + j];
  return to;
}
template <class F>
std::function<void()> lapack(std::shared_ptr<Matrix> a, F f) {
  return [a, f] {
    a->fresh();
    blas([&] { f(*a, static_cast<lapack_int>(a->rows), static_cast<lapack_int>(a->columns)); });
  };
}

}  // namespace

std::vector<Row> complex_rows(Plain& p) {
  const Index n = p.n / 8;
  weir::Random random(31);
  const auto numbers = [&] {
    return there(random.uniform({n}, 0.25, 1) + random.uniform({n}, 0.25, 1) * Complex(0, 1));
  };
  const Array<Complex> x = numbers(), y = numbers();
  const auto a = std::make_shared<const xt::xarray<Complex>>(x.compute()),
             b = std::make_shared<const xt::xarray<Complex>>(y.compute());
  const auto row = [&](const char* name, auto ours, auto plain) {
    return Row{name, [=] { make(ours(x, y)); }, each_of(p, a, b, plain)};
  };
  return {
      row(
          "complex_add", [](auto& u, auto& v) { return u + v; }, [](Complex u, Complex v) { return u + v; }),
      row(
          "complex_multiply", [](auto& u, auto& v) { return u * v; },
          [](Complex u, Complex v) { return u * v; }),
      row(
          "complex_divide", [](auto& u, auto& v) { return u / v; },
          [](Complex u, Complex v) { return u / v; }),
      row(
          "complex_square", [](auto& u, auto&) { return square(u); },
          [](Complex u, Complex) { return u * u; }),
      row(
          "complex_abs", [](auto& u, auto&) { return abs(u); },
          [](Complex u, Complex) { return std::abs(u); }),
      row(
          "complex_exp", [](auto& u, auto&) { return exp(u); },
          [](Complex u, Complex) { return std::exp(u); }),
      row(
          "complex_log", [](auto& u, auto&) { return log(u); },
          [](Complex u, Complex) { return std::log(u); }),
      row(
          "complex_sqrt", [](auto& u, auto&) { return sqrt(u); },
          [](Complex u, Complex) { return std::sqrt(u); }),
      row(
          "complex_sin", [](auto& u, auto&) { return sin(u); },
          [](Complex u, Complex) { return std::sin(u); }),
      row(
          "complex_tanh", [](auto& u, auto&) { return tanh(u); },
          [](Complex u, Complex) { return std::tanh(u); }),
      row(
          "complex_pow", [](auto& u, auto& v) { return pow(u, v); },
          [](Complex u, Complex v) { return std::pow(u, v); }),
      row(
          "conj", [](auto& u, auto&) { return conj(u); }, [](Complex u, Complex) { return std::conj(u); }),
      row(
          "real", [](auto& u, auto&) { return real(u); }, [](Complex u, Complex) { return u.real(); }),
      row(
          "imag", [](auto& u, auto&) { return imag(u); }, [](Complex u, Complex) { return u.imag(); }),
      row(
          "angle", [](auto& u, auto&) { return angle(u); }, [](Complex u, Complex) { return std::arg(u); }),
      {"complex_sum", [=] { sink = x.sum().item().real(); },
       [a, n] {
         sink = summed(n, [&](Index begin, Index end) {
           const auto* v = reinterpret_cast<const double*>(a->data());
           double s[4] = {};
           for (Index i = 2 * begin; i + 4 <= 2 * end; i += 4)
             for (Index k = 0; k < 4; ++k) s[k] += v[i + k];
           return s[0] + s[2];
         });
       }},
  };
}

std::vector<Row> further_algebra_rows(Plain& p, const Array<double>& square) {
  const Index side = p.side / 4, n = side * side;  // 1024 and 2^20 by default
  const auto cut = [&](Index rows, Index columns) {
    return there(square(weir::range(0, rows), weir::range(0, columns)).rechunk(weir::ChunkSpec{}));
  };
  const Array<double> a = cut(side, side), small = cut(side / 2, side / 2);
  const Array<double> dominant = there((a + weir::eye(side) * double(side)).rechunk(weir::ChunkSpec{}));
  const Array<double> symmetric = there((dominant + transpose(dominant)).rechunk(weir::ChunkSpec{}));
  const Array<double> mirrored = there((small + transpose(small)).rechunk(weir::ChunkSpec{}));
  const Array<double> flat = there(reshape(a, {-1}).rechunk(weir::ChunkSpec{}));
  const Array<double> tall = there(reshape(a, {n / 32, 32}).rechunk(weir::ChunkSpec{}));
  const Array<double> right = there(reshape(a, {-1})(weir::range(0, n / 32)).rechunk(weir::ChunkSpec{}));
  const Array<double> variables = there(reshape(a, {64, n / 64}).rechunk(weir::ChunkSpec{}));
  const Array<double> box = there(reshape(a, {64, n / 4096, 64}).rechunk(weir::ChunkSpec{}));
  const Array<Complex> turned = there((a * Complex(1, 0.5)).rechunk(weir::ChunkSpec{}));
  const Array<Complex> half =
      there(turned(weir::all, weir::range(0, side / 2 + 1)).rechunk(weir::ChunkSpec{}));

  const auto general = by_columns(a), of_dominant = by_columns(dominant),
             of_symmetric = by_columns(symmetric), of_mirrored = by_columns(mirrored),
             of_tall = by_columns(tall);
  const auto gemm = [&p](Index rows, Index columns, Index depth) {
    return [&p, rows, columns, depth] {
      blas([&] {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, int(rows), int(columns), int(depth), 1,
                    p.x.data(), int(depth), p.y.data(), int(columns), 0, p.out.data(), int(columns));
      });
    };
  };
  const auto pivots = std::make_shared<std::vector<lapack_int>>(at(side));
  const auto qr_of = [](Matrix& of, lapack_int m, lapack_int k, double* tau) {
    LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, k, of.data(), m, tau);
    LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, k, k, of.data(), m, tau);
  };
  const auto factored = lapack(of_dominant, [pivots](Matrix& of, lapack_int m, lapack_int) {
    LAPACKE_dgetrf(LAPACK_COL_MAJOR, m, m, of.data(), m, pivots->data());
  });
  const auto svd_of = [&p](Matrix& of, lapack_int m, lapack_int k) {
    const auto work = at(Index{m} * k);
    LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', m, k, of.data(), m, p.out.data() + work, p.out.data(), m,
                   p.out.data() + work + k, k);
  };
  const auto centred = [&p](bool is_correlation) {
    return [&p, is_correlation] {
      const Index m = 64, count = p.side / 4 * (p.side / 4) / 64;
      both(m, [&](Index begin, Index end) {
        for (Index r = begin; r < end; ++r) {
          double t[4] = {};
          for (Index c = 0; c + 4 <= count; c += 4)
            for (Index k = 0; k < 4; ++k) t[k] += p.x[at(r * count + c + k)];
          const double mean = (t[0] + t[1] + t[2] + t[3]) / double(count);
          for (Index c = 0; c < count; ++c) p.out[at(r * count + c)] = p.x[at(r * count + c)] - mean;
        }
      });
      double* to = p.out.data() + m * count;
      blas([&] {
        cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, int(m), int(count), 1 / double(count - 1),
                    p.out.data(), int(count), 0, to, int(m));
      });
      if (is_correlation)
        for (Index i = 0; i < m; ++i)
          for (Index j = i + 1; j < m; ++j) to[i * m + j] /= std::sqrt(to[i * m + i] * to[j * m + j]);
    };
  };
  const auto squared = [&p, n] {
    sink = std::sqrt(summed(n, [&](Index begin, Index end) {
      double t[4] = {};
      for (Index i = begin; i + 4 <= end; i += 4)
        for (Index k = 0; k < 4; ++k) t[k] += p.x[at(i + k)] * p.x[at(i + k)];
      return t[0] + t[1] + t[2] + t[3];
    }));
  };
  // Of half of the rows each; `plan` is for these.
  const auto transformed = [side](auto plan_of, auto execute) {
    return [=] {
      const fftw_plan plan = plan_of(int(side), int(side / 2));
      both(2, [&](Index begin, Index) { execute(plan, begin * (side / 2)); });
      fftw_destroy_plan(plan);
    };
  };
  auto* in = reinterpret_cast<fftw_complex*>(p.y.data());
  auto* out = reinterpret_cast<fftw_complex*>(p.out.data());
  const int terms = int(side / 2 + 1);
  // Rows, then columns, half of them on each thread.
  const auto plane = [side, in, out](int sign) {
    return [=] {
      const int length = int(side), count = int(side / 2);
      const fftw_plan rows = fftw_plan_many_dft(1, &length, count, in, nullptr, 1, length, out, nullptr, 1,
                                                length, sign, FFTW_ESTIMATE),
                      columns = fftw_plan_many_dft(1, &length, count, out, nullptr, length, 1, out, nullptr,
                                                   length, 1, sign, FFTW_ESTIMATE);
      both(2, [&](Index begin, Index) {
        fftw_execute_dft(rows, in + begin * count * length, out + begin * count * length);
      });
      both(2,
           [&](Index begin, Index) { fftw_execute_dft(columns, out + begin * count, out + begin * count); });
      fftw_destroy_plan(rows);
      fftw_destroy_plan(columns);
    };
  };
  return {
      {"tensordot",
       [=] {
         make(tensordot(box, box, {0, 2}, {0, 2}));
       },
       [&p, n] {
         const Index width = n / 4096;  // (64, width, 64) as (width, 4096), then a product
         both(width, [&](Index begin, Index end) {
           for (Index j = begin; j < end; ++j)
             for (Index i = 0; i < 64; ++i)
               std::copy_n(&p.x[at((i * width + j) * 64)], 64, &p.out[at(j * 4096 + i * 64)]);
         });
         blas([&] {
           cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, int(width), int(width), 4096, 1, p.out.data(),
                       4096, p.out.data(), 4096, 0, p.out.data() + n, int(width));
         });
       }},
      {"einsum", [=] { make(weir::einsum("ij,jk->ik", a, a)); }, gemm(side, side, side)},
      {"einsum_rows", [=] { make(weir::einsum("ij,ij->i", a, a)); },
       [&p, side] {
         both(side, [&](Index begin, Index end) {
           for (Index r = begin; r < end; ++r) {
             const double* v = &p.x[at(r * side)];
             double t[4] = {};
             for (Index c = 0; c + 4 <= side; c += 4)
               for (Index k = 0; k < 4; ++k) t[k] += v[c + k] * v[c + k];
             p.out[at(r)] = t[0] + t[1] + t[2] + t[3];
           }
         });
       }},
      {"dot", [=] { sink = dot(flat, flat).item(); }, squared},
      {"norm", [=] { sink = norm(a).item(); }, squared},
      {"cov", [=] { make(cov(variables)); }, centred(false)},
      {"corrcoef", [=] { make(corrcoef(variables)); }, centred(true)},
      {"qr", [=] { make(qr(tall).q); },
       lapack(of_tall,
              [qr_of](Matrix& of, lapack_int m, lapack_int k) { qr_of(of, m, k, Doubles(at(k)).data()); })},
      {"svd", [=] { make(svd(tall).u); }, lapack(of_tall, svd_of)},
      {"svd_compressed", [=] { make(svd_compressed(small, 10).u); }, lapack(by_columns(small), svd_of)},
      {"lstsq", [=] { make(lstsq(tall, right)); },
       lapack(of_tall,
              [list = by_columns(right)](Matrix& of, lapack_int m, lapack_int k) {
                list->fresh();
                LAPACKE_dgels(LAPACK_COL_MAJOR, 'N', m, k, 1, of.data(), m, list->data(), m);
              })},
      {"cholesky", [=] { make(cholesky(symmetric)); },
       lapack(of_symmetric, [](Matrix& of, lapack_int m,
                               lapack_int) { LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', m, of.data(), m); })},
      {"solve", [=] { make(solve(dominant, right(weir::range(0, side)))); },
       lapack(of_dominant,
              [&p, pivots](Matrix& of, lapack_int m, lapack_int) {
                std::copy_n(p.x.data(), m, p.out.data());
                LAPACKE_dgesv(LAPACK_COL_MAJOR, m, 1, of.data(), m, pivots->data(), p.out.data(), m);
              })},
      {"inv", [=] { make(inv(dominant)); },
       lapack(of_dominant,
              [pivots](Matrix& of, lapack_int m, lapack_int) {
                LAPACKE_dgetrf(LAPACK_COL_MAJOR, m, m, of.data(), m, pivots->data());
                LAPACKE_dgetri(LAPACK_COL_MAJOR, m, of.data(), m, pivots->data());
              })},
      {"det", [=] { sink = det(dominant).item(); }, factored},
      {"slogdet", [=] { sink = slogdet(dominant).log.item(); }, factored},
      {"eigh", [=] { make(eigh(mirrored).v); },
       lapack(of_mirrored,
              [&p](Matrix& of, lapack_int m, lapack_int) {
                LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', m, of.data(), m, p.out.data());
              })},
      {"ifft_rows", [=] { make(weir::ifft(turned)); },
       transformed(
           [in, out](int length, int count) {
             return fftw_plan_many_dft(1, &length, count, in, nullptr, 1, length, out, nullptr, 1, length,
                                       FFTW_BACKWARD, FFTW_ESTIMATE);
           },
           [in, out, side](fftw_plan plan, Index row) {
             fftw_execute_dft(plan, in + row * side, out + row * side);
             for (Index i = row * side; i < (row + side / 2) * side; ++i)
               out[i][0] /= double(side), out[i][1] /= double(side);
           })},
      {"rfft_rows", [=] { make(weir::rfft(a)); },
       transformed(
           [&p, out, terms](int length, int count) {
             return fftw_plan_many_dft_r2c(1, &length, count, p.y.data(), nullptr, 1, length, out, nullptr, 1,
                                           terms, FFTW_ESTIMATE);
           },
           [&p, out, terms, side](fftw_plan plan, Index row) {
             fftw_execute_dft_r2c(plan, p.y.data() + row * side, out + row * terms);
           })},
      {"irfft_rows", [=] { make(weir::irfft(half)); },
       transformed(
           [&p, in, terms](int length, int count) {
             return fftw_plan_many_dft_c2r(1, &length, count, in, nullptr, 1, terms, p.out.data(), nullptr, 1,
                                           length, FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
           },
           [&p, in, terms, side](fftw_plan plan, Index row) {
             fftw_execute_dft_c2r(plan, in + row * terms, p.out.data() + row * side);
             for (Index i = row * side; i < (row + side / 2) * side; ++i) p.out[at(i)] /= double(side);
           })},
      {"fftn", [=] { make(weir::fftn(turned)); }, plane(FFTW_FORWARD)},
      {"ifftn", [=] { make(weir::ifftn(turned)); }, plane(FFTW_BACKWARD)},
  };
}

}  // namespace bench
