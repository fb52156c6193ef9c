// Linear algebra, Fourier transforms, scans and orders against plain loops, over chunkings.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "support/in_cluster.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;
using M = xt::xarray<double>;

namespace {

M filled(std::size_t rows, std::size_t columns, double seed) {
  M m(M::shape_type{rows, columns});
  for (std::size_t i = 0; i < m.size(); ++i)
    m.data()[i] = std::sin(seed + 1.9 * static_cast<double>(i) + 0.01 * static_cast<double>(i * i % 17));
  return m;
}
M product(const M& a, const M& b) {
  M c(M::shape_type{a.shape()[0], b.shape()[1]});
  for (std::size_t i = 0; i < c.shape()[0]; ++i)
    for (std::size_t j = 0; j < c.shape()[1]; ++j) {
      c(i, j) = 0;
      for (std::size_t k = 0; k < a.shape()[1]; ++k) c(i, j) += a(i, k) * b(k, j);
    }
  return c;
}
void close(const M& got, const M& expected, double margin = 1e-10) {
  REQUIRE(got.shape() == expected.shape());
  for (std::size_t i = 0; i < got.size(); ++i)
    REQUIRE(got.data()[i] == Approx(expected.data()[i]).margin(margin));
}
const std::vector<Chunks> chunkings{
    {{12}, {5}}, {{5, 5, 2}, {5}}, {{1, 2, 3, 6}, {2, 3}}, {{0, 7, 5}, {1, 1, 1, 1, 1}}};

}  // namespace

TEST_CASE("matmul, tensordot and einsum multiply whatever the chunks are") {
  in_cluster([] {
    const M a = filled(12, 5, 1), b = filled(5, 12, 2);
    for (const Chunks& of_a : chunkings)
      for (const Chunks& of_b : chunkings) {
        const auto x = from_xtensor(a, of_a), y = transpose(from_xtensor(filled(12, 5, 2), of_b));
        M turned(M::shape_type{5, 12});
        for (std::size_t i = 0; i < 5; ++i)
          for (std::size_t j = 0; j < 12; ++j) turned(i, j) = filled(12, 5, 2)(j, i);
        close(matmul(x, y).compute(), product(a, turned));
        close(einsum("ij,jk->ki", x, y).compute(), transpose(matmul(x, y)).compute());
        close(tensordot(x, y, {0}, {1}).compute(), product(
                                                       [&] {
                                                         M t(M::shape_type{5, 12});
                                                         for (std::size_t i = 0; i < 5; ++i)
                                                           for (std::size_t j = 0; j < 12; ++j)
                                                             t(i, j) = a(j, i);
                                                         return t;
                                                       }(),
                                                       filled(12, 5, 2)));
        CHECK(double(einsum("ij,ij->", x, x).compute()) == Approx(double(square(x).sum().compute())));
        close(einsum("ij,ij->i", x, x).compute(), square(x).sum({.axis = 1}).compute());
      }
    const auto ints = arange<std::int64_t>(0, 6, 1, {4});
    CHECK(std::int64_t(matmul(ints, ints).compute()) == 55);
    CHECK(matmul(from_xtensor(a, {5, 2}), arange<double>(0, 5)).shape() == Shape{12});
    CHECK_THROWS_WITH(matmul(from_xtensor(a), from_xtensor(a)),
                      "matmul: the inner extents must be equal (got (12, 5) and (12, 5))");
    const auto x = from_xtensor(a, {5, 2}), y = from_xtensor(b);
    close(einsum("ij, jk", x, y).compute(), product(a, b));
    CHECK(einsum("ii", matmul(x, y)).item() == Approx(einsum("ij,ji->", x, y).item()));
    CHECK_THROWS_WITH(einsum("ij->ji", x, y),
                      "einsum: the subscripts must name the axes of every array, as \"ij,jk->ik\" does (got "
                      "\"ij->ji\" for 2 arrays)");
    CHECK_THROWS_WITH(einsum("ijk,jk", x, y),
                      "einsum: every axis must have a letter, or be one of \"...\" (got \"ijk\" in "
                      "\"ijk,jk\" for 2 axes)");
    CHECK_THROWS_WITH(einsum("ij,jk->iz", x, y),
                      "einsum: a letter of the result must be in it once and in an array (got \"z\" in "
                      "\"ij,jk->iz\")");
    CHECK_THROWS_WITH(einsum("ij,ij", x, y),
                      "einsum: an axis must have the same extent wherever it is named (\"i\" is 12 and 5 in "
                      "\"ij,ij\")");
    CHECK_THROWS_WITH(einsum("...j->j", x),
                      "einsum: the result must have the axes of \"...\" (got \"...j->j\")");
    CHECK(matmul(ones({3, 1, 2, 4}), ones<int>({5, 4, 2})).shape() == Shape{3, 5, 2, 2});
    CHECK_THROWS_WITH(matmul(ones({3, 2, 4}), ones({2, 4, 2})),
                      "matmul: the axes before the last two must be broadcastable (got (3, 2, 4) and (2, 4, "
                      "2))");
    CHECK_THROWS_WITH(matmul(ones({}), ones({2})), "matmul: the arrays must have an axis (got () and (2,))");
  });
}

