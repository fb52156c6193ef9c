// Reductions against plain loops, over axes and chunkings.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include <xtensor/xbuilder.hpp>
#include <xtensor/xview.hpp>

#include "support/in_cluster.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;

namespace {

constexpr std::size_t A = 4, B = 5, C = 6;
const std::vector<Chunks> chunkings{{{4}, {5}, {6}},
                                    {{1, 1, 1, 1}, {1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}},
                                    {{3, 1}, {2, 2, 1}, {5, 1}},
                                    {{0, 4}, {5, 0}, {3, 3}}};
const std::vector<std::vector<std::int64_t>> axes{{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}, {-1}};

// Calls `f` with all elements that fall together, in row-major order, for each element of the result.
template <class T, class F>
auto folded(const xt::xarray<T>& x, const std::vector<std::int64_t>& over, F f) {
  using R = decltype(f(std::vector<T>{}));
  bool fold[3] = {};
  for (const auto a : over) fold[a < 0 ? a + 3 : a] = true;
  std::vector<std::size_t> shape;
  const std::size_t extent[] = {A, B, C};
  std::size_t n[3];
  for (int a = 0; a < 3; ++a) {
    n[a] = fold[a] ? 1 : extent[a];
    if (!fold[a]) shape.push_back(extent[a]);
  }
  std::vector<std::vector<T>> groups(n[0] * n[1] * n[2]);
  for (std::size_t i = 0; i < A; ++i)
    for (std::size_t j = 0; j < B; ++j)
      for (std::size_t k = 0; k < C; ++k)
        groups[((fold[0] ? 0 : i) * n[1] + (fold[1] ? 0 : j)) * n[2] + (fold[2] ? 0 : k)].push_back(
            x(i, j, k));
  xt::xarray<R> out(shape);
  for (std::size_t g = 0; g < groups.size(); ++g) out.data()[g] = f(groups[g]);
  return out;
}

template <class T>
void close(const xt::xarray<T>& got, const xt::xarray<T>& expected) {
  REQUIRE(got.shape() == expected.shape());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (expected.data()[i] != expected.data()[i]) REQUIRE(got.data()[i] != got.data()[i]);
    else
      REQUIRE(static_cast<double>(got.data()[i]) ==
              Approx(static_cast<double>(expected.data()[i])).epsilon(1e-12).margin(1e-12));
  }
}

xt::xarray<double> data() {
  xt::xarray<double> x(xt::xarray<double>::shape_type{A, B, C});
  for (std::size_t i = 0; i < x.size(); ++i)
    x.data()[i] = std::round(std::sin(1.3 * static_cast<double>(i)) * 8);
  return x;
}

double mean_of(const std::vector<double>& v) {
  double s = 0;
  for (const double x : v) s += x;
  return s / static_cast<double>(v.size());
}
double var_of(const std::vector<double>& v, double ddof) {
  double s = 0;
  for (const double x : v) s += (x - mean_of(v)) * (x - mean_of(v));
  return s / (static_cast<double>(v.size()) - ddof);
}

}  // namespace

TEST_CASE("reductions agree with plain loops over all axes and chunkings") {
  in_cluster([] {
    const xt::xarray<double> v = data();
    for (const Chunks& chunks : chunkings) {
      const auto x = from_xtensor(v, chunks);
      for (const auto& over : axes) {
        const Reduce how{.axis = over, .split_every = 3};
        using V = std::vector<double>;
        close<double>(x.sum(how).compute(),
                      folded(v, over, [](const V& g) { return mean_of(g) * static_cast<double>(g.size()); }));
        close<double>(x.mean(how).compute(), folded(v, over, [](const V& g) { return mean_of(g); }));
        close<double>(x.var({.axis = over, .ddof = 1}).compute(),
                      folded(v, over, [](const V& g) { return var_of(g, 1); }));
        close<double>(x.std(how).compute(),
                      folded(v, over, [](const V& g) { return std::sqrt(var_of(g, 0)); }));
        close<double>(x.min(how).compute(),
                      folded(v, over, [](const V& g) { return *std::min_element(g.begin(), g.end()); }));
        close<double>(x.max(how).compute(),
                      folded(v, over, [](const V& g) { return *std::max_element(g.begin(), g.end()); }));
        close<bool>((x > 7).any(how).compute(), folded(v, over, [](const V& g) {
                      return std::any_of(g.begin(), g.end(), [](double e) { return e > 7; });
                    }));
        close<bool>((x > -8).all(how).compute(), folded(v, over, [](const V& g) {
                      return std::all_of(g.begin(), g.end(), [](double e) { return e > -8; });
                    }));
        close<std::int64_t>(x.count_nonzero(how).compute(), folded(v, over, [](const V& g) {
                              return std::int64_t(g.size()) - std::count(g.begin(), g.end(), 0.0);
                            }));
        if (over.size() == 1 || over.size() == 3) {
          close<std::int64_t>(x.argmax(how).compute(), folded(v, over, [](const V& g) {
                                return std::int64_t(std::max_element(g.begin(), g.end()) - g.begin());
                              }));
          close<std::int64_t>(x.argmin(how).compute(), folded(v, over, [](const V& g) {
                                return std::int64_t(std::min_element(g.begin(), g.end()) - g.begin());
                              }));
        }
        const auto kept = x.sum({.axis = over, .keepdims = true});
        CHECK(kept.dimension() == 3);
        CHECK(kept.shape(static_cast<std::size_t>(over[0] < 0 ? over[0] + 3 : over[0])) == 1);
      }
      close<double>((x - x.mean({.axis = 1, .keepdims = true})).sum({.axis = 1}).compute(),
                    xt::xarray<double>(xt::zeros<double>(std::vector<std::size_t>{A, C})));
    }
  });
}

