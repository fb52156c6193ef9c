// Every elementwise function against the standard library's, over chunkings, seeds and element types.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>

#include "support/in_cluster.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const std::vector<Chunks> chunkings{{{7}, {6}},
                                    {{1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1}},
                                    {{5, 2}, {1, 5}},
                                    {{0, 3, 0, 4}, {6, 0}},
                                    {{7}, {2, 2, 2}}};

template <class T>
void same(const xt::xarray<T>& got, const xt::xarray<T>& expected, [[maybe_unused]] double margin = 0) {
  REQUIRE(got.shape() == expected.shape());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const T a = got.data()[i], b = expected.data()[i];
    INFO("element " << i << ": " << +a << " for " << +b);
    if constexpr (std::is_integral_v<T>) REQUIRE(a == b);
    else if (b != b) REQUIRE(a != a);
    else if (a != b) REQUIRE(std::abs(a - b) <= margin * (1 + std::abs(b)));
  }
}
template <class R, class T, class F>
xt::xarray<R> each(const xt::xarray<T>& x, F f) {
  xt::xarray<R> out(x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) out.data()[i] = f(x.data()[i]);
  return out;
}
template <class R, class T, class U, class F>
xt::xarray<R> each(const xt::xarray<T>& x, const xt::xarray<U>& y, F f) {
  xt::xarray<R> out(x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) out.data()[i] = f(x.data()[i], y.data()[i]);
  return out;
}
// Calls `f` with chunks and values of a seed.
template <class F>
void sweep(double low, double high, F f) {
  in_cluster([&] {
    for (const std::uint64_t seed : {1, 2}) {
      const xt::xarray<double> values = Random(seed).uniform({7, 6}, low, high).compute();
      for (const Chunks& chunks : chunkings) f(from_xtensor(values, chunks), values);
    }
  });
}

}  // namespace

TEST_CASE("functions of one number give what the standard library gives") {
  using One = double (*)(double);
  struct Case {
    const char* name;
    double low, high;
    Array<double> (*ours)(const Array<double>&);
    One theirs;
  };
#define CASE(function, low, high)                                      \
  Case {                                                               \
#function, low, high,                                              \
        [](const Array <double>& x) -> Array < double>                 \
    { return function(x); }, [](double v) { return std::function(v); } \
  }
  const std::vector<Case> cases{
      CASE(exp, -5, 5),         CASE(exp2, -5, 5),    CASE(expm1, -1, 1),   CASE(log, 0.01, 9),
      CASE(log2, 0.01, 9),      CASE(log10, 0.01, 9), CASE(log1p, -0.9, 9), CASE(sqrt, 0, 9),
      CASE(cbrt, -9, 9),        CASE(sin, -9, 9),     CASE(cos, -9, 9),     CASE(tan, -1.5, 1.5),
      CASE(asin, -1, 1),        CASE(acos, -1, 1),    CASE(atan, -9, 9),    CASE(sinh, -5, 5),
      CASE(cosh, -5, 5),        CASE(tanh, -5, 5),    CASE(asinh, -9, 9),   CASE(acosh, 1, 9),
      CASE(atanh, -0.99, 0.99), CASE(erf, -3, 3),     CASE(floor, -9, 9),   CASE(ceil, -9, 9),
      CASE(trunc, -9, 9),       CASE(rint, -9, 9),    CASE(abs, -9, 9)};
#undef CASE
  for (const Case& one : cases) {
    INFO(one.name);
    sweep(one.low, one.high, [&](const Array<double>& x, const xt::xarray<double>& v) {
      same<double>(one.ours(x).compute(), each<double>(v, one.theirs), 4e-15);
    });
  }
  sweep(-9, 9, [](const Array<double>& x, const xt::xarray<double>& v) {
    same<double>(reciprocal(x).compute(), each<double>(v, [](double a) { return 1 / a; }));
    same<double>(square(x).compute(), each<double>(v, [](double a) { return a * a; }));
    same<double>(sign(x).compute(), each<double>(v, [](double a) {
                   return a > 0 ? 1.0 : a < 0 ? -1.0 : 0.0;
                 }));
    same<double>((-x).compute(), each<double>(v, [](double a) { return -a; }));
    same<float>(sin(x.astype<float>()).compute(),
                each<float>(v, [](double a) { return std::sin(static_cast<float>(a)); }), 1e-6);
    same<bool>(signbit(x).compute(), each<bool>(v, [](double a) { return std::signbit(a); }));
  });
}