TEST_CASE("tensordot sums over any axes, in pieces, and of an array with itself") {
  in_cluster([] {
    const Array<double> x = Random(1).normal({24, 70, 66}, 0, 1, {10, 33, 66}).persist(),
                        y = Random(2).normal({70, 24, 66}, 0, 1, {70, 10, 33}).persist();
    // Rows of free axes, columns of axes that are summed over.
    const auto matrix = [](const xt::xarray<double>& of, std::vector<std::size_t> free,
                           std::vector<std::size_t> sum, bool is_turned) {
      const auto extent = [&](const std::vector<std::size_t>& axes) {
        std::size_t n = 1;
        for (const std::size_t axis : axes) n *= of.shape()[axis];
        return n;
      };
      const std::size_t rows = extent(free), columns = extent(sum);
      M to(M::shape_type{is_turned ? columns : rows, is_turned ? rows : columns});
      for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
          std::vector<std::size_t> at(of.dimension());
          const auto spread = [&](const std::vector<std::size_t>& axes, std::size_t left) {
            for (std::size_t a = axes.size(); a-- > 0; left /= of.shape()[axes[a]])
              at[axes[a]] = left % of.shape()[axes[a]];
          };
          spread(free, i), spread(sum, j);
          (is_turned ? to(j, i) : to(i, j)) = of.element(at.begin(), at.end());
        }
      return to;
    };
    const auto of_x = x.compute(), of_y = y.compute();
    const auto check = [&](const Array<double>& got, const M& expected, const Shape& shape) {
      CHECK(got.shape() == shape);
      close(reshape(got, {static_cast<std::int64_t>(expected.shape()[0]), -1}).compute(), expected, 1e-8);
    };
    const auto itself = tensordot(x, x, {0, 2}, {0, 2});
    check(itself, product(matrix(of_x, {1}, {0, 2}, false), matrix(of_x, {1}, {0, 2}, true)), {70, 70});
    CHECK((itself == transpose(itself)).all().item());
    check(tensordot(x, x, {0, 1}, {0, 1}),
          product(matrix(of_x, {2}, {0, 1}, false), matrix(of_x, {2}, {0, 1}, true)), {66, 66});
    check(tensordot(x, y, {1, 2}, {0, 2}),
          product(matrix(of_x, {0}, {1, 2}, false), matrix(of_y, {1}, {0, 2}, true)), {24, 24});
    check(tensordot(x, y, {2}, {2}),
          product(matrix(of_x, {0, 1}, {2}, false), matrix(of_y, {0, 1}, {2}, true)), {24, 70, 70, 24});
    check(tensordot(y, x, {0}, {1}),
          product(matrix(of_y, {1, 2}, {0}, false), matrix(of_x, {0, 2}, {1}, true)), {24, 66, 24, 66});
    check(weir::einsum("ijk,jim->km", x, y),
          product(matrix(of_x, {2}, {0, 1}, false), matrix(of_y, {2}, {1, 0}, true)), {66, 66});
    const auto z = x.astype<float>() * std::complex<float>(1, 2);
    CHECK(allclose(tensordot(z, z, {0, 2}, {0, 2}), itself.astype<float>() * std::complex<float>(-3, 4), 1e-3,
                   1e-2));
    CHECK(tensordot(zeros({3, 0, 2}), zeros({0, 2, 5}), {1, 2}, {0, 1}).compute() == zeros({3, 5}).compute());
    CHECK(tensordot(zeros({3, 0, 2}), zeros({3, 4, 2}), {0, 2}, {0, 2}).shape() == Shape{0, 4});
  });
}