TEST_CASE("reductions of integers add up in 64 bits") {
  in_cluster([] {
    const auto x = full<std::int8_t>({1000}, 100, {300});
    CHECK(std::int64_t(x.sum().compute()) == 100000);
    CHECK(std::uint64_t(full<std::uint8_t>({40}, 2, {7}).prod().compute()) == std::uint64_t{1} << 40);
    CHECK(std::int64_t((x > 0).sum().compute()) == 1000);
    CHECK(double(x.mean().compute()) == 100);
    CHECK(float(full<float>({1000000}, 0.1f).mean().compute()) == 0.1f);
  });
}

TEST_CASE("variance is stable where the mean is large") {
  in_cluster([] {
    const auto x = arange<double>(0, 1000, 1, {70}) % 2.0 + 1e9;
    CHECK(double(x.var().compute()) == Approx(0.25).epsilon(1e-9));
    using C = std::complex<double>;
    const auto z = from_xtensor(xt::xarray<std::complex<double>>{C(1, 1), C(1, -1), C(-1, 1), C(-1, -1)},
                                Chunks{{3, 1}});
    CHECK(double(z.var().compute()) == Approx(2));
  });
}

TEST_CASE("reductions propagate NaN, and nan-variants skip it") {
  in_cluster([] {
    const double nan = std::nan("");
    const auto x = from_xtensor(xt::xarray<double>{{1, nan, 3}, {nan, nan, nan}}, {1, 2});
    CHECK(std::isnan(double(x.max().compute())));
    CHECK(std::isnan(double(x.min().compute())));
    CHECK(std::int64_t(x.argmax().compute()) == 1);
    close<double>(x.nansum({.axis = 1}).compute(), {4, 0});
    close<double>(x.nanmean({.axis = 1}).compute(), {2, nan});
    close<double>(x.nanmax({.axis = 1}).compute(), {3, nan});
    close<double>(x.nanmin({.axis = 1}).compute(), {1, nan});
    close<double>(x.nanvar({.axis = 1}).compute(), {1, nan});
    CHECK(double(x.nanprod().compute()) == 3);
  });
}

TEST_CASE("reductions of long lines agree with plain loops, with NaN among them and without") {
  in_cluster([] {
    const std::size_t rows = 37, columns = 3001;
    for (const bool has_nan : {false, true}) {
      xt::xarray<double> values = xt::xarray<double>::from_shape({rows, columns});
      for (std::size_t i = 0; i < values.size(); ++i)
        values.data()[i] =
            has_nan && i % 7 == 3 && i / columns != 5 ? std::nan("") : 1 + 1e-4 * double(i * 7919 % 1009);
      const auto x = from_xtensor(values, {10, 700});
      xt::xarray<double> mean = xt::zeros<double>({rows}), var = mean, product = mean;
      xt::xarray<std::int64_t> least = xt::zeros<std::int64_t>({rows}),
                               above = xt::zeros<std::int64_t>({columns});
      for (std::size_t r = 0; r < rows; ++r) {
        double count = 0, log = 0;
        std::int64_t nan_at = -1, least_at = 0;
        for (std::size_t c = 0; c < columns; ++c) {
          const double v = values(r, c);
          if (std::isnan(v)) {
            if (nan_at < 0) nan_at = static_cast<std::int64_t>(c);
            continue;
          }
          count += 1, mean(r) += v, log += std::log(v);
          if (v < values(r, static_cast<std::size_t>(least_at))) least_at = static_cast<std::int64_t>(c);
        }
        mean(r) /= count;
        for (const double v : xt::view(values, r))
          var(r) += std::isnan(v) ? 0 : (v - mean(r)) * (v - mean(r)) / count;
        product(r) = log;
        least(r) = nan_at >= 0 ? nan_at : least_at;
      }
      for (std::size_t c = 0; c < columns; ++c)
        for (std::size_t r = 1; r < rows; ++r) {
          const double best = values(static_cast<std::size_t>(above(c)), c), v = values(r, c);
          if (!std::isnan(best) && (std::isnan(v) || v < best)) above(c) = static_cast<std::int64_t>(r);
        }
      close<double>(x.nanmean({.axis = 1}).compute(), mean);
      close<double>(x.nanvar({.axis = 1}).compute(), var);
      close<double>(log(x.nanprod({.axis = 1})).compute(), product);
      CHECK(x.argmin({.axis = 1}).compute() == least);
      CHECK(x.argmin({.axis = 0}).compute() == above);
      CHECK(bool((x > 1.1009).any().compute()) == false);
      CHECK(bool((x < 1.1009).all().compute()) == !has_nan);
      CHECK(bool((x > 1.1007).any().compute()) == true);
      CHECK(bool(x.all().compute()));
      CHECK(bool((x * 0).any().compute()) == has_nan);
    }
  });
}