TEST_CASE("functions of two numbers, comparisons and logic give what plain loops give") {
  sweep(-3, 3, [](const Array<double>& x, const xt::xarray<double>& v) {
    const auto y = flip(x).rechunk({3, 4});
    const xt::xarray<double> w = y.compute();
    const auto two = [&]<class R>(const Array<R>& got, auto f) {
      same<R>(got.compute(), each<R>(v, w, f), 4e-15);
    };
    two(x + y, [](double a, double b) { return a + b; });
    two(x - y, [](double a, double b) { return a - b; });
    two(x * y, [](double a, double b) { return a * b; });
    two(x / y, [](double a, double b) { return a / b; });
    two(floor_divide(x, y), [](double a, double b) { return std::floor(a / b); });
    two(x % y, [](double a, double b) { return a - std::floor(a / b) * b; });
    two(pow(abs(x), y), [](double a, double b) { return std::pow(std::abs(a), b); });
    two(hypot(x, y), [](double a, double b) { return std::hypot(a, b); });
    two(atan2(x, y), [](double a, double b) { return std::atan2(a, b); });
    two(minimum(x, y), [](double a, double b) { return std::min(a, b); });
    two(maximum(x, y), [](double a, double b) { return std::max(a, b); });
    two(fmin(x, y), [](double a, double b) { return std::fmin(a, b); });
    two(fmax(x, y), [](double a, double b) { return std::fmax(a, b); });
    two(x < y, [](double a, double b) { return a < b; });
    two(x <= y, [](double a, double b) { return a <= b; });
    two(x > y, [](double a, double b) { return a > b; });
    two(x >= y, [](double a, double b) { return a >= b; });
    two(rint(x) == rint(y), [](double a, double b) { return std::rint(a) == std::rint(b); });
    two(rint(x) != rint(y), [](double a, double b) { return std::rint(a) != std::rint(b); });
    two((x > 0) && (y > 0), [](double a, double b) { return a > 0 && b > 0; });
    two((x > 0) || (y > 0), [](double a, double b) { return a > 0 || b > 0; });
    two((x > 0) ^ (y > 0), [](double a, double b) { return (a > 0) != (b > 0); });
    two(isclose(x, y, 0.5, 0.1),
        [](double a, double b) { return std::abs(a - b) <= 0.1 + 0.5 * std::abs(b); });
    two(where(x > 0, x, y), [](double a, double b) { return a > 0 ? a : b; });
    two(clip(x, -1.0, 2.0), [](double a, double) { return std::min(std::max(a, -1.0), 2.0); });
  });
}

TEST_CASE("functions tell numbers that are none") {
  in_cluster([] {
    const xt::xarray<double> v{1, -0.0, std::nan(""), infinity, -infinity};
    for (const Chunks& chunks : {Chunks{{5}}, Chunks{{1, 1, 1, 1, 1}}, Chunks{{3, 0, 2}}}) {
      const auto x = from_xtensor(v, chunks);
      same<bool>(isnan(x).compute(), {false, false, true, false, false});
      same<bool>(isinf(x).compute(), {false, false, false, true, true});
      same<bool>(isfinite(x).compute(), {true, true, false, false, false});
      same<bool>(signbit(x)(std::vector<std::int64_t>{0, 1, 3, 4}).compute(), {false, true, false, true});
      same<double>(sqrt(-x)(range(3, 4)).compute(), {std::nan("")});
    }
  });
}

TEST_CASE("functions of complex numbers give what the standard library gives") {
  using C = std::complex<double>;
  sweep(-2, 2, [](const Array<double>& x, const xt::xarray<double>& v) {
    const auto turned = flip(x);
    const auto z = x.astype<C>() + turned.astype<C>() * C(0, 1);
    const xt::xarray<double> w = turned.compute();
    const xt::xarray<C> c = each<C>(v, w, [](double a, double b) { return C(a, b); });
    same<C>(z.compute(), c);
    same<double>(real(z).compute(), v);
    same<double>(imag(z).compute(), w);
    same<double>(abs(z).compute(), each<double>(c, [](C a) { return std::abs(a); }), 1e-15);
    same<double>(angle(z).compute(), each<double>(c, [](C a) { return std::arg(a); }), 1e-15);
    same<C>(conj(z).compute(), each<C>(c, [](C a) { return std::conj(a); }));
    same<C>((z * z / (z + 3.0)).compute(), each<C>(c, [](C a) { return a * a / (a + 3.0); }), 1e-14);
    same<C>(exp(z).compute(), each<C>(c, [](C a) { return std::exp(a); }), 1e-14);
    same<C>(sqrt(z).compute(), each<C>(c, [](C a) { return std::sqrt(a); }), 1e-14);
    C sum = 0;
    for (const C a : c) sum += a;
    CHECK(std::abs(C(z.sum().compute()) - sum) < 1e-12);
    CHECK(std::abs(C(z.mean().compute()) - sum / 42.0) < 1e-13);
    same<std::complex<float>>(z.astype<std::complex<float>>().compute(),
                              each<std::complex<float>>(c, [](C a) { return std::complex<float>(a); }));
  });
}