TEST_CASE("products take transposes as they lie, and are symmetric where a matrix meets its own") {
  in_cluster([] {
    const M a = filled(60, 41, 1), b = filled(60, 33, 2);
    const auto turned = [](const M& x) { return M(transpose(from_xtensor(x)).compute()); };
    for (const Shape& chunks : {Shape{60, 41}, Shape{25, 20}, Shape{7, 41}}) {
      const auto x = from_xtensor(a, {chunks[0], chunks[1]}), y = from_xtensor(b, {chunks[0], 10});
      close(matmul(transpose(x), y).compute(), product(turned(a), b));
      close(matmul(transpose(y), x).compute(), product(turned(b), a));
      close(matmul(transpose(x), y(all, 3)).compute(), M(matmul(transpose(x), y)(all, 3).compute()));
      for (const auto& own : {matmul(x, transpose(x)), matmul(transpose(x), x)}) {
        const M got = own.compute();
        if (own.chunks()[0].size() > 1) continue;  // blocks beside the diagonal are products of their own
        for (std::size_t i = 0; i < got.shape()[0]; ++i)
          for (std::size_t j = 0; j < i; ++j) REQUIRE(got(i, j) == got(j, i));
      }
      close(matmul(x, transpose(x)).compute(), product(a, turned(a)));
      close(matmul(transpose(x), x).compute(), product(turned(a), a));
      close(matmul(x(range(0, 20), all), transpose(x(range(0, 20), all))).compute(),
            M(matmul(x, transpose(x))(range(0, 20), range(0, 20)).compute()));
    }
  });
}

TEST_CASE("products whose result is small are made part by part") {
  in_cluster([] {
    const M a = filled(3, 900, 1), b = filled(900, 2, 2);
    const auto x = from_xtensor(a, {3, 100}), y = from_xtensor(b, {250, 2});
    close(matmul(x, y).compute(), product(a, b));
    close(matmul(x, y(all, 0)).compute(), M({product(a, b)(0, 0), product(a, b)(1, 0), product(a, b)(2, 0)}));
    const auto whole = x.astype<std::int64_t>();
    CHECK(std::int64_t(matmul(whole(0), whole(1)).compute()) ==
          std::int64_t((whole(0) * whole(1)).sum().compute()));
    const auto u = x * std::complex<double>(1, 2);
    CHECK(std::abs(std::complex<double>(matmul(u(0), u(0)).compute()) -
                   std::complex<double>((u(0) * u(0)).sum().compute())) < 1e-9);
  });
}

TEST_CASE("a matrix times a vector, and a vector times a matrix, are as its columns and rows") {
  in_cluster([] {
    const auto check = []<class T>(T factor) {
      for (const std::int64_t rows : {1, 5, 130})
        for (const std::int64_t columns : {1, 3, 77}) {
          const Array<T> a = Random(1).normal({rows, columns}, 0, 1, {50, 30}).astype<T>() * factor,
                         x = Random(2).normal({columns}).astype<T>() * factor,
                         y = Random(3).normal({rows}).astype<T>() * factor;
          const auto two = concatenate(std::vector{expand_dims(x, 1), expand_dims(x, 1)}, 1);
          const auto both = concatenate(std::vector{expand_dims(y, 0), expand_dims(y, 0)}, 0);
          CHECK(allclose(matmul(a, x), matmul(a, two)(all, 1), 1e-4, 1e-4));
          CHECK(allclose(matmul(y, a), matmul(both, a)(0, all), 1e-4, 1e-4));
        }
    };
    check(1.0);
    check(1.0F);
    check(std::complex<double>(1, 2));
    const auto holes = matmul(from_xtensor(M{{1, NAN}, {0, 0}}), from_xtensor(xt::xarray<double>{0, 1}));
    CHECK(std::isnan(holes(0).item()));
    CHECK(holes(1).item() == 0.0);
    CHECK(matmul(zeros({3, 0}), zeros({0})).compute() == xt::xarray<double>{0, 0, 0});
  });
}