TEST_CASE("reductions of nothing have their neutral element or refuse") {
  in_cluster([] {
    const auto x = zeros({0, 3});
    CHECK(double(x.sum().compute()) == 0);
    CHECK(bool(x.all().compute()));
    CHECK(x.max({.axis = 1}).compute().size() == 0);
    CHECK_THROWS_WITH(x.max(), "max: there must be an element to choose (the shape is (0, 3))");
    CHECK_THROWS_WITH(x.sum({.axis = 2}), "sum: axis must be in [-2, 2) (got 2)");
    CHECK_THROWS_WITH(x.sum({.axis = {0, -2}}), "sum: an axis must be named once (got -2 again)");
    CHECK_THROWS_WITH(ones({2}).sum({.split_every = 1}), "sum: split_every must be at least 2 (got 1)");
    CHECK_THROWS_WITH(ones<std::complex<double>>({2}).max(), "max: complex numbers have no order");
  });
}

TEST_CASE("sums of products have the bits of products that are added up after each other") {
  in_cluster([] {
    const auto total = [](std::size_t count, auto product) {  // sixteen sums, four, and what is left
      double sums[16] = {}, rest = 0;
      std::size_t i = 0;
      for (; i + 16 <= count; i += 16)
        for (std::size_t k = 0; k < 16; ++k) sums[k] += product(i + k);
      for (; i + 4 <= count; i += 4)
        for (std::size_t k = 0; k < 4; ++k) sums[k] += product(i + k);
      for (; i < count; ++i) rest += product(i);
      for (std::size_t k = 0; k < 4; ++k) sums[k] = (sums[k] + sums[k + 4]) + (sums[k + 8] + sums[k + 12]);
      return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + rest;
    };
    for (const std::size_t columns : {1u, 3u, 17u, 100u, 127u}) {
      const std::size_t rows = 37;
      xt::xarray<double> a(std::vector<std::size_t>{rows, columns}), b = a;
      xt::xarray<double> turned(std::vector<std::size_t>{columns, rows});
      for (std::size_t i = 0; i < a.size(); ++i) {
        a.data()[i] = std::sin(1.3 * double(i)) * 5;
        b.data()[i] = std::cos(0.7 * double(i)) / 3;
        turned(i % columns, i / columns) = b.data()[i];
      }
      a(5, 0) = INFINITY, a(6, 0) = std::nan("");
      xt::xarray<double> products(std::vector<std::size_t>{rows}), squares = products, doubled = products;
      for (std::size_t r = 0; r < rows; ++r) {
        products(r) = total(columns, [&](std::size_t i) { return a(r, i) * b(r, i); });
        squares(r) = total(columns, [&](std::size_t i) { return b(r, i) * b(r, i); });
        doubled(r) = total(columns, [&](std::size_t i) { return b(r, i) * 3; });
      }
      const auto same = [](const xt::xarray<double>& got, const xt::xarray<double>& expected) {
        REQUIRE(got.size() == expected.size());
        for (std::size_t i = 0; i < got.size(); ++i)
          REQUIRE((got(i) == expected(i) || (got(i) != got(i) && expected(i) != expected(i))));
      };
      for (const std::int64_t band : {37, 5}) {
        const ChunkSpec chunks({band, std::int64_t{-1}});
        const auto x = from_xtensor(a, chunks), y = from_xtensor(b, chunks),
                   z = transpose(from_xtensor(turned));
        same((x * y).sum({.axis = 1}).compute(), products);
        same((x * z).sum({.axis = 1}).compute(), products);
        same(einsum("ij,ij->i", x, y).compute(), products);
        same(square(y).sum({.axis = 1}).compute(), squares);
        same((3.0 * y).sum({.axis = 1}).compute(), doubled);
        CHECK(square(y).sum().item() == Approx((y * y).persist().sum().item()).epsilon(1e-13));
        CHECK((y * y).sum({.axis = 0}).compute() == (y * y).persist().sum({.axis = 0}).compute());
      }
      const auto u = from_xtensor(xt::xarray<double>(xt::view(b, 3)));
      CHECK(dot(u, u).item() == squares(3));
      CHECK(norm(u).item() == std::sqrt(squares(3)));
    }
    const auto f = (arange<double>(0, 1000) / 7).astype<float>();
    CHECK(dot(f, f).item() ==
          static_cast<float>((f.astype<double>() * f.astype<double>()).persist().sum().item()));
  });
}