namespace {

// Integers of any width, with what C++ says of them.
template <class T>
void integers() {
  INFO(detail::array::to_string(detail::array::dtype_of<T>));
  sweep(0, 100, [](const Array<double>& given, const xt::xarray<double>&) {
    const auto x = given.astype<T>(), y = flip(x) % T(5) + T(1);
    const xt::xarray<T> v = x.compute(), w = y.compute();
    const auto two = [&]<class R>(const Array<R>& got, auto f) { same<R>(got.compute(), each<R>(v, w, f)); };
    two(x + y, [](T a, T b) { return static_cast<T>(a + b); });
    two(x - y, [](T a, T b) { return static_cast<T>(a - b); });
    two(x * y, [](T a, T b) { return static_cast<T>(a * b); });
    two(floor_divide(x, y), [](T a, T b) { return static_cast<T>(a / b); });
    two(x % y, [](T a, T b) { return static_cast<T>(a % b); });
    two(x & y, [](T a, T b) { return static_cast<T>(a & b); });
    two(x | y, [](T a, T b) { return static_cast<T>(a | b); });
    two(x ^ y, [](T a, T b) { return static_cast<T>(a ^ b); });
    two(~x, [](T a, T) { return static_cast<T>(~a); });
    two(left_shift(x, 1), [](T a, T) { return static_cast<T>(a << 1); });
    two(right_shift(x, 2), [](T a, T) { return static_cast<T>(a >> 2); });
    two(x < y, [](T a, T b) { return a < b; });
    two(x / y, [](T a, T b) {
      return static_cast<detail::array::Floating<T>>(static_cast<double>(a) / static_cast<double>(b));
    });
    std::int64_t sum = 0, most = 0, zeros_in_it = 0;
    for (const T a : v) sum += a, most = std::max<std::int64_t>(most, a), zeros_in_it += a == 0;
    CHECK(static_cast<std::int64_t>(static_cast<detail::array::Summed<T>>(x.sum().compute())) == sum);
    CHECK(static_cast<std::int64_t>(T(x.max().compute())) == most);
    CHECK(std::int64_t(x.count_nonzero().compute()) == 42 - zeros_in_it);
    CHECK(double(x.template astype<double>().mean().compute()) == Approx(static_cast<double>(sum) / 42));
    const auto sums = cumsum(x, 0).compute();
    detail::array::Summed<T> so_far = 0;
    for (std::size_t i = 0; i < 7; ++i) CHECK(sums(i, 2) == (so_far += v(i, 2)));
    std::vector<T> column;
    for (std::size_t i = 0; i < 7; ++i) column.push_back(v(i, 1));
    std::sort(column.begin(), column.end());
    CHECK(topk(x, 2, 0).compute()(1, 1) == column[5]);
    CHECK(topk(x, -2, 0).compute()(1, 1) == column[1]);
    CHECK(median(x, 0).compute()(1) == static_cast<double>(column[3]));
    CHECK(percentile(x, {0, 50, 100}, 0).compute()(2, 1) == static_cast<double>(column[6]));
    const auto counts = histogram(x, 4, 0, 100).compute();
    CHECK(counts(0) + counts(1) + counts(2) + counts(3) == 42);
  });
}

}  // namespace

TEMPLATE_TEST_CASE("functions of integers give what C++ gives", "", std::int8_t, std::int16_t, std::int32_t,
                   std::int64_t, std::uint8_t, std::uint16_t, std::uint32_t, std::uint64_t) {
  integers<TestType>();
}