TEST_CASE("qr and svd of tall matrices reconstruct them, with orthonormal factors") {
  in_cluster([] {
    for (const Chunks& rows : {Chunks{{40}, {4}}, Chunks{{10, 10, 10, 10}, {4}},
                               Chunks{{3, 1, 30, 2, 4}, {4}}, Chunks{{9, 31}, {1, 3}}}) {
      const M a = filled(40, 4, 3);
      const auto x = from_xtensor(a, rows);
      const auto [q, r] = qr(x);
      close(matmul(q, r).compute(), a);
      close(matmul(transpose(q), q).compute(), eye(4).compute());
      for (std::size_t i = 1; i < 4; ++i) CHECK(r.compute()(i, 0) == 0);
      const auto [u, s, v] = svd(x);
      close(matmul(u * s, v).compute(), a);
      close(matmul(v, transpose(v)).compute(), eye(4).compute());
      CHECK(s.compute()(0) >= s.compute()(3));
      const auto wide = svd(transpose(x));
      close(wide.s.compute(), s.compute());
      close(matmul(wide.u * wide.s, wide.v).compute(), transpose(x).compute());
      const M truth = filled(4, 2, 8), right = product(a, truth);
      close(lstsq(x, from_xtensor(right, {7, 2})).compute(), truth, 1e-8);
      close(lstsq(x, from_xtensor(right)(all, 1)).compute(), M(from_xtensor(truth)(all, 1).compute()), 1e-8);
    }
    // In many pieces, in blocks of a piece, and with what no x gives: as the equations A^T A x = A^T b.
    const auto tall = Random(1).normal({30000, 8}, 0, 1, {700, 8}), sides = Random(2).normal({30000, 3});
    for (const auto& x : {tall, tall.rechunk({30000, 8})})
      close(lstsq(x, sides).compute(),
            M(solve(matmul(transpose(x), x), matmul(transpose(x), sides)).compute()), 1e-10);
    CHECK(lstsq(zeros({5, 0}), ones({5, 2})).shape() == Shape{0, 2});
    CHECK(lstsq(ones({5, 1}), zeros({5, 0})).shape() == Shape{1, 0});
    CHECK_THROWS_WITH(lstsq(zeros({2, 3}), ones({2})),
                      "lstsq: the matrix must be at least as tall as wide (got (2, 3))");
    const auto low =
        matmul(Random(1).normal({60, 3}, 0, 1, {20, 3}), Random(2).normal({3, 50}, 0, 1, {3, 25}));
    const auto [u, s, v] = svd_compressed(low, 3);
    close(matmul(u * s, v).compute(), low.compute(), 1e-8);
    CHECK_THROWS_WITH(qr(from_xtensor(filled(3, 4, 1))),
                      "qr: the matrix must be at least as tall as wide (got (3, 4))");
    CHECK_THROWS_WITH(lstsq(zeros({6, 2}), ones({6})).compute(),
                      Catch::Contains("lstsq: the matrix must not be singular"));
  });
}

TEST_CASE("cholesky, solve and inv agree with products") {
  in_cluster([] {
    const M a = filled(9, 9, 4);
    const auto x = from_xtensor(a, {4, 3});
    const auto definite = matmul(x, transpose(x)) + eye(9) * 2;
    const auto large = Random(4).normal({150, 150}),
               definite_too = matmul(large, transpose(large)) + eye(150);
    for (const std::int64_t size : {150, 149, 40}) {
      const auto l = cholesky(definite_too.rechunk({size, 150}));
      CHECK(l.chunks()[0] == definite_too.rechunk({size, size}).chunks()[0]);
      CHECK(l.chunks()[1] == l.chunks()[0]);
      close(matmul(l, transpose(l)).compute(), definite_too.compute());
    }
    for (const std::int64_t size : {1, 2, 4, 9}) {
      const auto l = cholesky(definite.rechunk({size, size}));
      close(matmul(l, transpose(l)).compute(), definite.compute());
      CHECK(l.compute()(0, 8) == 0);
    }
    close(matmul(x, inv(x)).compute(), eye(9).compute());
    close(matmul(x, solve(x, arange<double>(0, 9))).compute(), arange<double>(0, 9).compute());
    CHECK(double(norm(x).compute()) == Approx(std::sqrt(double(square(x).sum().compute()))));
    CHECK_THROWS_WITH(inv(zeros({3, 3})).compute(),
                      Catch::Contains("inv: the matrix must not be singular (pivot 0 is 0)"));
    CHECK_THROWS_WITH(cholesky(-eye(3)).compute(),
                      Catch::Contains("cholesky: the matrix must be positive definite"));
    CHECK_THROWS_WITH(inv(ones({3, 2})), "inv: the matrix must be square (got (3, 2))");
  });
}