namespace {

// Along the last axis of (4, 3, inner) and along the first, in chunks, against one element after the other.
template <class T>
void check_rows_of(std::size_t inner, bool has_nan) {
  constexpr std::size_t rows = 4, columns = 3;
  xt::xarray<T> x(std::vector<std::size_t>{rows, columns, inner});
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<T>((i * 7919) % 101) - T(50);
  if constexpr (std::is_floating_point_v<T>)
    if (has_nan) x(1, 2, inner / 2) = x(3, 0, inner - 1) = std::numeric_limits<T>::quiet_NaN();
  const auto length = static_cast<std::int64_t>(inner);
  for (const Chunks& chunks : {Chunks{{4}, {3}, {length}}, Chunks{{3, 1}, {2, 1}, {length}},
                               Chunks{{4}, {3}, {length - length / 3, length / 3}}}) {
    const Array<T> a = from_xtensor(x, chunks);
    const auto sum = a.sum({.axis = 2}).compute(), across = a.sum({.axis = 0}).compute();
    const auto most = a.max({.axis = 2}).compute();
    const auto place = a.argmax({.axis = 2}).compute(), place_across = a.argmax({.axis = 0}).compute();
    const auto count = a.count_nonzero({.axis = 2}).compute();
    const auto squares = (a * a).sum({.axis = 2}).compute();
    const auto better = [](T u, T v) { return v == v && (u > v || u != u); };  // the first NaN wins
    for (std::size_t i = 0; i < rows; ++i)
      for (std::size_t j = 0; j < columns; ++j) {
        double total = 0, square = 0;
        std::size_t best = 0;
        std::int64_t not_zero = 0;
        for (std::size_t k = 0; k < inner; ++k) {
          const T v = x(i, j, k);
          total += static_cast<double>(v), square += static_cast<double>(v) * static_cast<double>(v);
          not_zero += v != T(0);
          if (better(v, x(i, j, best))) best = k;
        }
        const T top = x(i, j, best);
        CHECK((total == static_cast<double>(sum(i, j)) || total != total));
        CHECK((sum(i, j) != sum(i, j)) == (total != total));
        CHECK((square == static_cast<double>(squares(i, j)) || square != square));
        CHECK((top == most(i, j) || (top != top && most(i, j) != most(i, j))));
        CHECK(place(i, j) == static_cast<std::int64_t>(best));
        CHECK(count(i, j) == not_zero);
      }
    for (std::size_t j = 0; j < columns; ++j)
      for (std::size_t k = 0; k < inner; ++k) {
        double total = 0;
        std::size_t best = 0;
        for (std::size_t i = 0; i < rows; ++i) {
          total += static_cast<double>(x(i, j, k));
          if (better(x(i, j, k), x(best, j, k))) best = i;
        }
        CHECK((total == static_cast<double>(across(j, k)) || total != total));
        CHECK(place_across(j, k) == static_cast<std::int64_t>(best));
      }
  }
}

}  // namespace

TEST_CASE("rows of any length are folded as one element after the other") {
  in_cluster([] {
    for (const std::size_t inner : {3, 11, 12, 13, 33, 50, 129, 300}) {
      CAPTURE(inner);
      for (const bool has_nan : {false, true}) {
        check_rows_of<double>(inner, has_nan);
        check_rows_of<float>(inner, has_nan);
      }
      check_rows_of<std::int64_t>(inner, false);
      check_rows_of<std::int32_t>(inner, false);
    }
  });
}

TEST_CASE("what is not 0 is counted beyond what a byte of each lane holds") {
  in_cluster([] {
    const Array<std::int64_t> i = arange<std::int64_t>(0, 300000, 1, {300000});
    const Array<bool> mask = i % 3 != 0;
    CHECK(mask.count_nonzero().item() == 200000);
    CHECK((i % 5).astype<std::uint8_t>().count_nonzero().item() == 240000);
    CHECK((i % 5).astype<std::int16_t>().count_nonzero().item() == 240000);
    CHECK(mask.astype<double>().sum().item() == 200000);
    CHECK((i % 256).astype<std::uint8_t>().argmax().item() == 255);
  });
}