TEST_CASE("functions of bool are logic, and bools add up") {
  sweep(-1, 1, [](const Array<double>& given, const xt::xarray<double>&) {
    const Array<bool> x = given > 0, y = flip(x);
    const xt::xarray<bool> v = x.compute(), w = y.compute();
    same<bool>((x & y).compute(), each<bool>(v, w, [](bool a, bool b) { return a && b; }));
    same<bool>((x | y).compute(), each<bool>(v, w, [](bool a, bool b) { return a || b; }));
    same<bool>((!x).compute(), each<bool>(v, [](bool a) { return !a; }));
    std::int64_t count = 0;
    for (const bool a : v) count += a;
    CHECK(std::int64_t(x.sum().compute()) == count);
    CHECK(double(x.mean().compute()) == Approx(static_cast<double>(count) / 42));
    CHECK(given(x).shape() == Shape{count});
    CHECK(double(x.astype<double>().sum().compute()) == static_cast<double>(count));
    CHECK(cumsum(x.astype<int>(), 1).compute()(0, 5) ==
          int(v(0, 0)) + int(v(0, 1)) + int(v(0, 2)) + int(v(0, 3)) + int(v(0, 4)) + int(v(0, 5)));
  });
}

TEST_CASE("nan-variants leave NaN out, over axes and chunkings") {
  sweep(-2, 2, [](const Array<double>& given, const xt::xarray<double>& all_of_it) {
    const auto x = where(given > 1, std::nan(""), given);
    for (const std::int64_t axis : {0, 1}) {
      const std::size_t lines = axis == 0 ? 6 : 7, length = axis == 0 ? 7 : 6;
      const Reduce how{.axis = axis, .split_every = 2};
      const auto sum = x.nansum(how).compute(), prod = x.nanprod(how).compute(),
                 mean = x.nanmean(how).compute(), var = x.nanvar(how).compute(),
                 deviation = x.nanstd(how).compute(), least = x.nanmin(how).compute(),
                 most = x.nanmax(how).compute();
      for (std::size_t l = 0; l < lines; ++l) {
        std::vector<double> v;
        for (std::size_t t = 0; t < length; ++t)
          if (const double a = axis == 0 ? all_of_it(t, l) : all_of_it(l, t); !(a > 1)) v.push_back(a);
        double s = 0, p = 1, q = 0;
        for (const double a : v) s += a, p *= a;
        const double n = static_cast<double>(v.size());
        for (const double a : v) q += (a - s / n) * (a - s / n);
        CHECK(sum(l) == Approx(s).margin(1e-14));
        CHECK(prod(l) == Approx(p).margin(1e-14));
        if (v.empty()) continue;
        CHECK(mean(l) == Approx(s / n).margin(1e-14));
        CHECK(var(l) == Approx(q / n).margin(1e-14));
        CHECK(deviation(l) == Approx(std::sqrt(q / n)).margin(1e-14));
        CHECK(least(l) == *std::min_element(v.begin(), v.end()));
        CHECK(most(l) == *std::max_element(v.begin(), v.end()));
      }
    }
  });
}

TEST_CASE("random numbers of every distribution have its moments and do not depend on the chunks") {
  in_cluster([] {
    for (const std::uint64_t seed : {1, 2}) {
      const auto check = [&](auto make, double mean, double variance) {
        const auto x = make(ChunkSpec{-1});
        const auto whole = x.compute();
        for (const ChunkSpec& chunks : {ChunkSpec{9'999}, ChunkSpec{Chunks{{1, 0, 99'999}}}}) {
          const auto cut = make(chunks).compute();
          REQUIRE(std::equal(whole.begin(), whole.end(), cut.begin()));
        }
        const auto numbers = x.template astype<double>();
        CHECK(double(numbers.mean().compute()) == Approx(mean).margin(0.03 * std::sqrt(variance)));
        CHECK(double(numbers.var().compute()) == Approx(variance).epsilon(0.1));
      };
      const Shape shape{100'000};
      check([&](const ChunkSpec& c) { return Random(seed).uniform(shape, 2, 4, c); }, 3, 1.0 / 3);
      check([&](const ChunkSpec& c) { return Random(seed).normal(shape, -1, 3, c); }, -1, 9);
      check([&](const ChunkSpec& c) { return Random(seed).exponential(shape, 2, c); }, 2, 4);
      check([&](const ChunkSpec& c) { return Random(seed).lognormal(shape, 0, 0.5, c); }, std::exp(0.125),
            (std::exp(0.25) - 1) * std::exp(0.25));
      check([&](const ChunkSpec& c) { return Random(seed).poisson(shape, 3, c); }, 3, 3);
      check([&](const ChunkSpec& c) { return Random(seed).bernoulli(shape, 0.2, c); }, 0.2, 0.16);
      check([&](const ChunkSpec& c) { return Random(seed).integers(shape, 0, 10, c); }, 4.5, 8.25);
    }
  });
}