namespace {

// Elimination with partial pivoting, as a plain loop.
M plain_solve(M a, M b) {
  const std::size_t n = a.shape()[0], columns = b.shape()[1];
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < n; ++i)
      if (std::fabs(a(i, k)) > std::fabs(a(pivot, k))) pivot = i;
    for (std::size_t j = 0; j < n; ++j) std::swap(a(k, j), a(pivot, j));
    for (std::size_t j = 0; j < columns; ++j) std::swap(b(k, j), b(pivot, j));
    for (std::size_t i = k + 1; i < n; ++i) {
      const double factor = a(i, k) / a(k, k);
      for (std::size_t j = k; j < n; ++j) a(i, j) -= factor * a(k, j);
      for (std::size_t j = 0; j < columns; ++j) b(i, j) -= factor * b(k, j);
    }
  }
  for (std::size_t k = n; k-- > 0;)
    for (std::size_t j = 0; j < columns; ++j) {
      for (std::size_t i = k + 1; i < n; ++i) b(k, j) -= a(k, i) * b(i, j);
      b(k, j) /= a(k, k);
    }
  return b;
}
double largest(const M& m) {
  double most = 0;
  for (const double v : m) most = std::max(most, std::fabs(v));
  return most;
}

}  // namespace

TEST_CASE("solve and inv go panel by panel with the pivots of the whole column") {
  in_cluster([] {
    constexpr std::int64_t n = 230;
    const std::vector<Chunks> cuttings{{{n}, {n}},
                                       {{n}, {100, 130}},
                                       {{1, 29, 200}, {64, 64, 64, 38}},
                                       {{0, 115, 115}, {0, 7, 70, 0, 150, 3}},
                                       {std::vector<std::int64_t>(n, 1), std::vector<std::int64_t>(n, 1)}};
    for (const std::uint64_t seed : {1, 2}) {
      M a = Random(seed).normal({n, n}).compute();
      a(0, 0) = 0;  // fails without a pivot from below, and soon after
      for (std::size_t i = 0; i < 100; ++i) a(i, 1) *= 1e-14;
      const M b = Random(seed + 10).normal({n, 70}).compute();
      const M expected = plain_solve(a, b), inverse = plain_solve(a, eye(n).compute());
      for (const Chunks& chunks : cuttings) {
        const auto x = from_xtensor(a, chunks);
        const auto right = from_xtensor(b, {chunks[0], {0, 30, 40}});
        const auto got = solve(x, right);
        CHECK(got.chunks() == right.chunks());
        close(got.compute(), expected, 1e-9);
        const auto column = right(all, 5);
        const xt::xarray<double> one = solve(x, column).compute();
        for (std::size_t i = 0; i < n; ++i) REQUIRE(one(i) == Approx(expected(i, 5)).margin(1e-9));
        const auto turned = inv(x);
        CHECK(turned.chunks() == chunks);
        close(turned.compute(), inverse, 1e-9);
        // What partial pivoting promises: a residual of rounding size, whatever the condition.
        CHECK(largest((matmul(x, got) - right).compute()) < 1e-11 * largest(expected));
      }
    }
    const auto singles = Random(3).normal<float>({n, n}, 0, 1, {n, 80});
    CHECK(float(abs(matmul(singles, inv(singles)) - eye<float>(n)).max().compute()) < 1e-2f);
  });
}

TEST_CASE("solve and inv where most of what panels change is zero") {
  in_cluster([] {
    constexpr std::int64_t n = 230;
    const auto noise = Random(4).normal({n, n}, 0, 1, {-1, -1});
    const auto dominant = noise + 40 * eye(n);
    for (const auto& plain : {tril(dominant), triu(dominant), dominant, roll(tril(dominant), 1, 0)}) {
      const M a = plain.compute();
      for (const Chunks& chunks :
           {Chunks{{n}, {n}}, Chunks{{n}, {100, 130}}, Chunks{{1, 29, 200}, {64, 64, 102}}}) {
        const auto x = from_xtensor(a, chunks);
        close(inv(x).compute(), plain_solve(a, eye(n).compute()), 1e-12);
        for (const std::int64_t row : {0, 117, 229}) {
          const M unit = zeros({n, 1}).assign(1.0, row, 0).compute();
          close(solve(x, from_xtensor(unit, Chunks{chunks[0], {1}})).compute(), plain_solve(a, unit), 1e-12);
        }
      }
    }
  });
}

TEST_CASE("solve and inv of singular, empty and not finite matrices") {
  in_cluster([] {
    M a = Random(1).normal({150, 150}).compute();
    for (std::size_t i = 0; i < 150; ++i) a(i, 120) = 0;  // in the second panel
    for (const Chunks& chunks : {Chunks{{150}, {150}}, Chunks{{100, 50}, {70, 80}}}) {
      CHECK_THROWS_WITH(solve(from_xtensor(a, chunks), ones({150})).compute(),
                        Catch::Contains("solve: the matrix must not be singular (pivot 120 is 0)"));
      CHECK_THROWS_WITH(inv(from_xtensor(a, chunks)).compute(),
                        Catch::Contains("inv: the matrix must not be singular (pivot 120 is 0)"));
    }
    CHECK(inv(zeros({0, 0})).compute().size() == 0);
    CHECK(solve(eye(3), zeros({3, 0})).compute().size() == 0);
    CHECK(solve(zeros({0, 0}), zeros({0})).compute().size() == 0);
    CHECK_THROWS_WITH(solve(eye(3), ones({4})),
                      "solve: both sides must have as many rows (got (3, 3) and (4,))");
    const double nan = std::nan("");
    const auto broken = eye(3).assign(nan, 1, 1);
    CHECK(std::isnan(solve(broken, ones({3})).compute()(1)));
    CHECK(std::isnan(inv(broken).compute()(1, 1)));
    CHECK(std::isnan(qr(broken).r.compute()(1, 1)));
    CHECK_THROWS_WITH(cholesky(broken).compute(),
                      Catch::Contains("cholesky: the matrix must be positive definite"));
    CHECK_THROWS_WITH(svd(broken).s.compute(), Catch::Contains("svd: the elements must be finite"));
  });
}

TEST_CASE("fft agrees with the sum it stands for, and its inverse comes back") {
  in_cluster([] {
    using C = std::complex<double>;
    const M a = filled(12, 5, 6);
    for (const Chunks& chunks : chunkings) {
      const auto x = from_xtensor(a, chunks);
      for (const std::int64_t axis : {0, 1}) {
        const auto got = fft(x, axis).compute();
        const std::size_t n = axis == 0 ? 12 : 5;
        for (std::size_t i = 0; i < 12; ++i)
          for (std::size_t j = 0; j < 5; ++j) {
            C sum = 0;
            const std::size_t k = axis == 0 ? i : j;
            for (std::size_t t = 0; t < n; ++t)
              sum += (axis == 0 ? a(t, j) : a(i, t)) *
                     std::polar(1.0, -2 * M_PI * static_cast<double>(t * k) / static_cast<double>(n));
            REQUIRE(std::abs(got(i, j) - sum) < 1e-12);
          }
        close(real(ifft(fft(x, axis), axis)).compute(), a);
        close(irfft(rfft(x, axis), static_cast<std::int64_t>(n), axis).compute(), a);
      }
      close(real(ifftn(fftn(x))).compute(), a);
      close(ifftshift(fftshift(x)).compute(), a);
      for (const Axes& axes : {Axes(), Axes(0), Axes(-1), Axes({1, 0})}) {
        const bool rows = axes.is_all || axes.list.size() == 2 || axes.list[0] == 0;
        const bool columns = axes.is_all || axes.list.size() == 2 || axes.list[0] == -1;
        const auto shifted = fftshift(x, axes).compute();
        for (std::size_t i = 0; i < 12; ++i)
          for (std::size_t j = 0; j < 5; ++j)
            REQUIRE(shifted(rows ? (i + 6) % 12 : i, columns ? (j + 2) % 5 : j) == a(i, j));
        close(ifftshift(fftshift(x, axes), axes).compute(), a);
      }
    }
    CHECK(fft(ones({3}), {.n = 5}).compute()(0) == C(3));
    CHECK(irfft(rfft(ones({4})), 9).shape() == Shape{9});
    CHECK(fftn(ones({3, 4}), {0, 1}, {2, 8}).shape() == Shape{2, 8});
    CHECK_THROWS_WITH(fft(ones({3}), {.n = 0}), "fft: the length must be at least 1 (got 0)");
    CHECK_THROWS_WITH(irfft(ones<C>({1})), "irfft: the length must be at least 1 (got 0)");
    CHECK_THROWS_WITH(ifftn(ones({3, 4}), {}, {2}),
                      "ifftn: a length must be given for each axis (got 1 for 2)");
  });
}

TEST_CASE("det and eigh of symmetric matrices") {
  in_cluster([] {
    const auto a = from_xtensor(M{{2, 1, 0}, {1, 3, 1}, {0, 1, 4}}, {2, 2});
    CHECK(det(a).item() == Approx(18));
    CHECK(slogdet(-a).sign.item() == -1);
    CHECK(slogdet(a).log.item() == Approx(std::log(18.0)));
    CHECK(det(a * 0).item() == 0);
    CHECK(slogdet(a * 0).log.item() == -std::numeric_limits<double>::infinity());
    CHECK(det(zeros({0, 0})).item() == 1);
    CHECK(det(eye(200) * 2).item() == std::exp2(200));
    const Eigh<double> e = eigh(a);
    close(matmul(e.v * e.w, transpose(e.v)).compute(), a.compute());
    CHECK(e.w.sum().item() == Approx(9));
    const auto half = Random(5).normal({70, 70}), whole = half + transpose(half);
    const Eigh<double> of_whole = eigh(whole);
    close(matmul(of_whole.v * of_whole.w, transpose(of_whole.v)).compute(), whole.compute());
    CHECK((of_whole.v.max({.axis = 0}) >= -of_whole.v.min({.axis = 0})).all().item());
    const Eigh<double> lower = eigh(where(tril(ones({70, 70})) > 0, whole, 1e9));  // only that is read
    close(lower.w.compute(), of_whole.w.compute());
    CHECK_THROWS_WITH(det(ones({2, 3})), "det: the matrix must be square (got (2, 3))");
    CHECK_THROWS_WITH(eigh(a / 0).w.compute(),
                      Catch::Contains("eigh: the elements must be finite (got an infinity or NaN)"));
  });
}

TEST_CASE("solve, cholesky and eigh take stacks of matrices along the last two axes") {
  in_cluster([] {
    const auto one = from_xtensor(M{{4, 1}, {1, 3}});
    const auto a = stack(std::vector{one, one * 2, one + eye(2)}).rechunk({2, 1, 2});
    const auto each = [&](std::int64_t i) { return Array<double>(a(i, all, all)); };
    const auto b = reshape(arange<double>(0, 18), {3, 2, 3}).rechunk({1, 2, 2});
    const auto x = solve(a, b);
    CHECK(x.chunks() == b.chunks());
    close(matmul(a, x).compute(), b.compute());
    const auto triangles = cholesky(a);
    const Eigh<double> e = eigh(a);
    CHECK(e.w.shape() == Shape{3, 2});
    for (const std::int64_t i : {0, 1, 2}) {
      close(triangles(i, all, all).compute(), cholesky(each(i)).compute());
      close(e.w(i, all).compute(), eigh(each(i)).w.compute());
      close(e.v(i, all, all).compute(), eigh(each(i)).v.compute());
    }
    const auto list = from_xtensor(M{1, 2});  // the right side of all
    close(solve(a, list)(1, all).compute(), solve(each(1), list).compute());
    close(solve(each(0), b)(2, all, all).compute(), solve(each(0), Array<double>(b(2, all, all))).compute());
    CHECK(solve(reshape(a, {3, 1, 2, 2}), b).shape() == Shape{3, 3, 2, 3});
    CHECK(solve(zeros({0, 2, 2}), ones({2})).compute().size() == 0);
    CHECK(eigh(zeros({2, 0, 0})).v.compute().size() == 0);
    CHECK_THROWS_WITH(solve(a, ones({3, 2})),
                      "solve: both sides must have as many rows (got (3, 2, 2) and (3, 2)); expand_dims(b, "
                      "-1) makes columns of its lines");
    CHECK_THROWS_WITH(solve(a, ones({})), "solve: both sides must have as many rows (got (3, 2, 2) and ())");
    CHECK_THROWS_WITH(solve(a, ones({2, 2, 1})),
                      "solve: the axes before the last two must be broadcastable (got (3, 2, 2) and (2, 2, "
                      "1))");
    CHECK_THROWS_WITH(solve(ones({3, 2, 3}), b),
                      "solve: the matrices must be square (got the shape (3, 2, 3))");
    CHECK_THROWS_WITH(solve(a * 0, b).compute(),
                      Catch::Contains("solve: the matrix must not be singular (pivot 0 is 0)"));
    CHECK_THROWS_WITH(cholesky(-a).compute(),
                      Catch::Contains("cholesky: the matrix must be positive definite"));
    CHECK_THROWS_WITH(eigh(a / 0).w.compute(),
                      Catch::Contains("eigh: the elements must be finite (got an infinity or NaN)"));
  });
}

TEST_CASE("cumsum, topk, histogram and percentile agree with plain loops") {
  in_cluster([] {
    const M a = filled(12, 5, 7);
    for (const Chunks& chunks : chunkings) {
      const auto x = from_xtensor(a, chunks);
      for (const std::int64_t axis : {0, 1}) {
        M sums = a, products = a;
        for (std::size_t i = 0; i < 12; ++i)
          for (std::size_t j = 0; j < 5; ++j)
            if (axis == 0 ? i : j) {
              sums(i, j) += axis == 0 ? sums(i - 1, j) : sums(i, j - 1);
              products(i, j) *= axis == 0 ? products(i - 1, j) : products(i, j - 1);
            }
        close(cumsum(x, axis).compute(), sums);
        close(cumprod(x, axis).compute(), products);
        const auto best = topk(x, 3, axis).compute(), worst = topk(x, -2, axis).compute(),
                   ranks = percentile(x, {0, 25, 100}, axis).compute(), middle = median(x, axis).compute();
        for (std::size_t line = 0; line < (axis == 0 ? 5u : 12u); ++line) {
          std::vector<double> values;
          for (std::size_t t = 0; t < (axis == 0 ? 12u : 5u); ++t)
            values.push_back(axis == 0 ? a(t, line) : a(line, t));
          std::sort(values.begin(), values.end());
          const auto at = [&](const M& m, std::size_t k) { return axis == 0 ? m(k, line) : m(line, k); };
          CHECK(at(best, 2) == values[values.size() - 3]);
          CHECK(at(worst, 1) == values[1]);
          CHECK(ranks(0, line) == values[0]);
          CHECK(ranks(2, line) == values.back());
          const double place = 0.25 * static_cast<double>(values.size() - 1);
          const auto below = static_cast<std::size_t>(place);
          CHECK(ranks(1, line) == Approx(values[below] + (values[below + 1] - values[below]) *
                                                             (place - static_cast<double>(below))));
          CHECK(middle(line) ==
                Approx(values.size() % 2 ? values[values.size() / 2]
                                         : (values[values.size() / 2] + values[values.size() / 2 - 1]) / 2));
        }
      }
      const auto counts = histogram(x, {-1, -0.5, 0, 0.25, 1}).compute();
      std::int64_t expected[4] = {0, 0, 0, 0};
      for (const double v : a) ++expected[v < -0.5 ? 0 : v < 0 ? 1 : v < 0.25 ? 2 : 3];
      for (std::size_t i = 0; i < 4; ++i) CHECK(counts(i) == expected[i]);
    }
    CHECK(histogram(arange<double>(0, 11), 5, 0, 10).compute()(4) == 3);
    CHECK_THROWS_WITH(histogram(ones({3}), {1, 0}),
                      "histogram: the edges must not fall (edge 1 is 0.000000 after 1.000000)");
    CHECK_THROWS_WITH(topk(ones({3}), 4),
                      "topk: there must be at least |k| elements along the axis (got 4 of 3)");
  });
}
