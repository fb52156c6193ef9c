// Elementwise operations against plain loops, over many chunkings.
#include <catch2/catch.hpp>

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>
#include <sstream>

#include "support/in_cluster.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;

namespace {

const std::vector<Chunks> chunkings{
    {{4, 3}, {5}}, {{1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1}}, {{7}, {2, 3}}, {{2, 0, 5}, {3, 2}}, {{7}, {5}}};

xt::xarray<double> numbers(std::size_t rows, std::size_t columns, double seed) {
  xt::xarray<double> x(xt::xarray<double>::shape_type{rows, columns});
  for (std::size_t i = 0; i < x.size(); ++i) x.data()[i] = std::sin(seed + 1.7 * static_cast<double>(i)) * 5;
  return x;
}

template <class T>
bool same(const xt::xarray<T>& a, const xt::xarray<T>& b) {
  if (a.shape() != b.shape()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(a.data()[i] == b.data()[i]) && !(a.data()[i] != a.data()[i] && b.data()[i] != b.data()[i]))
      return false;
  return true;
}

}  // namespace

TEST_CASE("elementwise computes chains chunk by chunk whatever the chunks are") {
  in_cluster([] {
    const auto a = numbers(7, 5, 0.3), b = numbers(7, 5, 2.1);
    for (const Chunks& of_a : chunkings)
      for (const Chunks& of_b : chunkings) {
        const auto x = from_xtensor(a, of_a), y = from_xtensor(b, of_b);
        const xt::xarray<double> got = ((x + 1.0) * y - x / 2 + sqrt(abs(y))).compute();
        xt::xarray<double> expected = a;
        for (std::size_t i = 0; i < a.size(); ++i)
          expected.data()[i] =
              (a.data()[i] + 1.0) * b.data()[i] - a.data()[i] / 2 + std::sqrt(std::fabs(b.data()[i]));
        REQUIRE(same<double>(got, expected));
      }
  });
}

TEST_CASE("elementwise fuses a chain into one task per chunk") {
  in_cluster([] {
    const auto x = ones({50}, {10});
    CHECK(((x + 1) + (2 * square(x))).task_count() == 5);
    std::ostringstream text;
    text << x + 1;
    CHECK(text.str() == "Array<float64> (50,) in chunks ((10 x 5)), 400 B, 5 tasks");
    CHECK(((x + 1) * 3).compute()(49) == 6);
  });
}

TEST_CASE("elementwise broadcasts as NumPy does") {
  in_cluster([] {
    const auto a = numbers(7, 5, 0.3);
    for (const Chunks& of_a : chunkings) {
      const auto x = from_xtensor(a, of_a);
      const auto row = arange<double>(0, 5, 1, {2}), column = from_xtensor(numbers(7, 1, 9), {3, 1});
      const xt::xarray<double> got = (x * row + column).compute();
      const auto c = numbers(7, 1, 9);
      for (std::size_t i = 0; i < 7; ++i)
        for (std::size_t j = 0; j < 5; ++j) REQUIRE(got(i, j) == a(i, j) * static_cast<double>(j) + c(i, 0));
    }
    CHECK_THROWS_WITH(ones({2, 3}) + ones({4}),
                      "add: the shapes must be broadcastable: equal or 1 along every axis, counted from the "
                      "last (got (2, 3) and (4,))");
    const double sum = (ones({}) + 1).compute();
    CHECK(sum == 2);
  });
}

TEST_CASE("elementwise cuts what is larger than its inputs into chunks no larger than automatic ones") {
  in_cluster([] {
    const auto line = ones({2048});
    CHECK((expand_dims(line, 1) * line).chunks() == Chunks{std::vector<std::int64_t>(16, 128), {2048}});
    const auto wide = ones({1, 1 << 20}), tall = ones({3, 1});
    const Chunks cut = (tall + wide).chunks();
    CHECK(cut[0] == std::vector<std::int64_t>{1, 1, 1});
    CHECK(*std::ranges::max_element(cut[1]) <= 3 << 16);
    CHECK(std::ranges::count(cut[1], 0) == 0);
    const auto named = ones({60}, {20});
    CHECK((expand_dims(named, 1) * named).chunks() == Chunks{{20, 20, 20}, {20, 20, 20}});
    CHECK((ones({2048, 2048}, {2048, 2048}) + line).chunks() == Chunks{{2048}, {2048}});
  });
}

TEST_CASE("elementwise repeats what is one element for a row, whatever the length of rows") {
  in_cluster([] {
    for (const std::size_t columns : {1u, 7u, 100u, 511u, 512u, 513u, 5000u})
      for (const std::size_t rows : {1u, 3u, 8u, 9u, 40u}) {
        const auto a = numbers(rows, columns, 0.3), c = numbers(rows, 1, 9), d = numbers(rows, 1, 4);
        const auto x = from_xtensor(a), column = from_xtensor(c), other = from_xtensor(d);
        const auto whole = broadcast_to(column, {std::int64_t(rows), std::int64_t(columns)}).compute();
        const xt::xarray<double> got = (column - (x * column + other) * (column - other)).compute();
        for (std::size_t i = 0; i < rows; ++i)
          for (std::size_t j = 0; j < columns; ++j) {
            REQUIRE(whole(i, j) == c(i, 0));
            REQUIRE(got(i, j) == c(i, 0) - (a(i, j) * c(i, 0) + d(i, 0)) * (c(i, 0) - d(i, 0)));
          }
      }
  });
}

TEMPLATE_TEST_CASE("elementwise takes remainders of real numbers to the bits that fmod gives", "", float,
                   double) {
  using T = TestType;
  in_cluster([] {
    constexpr std::size_t size = 6000;
    xt::xarray<T> a(typename xt::xarray<T>::shape_type{size}), b = a;
    for (std::size_t i = 0; i < size; ++i) {
      const double x = std::sin(static_cast<double>(i)), y = std::cos(static_cast<double>(i * i));
      const auto whole = static_cast<T>(std::floor(1e5 * x));
      a(i) = static_cast<T>(x * 1000), b(i) = static_cast<T>(y);
      if (i > 1000) a(i) = whole * (b(i) = static_cast<T>(y + 2));  // as good as whole quotients
      if (i > 2000) a(i) = std::nextafter(a(i), static_cast<T>(x > 0.3 ? 1e30 : -1e30));
      if (i > 3000) a(i) = whole / 2, b(i) = static_cast<T>(std::floor(20 * y) - 0.5);
      if (i > 4000) a(i) = static_cast<T>(std::ldexp(x, int(i % 200) - 100)), b(i) = static_cast<T>(y);
    }
    a(5) = 0, a(6) = -T(0), a(1500) = std::numeric_limits<T>::infinity(), b(2500) = 0;
    b(3500) = std::numeric_limits<T>::quiet_NaN(), b(3600) = -std::numeric_limits<T>::infinity();
    b(3700) = std::numeric_limits<T>::denorm_min(), a(3800) = std::numeric_limits<T>::max();
    const auto x = from_xtensor(a, {2500}), y = from_xtensor(b, {2500});
    const xt::xarray<T> rest = (x % y).compute(), quotient = floor_divide(x, y).compute();
    const auto is_same = [](T one, T other) {
      return one != one ? other != other : one == other && std::signbit(one) == std::signbit(other);
    };
    for (std::size_t i = 0; i < size; ++i) {
      const T left = std::fmod(a(i), b(i));
      const bool is_above = left != 0 && (left < 0) != (b(i) < 0);
      CAPTURE(i, a(i), b(i));
      REQUIRE(is_same(rest(i), left == 0 ? std::copysign(left, b(i)) : is_above ? left + b(i) : left));
      if (b(i) == 0 || !std::isfinite(a(i)) || std::fabs(a(i) / b(i)) > T(0x1p20)) continue;
      const T exact = std::nearbyint((a(i) - left) / b(i)) - (is_above ? 1 : 0);
      REQUIRE(is_same(quotient(i), exact == 0 ? std::copysign(T(0), a(i) / b(i)) : exact));
    }
  });
}

TEMPLATE_TEST_CASE("elementwise divides by powers of two to the same bits as C++ does", "", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  in_cluster([] {
    std::vector<T> all{0,
                       -T(0),
                       1,
                       -3,
                       Limits::min(),
                       Limits::denorm_min(),
                       Limits::max(),
                       Limits::infinity(),
                       -Limits::infinity(),
                       Limits::quiet_NaN(),
                       Limits::min() * T(1.75)};
    for (int i = 0; i < 300; ++i) all.push_back(std::ldexp(T(std::sin(i)), i - 150));
    xt::xarray<T> x(typename xt::xarray<T>::shape_type{all.size()});
    std::ranges::copy(all, x.data());
    const int least = Limits::min_exponent - Limits::digits, most = Limits::max_exponent - 1;
    for (const T by : {T(2), T(-4), T(0.5), T(3), T(0), std::ldexp(T(1), most), std::ldexp(T(1), most - 1),
                       std::ldexp(T(1), Limits::min_exponent - 1), std::ldexp(T(-1), least)}) {
      const xt::xarray<T> got = (from_xtensor(x) / by).compute();
      for (std::size_t i = 0; i < all.size(); ++i) {
        const T expected = all[i] / by;
        CAPTURE(all[i], by);
        if (expected != expected) {
          REQUIRE(got(i) != got(i));
          continue;
        }
        REQUIRE(std::signbit(got(i)) == std::signbit(expected));
        REQUIRE(got(i) == expected);
      }
    }
  });
}

TEST_CASE("elementwise promotes types as NumPy does") {
  STATIC_REQUIRE(std::is_same_v<decltype(ones<std::int32_t>({1}) + ones<float>({1}))::value_type, double>);
  STATIC_REQUIRE(std::is_same_v<decltype(ones<std::int16_t>({1}) + ones<float>({1}))::value_type, float>);
  STATIC_REQUIRE(
      std::is_same_v<decltype(ones<std::uint32_t>({1}) + ones<std::int32_t>({1}))::value_type, std::int64_t>);
  STATIC_REQUIRE(
      std::is_same_v<decltype(ones<std::uint64_t>({1}) + ones<std::int64_t>({1}))::value_type, double>);
  STATIC_REQUIRE(std::is_same_v<decltype(ones<float>({1}) * 2.5)::value_type, float>);
  STATIC_REQUIRE(std::is_same_v<decltype(ones<int>({1}) / 2)::value_type, double>);
  STATIC_REQUIRE(std::is_same_v<decltype(ones<int>({1}) * 2)::value_type, int>);
  STATIC_REQUIRE(std::is_same_v<decltype(abs(ones<std::complex<float>>({1})))::value_type, float>);
  STATIC_REQUIRE(std::is_same_v<decltype(ones<float>({1}) * std::complex<double>(0, 1))::value_type,
                                std::complex<float>>);
}

TEST_CASE("elementwise divides and takes remainders with NumPy's signs") {
  in_cluster([] {
    const xt::xarray<int> a{-7, -7, 7, 7, 5, 0}, b{2, -2, 2, -2, 0, 3};
    const auto x = from_xtensor(a, {4}), y = from_xtensor(b, {2});
    CHECK(same<int>(floor_divide(x, y).compute(), {-4, 3, 3, -4, 0, 0}));
    CHECK(same<int>((x % y).compute(), {1, -1, 1, -1, 0, 0}));
    CHECK(same<double>((x / y)(range(0, 4)).compute(), {-3.5, 3.5, 3.5, -3.5}));
    CHECK(same<int>(pow(x, 2).compute(), {49, 49, 49, 49, 25, 0}));
    CHECK(same<double>((x.astype<double>() % 3.0).compute(), {2, 2, 1, 1, 2, 0}));
    CHECK(same<int>((x & 3).compute(), {1, 1, 3, 3, 1, 0}));
    CHECK(same<int>(right_shift(x, 1).compute(), {-4, -4, 3, 3, 2, 0}));
  });
}

TEST_CASE("elementwise divides whole numbers of any size") {
  in_cluster([] {
    std::vector<std::int64_t> ends{0, 1, -1, 2, -3, 7, 1000003, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    for (const int bits : {31, 50, 51, 52, 62})
      for (const std::int64_t off : {-1, 0, 1})
        for (const std::int64_t sign : {-1, 1}) ends.push_back(sign * ((std::int64_t{1} << bits) + off));
    // Pairs of all of them, and pieces without any that is large, whose quotients are near to whole numbers.
    std::vector<std::int64_t> x, y;
    for (const std::int64_t a : ends)
      for (const std::int64_t b : ends) x.push_back(a), y.push_back(b);
    for (std::int64_t i = 0; i < 5000; ++i) {
      const std::int64_t b = (i % 89 - 44) * (1 + i % 7 * 1000003);
      y.push_back(b == 0 ? 1 : b);
      x.push_back(y.back() * (i * 7919 % 100003) + i % 3 - 1);
    }
    xt::xarray<std::int64_t> a = xt::xarray<std::int64_t>::from_shape({x.size()}), b = a;
    std::ranges::copy(x, a.data());
    std::ranges::copy(y, b.data());
    const auto u = from_xtensor(a, {1100}), v = from_xtensor(b, {1100});
    const auto quotient = floor_divide(u, v).compute(), rest = (u % v).compute();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      __int128 q = 0, r = 0;
      if (y[i] != 0) {
        q = __int128{x[i]} / y[i], r = __int128{x[i]} % y[i];
        if (r != 0 && (r < 0) != (y[i] < 0)) q -= 1, r += y[i];
      }
      wrong += quotient(i) != static_cast<std::int64_t>(q) || rest(i) != static_cast<std::int64_t>(r) ? 1 : 0;
    }
    CHECK(wrong == 0);
    const xt::xarray<int> small{-7, INT_MIN, 7, INT_MAX}, by{2, -1, -2, 10};
    CHECK(same<int>(floor_divide(from_xtensor(small), from_xtensor(by)).compute(),
                    {-4, INT_MIN, -4, 214748364}));
    CHECK(same<int>((from_xtensor(small) % from_xtensor(by)).compute(), {1, 0, -1, 7}));
  });
}

TEST_CASE("elementwise compares, chooses and clips") {
  in_cluster([] {
    const double nan = std::nan("");
    const xt::xarray<double> a{1, -2, nan, 4, 5};
    const auto x = from_xtensor(a, {2});
    CHECK(same<bool>((x > 1 && x < 5).compute(), {false, false, false, true, false}));
    CHECK(same<bool>((!(x > 1)).compute(), {true, true, true, false, false}));
    CHECK(same<double>(where(x > 0, x, 0.0).compute(), {1, 0, 0, 4, 5}));
    CHECK(same<double>(clip(x, 0.0, 4.5).compute(), {1, 0, nan, 4, 4.5}));
    CHECK(same<bool>(isnan(x).compute(), {false, false, true, false, false}));
    CHECK(same<double>(maximum(x, 2).compute(), {2, 2, nan, 4, 5}));
    CHECK(same<double>(fmax(x, full({5}, 2.0)).compute(), {2, 2, 2, 4, 5}));
    const auto ints = from_xtensor(xt::xarray<int>{0, 1, 2}, {1});
    CHECK(same<bool>((ints < 0.5).compute(), {true, false, false}));
  });
}

TEST_CASE("elementwise refuses what has no meaning") {
  in_cluster([] {
    const auto z = ones<std::complex<double>>({2});
    CHECK_THROWS_WITH(z < z, "less: is not defined for elements of type complex128");
    CHECK_THROWS_WITH(ones<double>({2}) & ones<double>({2}),
                      "bit_and: is not defined for elements of type float64");
    CHECK_THROWS_WITH(ones({2, 3}, {2, 2, 2}),
                      "ones: chunks must name every axis of the shape (2, 3) (got 3 of 2)");
    CHECK_THROWS_WITH(ones({4}, Chunks{{1, 2}}),
                      "ones: chunks must add up to 4 (got 3 for axis 0 of the shape (4,))");
    CHECK_THROWS_WITH(ones({4}, {0}),
                      "ones: a chunk must have at least 1 element, or -1 for the whole axis (got 0 for axis "
                      "0 of the shape (4,))");
    CHECK_THROWS_WITH(Array<double>() + 1,
                      "array: an Array that was only declared has no elements; assign one to it first");
  });
}

TEST_CASE(
    "chunks are chosen near a number of bytes, as square as the shape allows, and aligned to a file's") {
  const auto resolved = [](const ChunkSpec& spec, const Shape& shape, const Shape& aligned = {}) {
    return spec.resolve("test", shape, 8, aligned);
  };
  CHECK(resolved("1 MiB", {1000, 1000}) == Chunks{{334, 334, 332}, {334, 334, 332}});
  CHECK(resolved("1 MiB", {1000, 1000}, {32, 64}) == Chunks{{256, 256, 256, 232}, {512, 488}});
  CHECK(resolved({}, {1000, 1000}) == Chunks{{334, 334, 332}, {334, 334, 332}});
  CHECK(resolved({-1, 400}, {1000, 1000}) == Chunks{{1000}, {400, 400, 200}});
  std::vector<std::int64_t> rows(47, 2084);  // of 16 MiB
  rows.push_back(2052);
  CHECK(resolved({automatic, -1}, {100000, 1000}) == Chunks{rows, {1000}});
  CHECK(resolved({}, {0, 5}) == Chunks{{0}, {5}});
  CHECK(resolved({}, {}) == Chunks{});
}

TEST_CASE("creation makes the arrays NumPy makes") {
  in_cluster([] {
    CHECK(same<std::int64_t>(arange<std::int64_t>(2, 11, 3, {2}).compute(), {2, 5, 8}));
    CHECK(arange<double>(0, 1, 0.1, {3}).shape() == Shape{10});
    CHECK(arange<double>(0, 1, 0.1, {3}).compute()(7) == 7 * 0.1);
    CHECK_FALSE(std::signbit(arange<double>(0, -2, -0.5).compute()(0)));
    CHECK(arange<int>(3, 1).shape() == Shape{0});
    CHECK(arange<int>(3, 1).compute().size() == 0);
    CHECK(same<double>(linspace(0.0, 1.0, 5, {2}).compute(), {0, 0.25, 0.5, 0.75, 1}));
    CHECK(linspace(0.0, 1.0, 50, {7}).compute()(49) == 1);
    CHECK(linspace(0.0, 1.0, 50, {7}).compute()(48) == 48 * (1.0 / 49));
    CHECK(same<double>(linspace(0.0, 1.0, 4, {}, false).compute(), {0, 0.25, 0.5, 0.75}));
    CHECK(same<double>(linspace(3.0, 5.0, 1).compute(), {3}));
    CHECK(same<double>(eye(3, 4, 1, {2, 3}).compute(), {{0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}}));
    const auto blocks = from_function<double>(
        [](const BlockInfo& info) {
          return xt::xarray<double>(xt::xarray<double>::shape_type{std::size_t(info.shape[0])},
                                    double(info.start[0]));
        },
        {5}, {2});
    CHECK(same<double>(blocks.compute(), {0, 0, 2, 2, 4}));
    CHECK_THROWS_WITH(arange<int>(0, 5, 0), "arange: step must not be 0 (got 0)");
  });
}

TEST_CASE("random numbers depend on seed, call and position alone") {
  in_cluster([] {
    const auto numbers = [](ChunkSpec chunks) { return Random(7).normal({40, 30}, 0, 1, chunks).compute(); };
    const auto whole = numbers({-1, -1});
    for (const ChunkSpec& chunks : {ChunkSpec{1, 1}, ChunkSpec{7, 13}, ChunkSpec{40, 1}})
      CHECK(same<double>(numbers(chunks), whole));
    CHECK_FALSE(same<double>(Random().uniform({9}).compute(), Random().uniform({9}).compute()));
    Random rng(3);
    CHECK_FALSE(same<double>(rng.uniform({9}).compute(), rng.uniform({9}).compute()));
    const auto x = Random(1).uniform({200000}, -1, 3);
    CHECK(double(x.mean().compute()) == Approx(1).margin(0.02));
    CHECK(double(x.var().compute()) == Approx(16.0 / 12).margin(0.02));
    const auto n = Random(1).normal({200000}, 5, 2);
    CHECK(double(n.mean().compute()) == Approx(5).margin(0.03));
    CHECK(double(n.std().compute()) == Approx(2).margin(0.03));
    for (const double mean : {0.5, 4.0, 40.0}) {
      const auto p = Random(2).poisson({100000}, mean);
      CHECK(double(p.mean().compute()) == Approx(mean).epsilon(0.02));
      CHECK(double(p.var().compute()) == Approx(mean).epsilon(0.03));
    }
    // Those of any version, however many are drawn side by side.
    CHECK(same<std::int64_t>(Random(2).poisson({8}, 4).compute(), {5, 8, 8, 2, 4, 3, 3, 7}));
    CHECK(same<std::int64_t>(Random(2).poisson({100003}, 9.9, {777})(range(0, 8)).compute(),
                             {12, 11, 15, 7, 9, 11, 7, 12}));
    CHECK(same<std::int64_t>(Random(2).poisson({8}, 40).compute(), {42, 40, 40, 39, 50, 47, 44, 40}));
    CHECK(same<std::int64_t>(Random(2).poisson({3}, 0).compute(), {0, 0, 0}));
    const auto die = Random(5).integers({60000}, 1, 7);
    CHECK(std::int64_t(die.min().compute()) == 1);
    CHECK(std::int64_t(die.max().compute()) == 6);
    CHECK(double(die.mean().compute()) == Approx(3.5).margin(0.05));
    auto order = Random(5).permutation(1001, {100}).compute();
    CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
    std::sort(order.begin(), order.end());
    for (std::int64_t i = 0; i < 1001; ++i) REQUIRE(order(i) == i);
  });
}

TEST_CASE("numbers are cut off, down and up as the C library does, and shifted within their type") {
  in_cluster([] {
    std::vector<double> list{0.,           -0.,        0.3,     -0.3,  0.5,       -0.5,       0.7,
                             -0.7,         1.5,        -1.5,    2.5,   8388607.5, -8388607.5, 8388609,
                             0x1p51 - 0.5, 0x1p52 + 1, -0x1p60, 1e300, INFINITY,  -INFINITY,  NAN};
    for (int i = 0; i < 2000; ++i) list.push_back(std::sin(i) * std::ldexp(1.0, i % 60));
    const auto check = [&]<class T>(T, auto ours, auto plain) {
      xt::xarray<T> x(std::vector<std::size_t>{list.size()});
      for (std::size_t i = 0; i < list.size(); ++i) x.data()[i] = static_cast<T>(list[i]);
      const auto got = ours(from_xtensor(x)).compute();
      for (std::size_t i = 0; i < x.size(); ++i) {
        const T right = plain(x.data()[i]), one = got.data()[i];
        CAPTURE(x.data()[i], one, right);
        CHECK(((one == right && std::signbit(one) == std::signbit(right)) || (one != one && right != right)));
      }
    };
    const auto of_both = [&](auto ours, auto plain) { check(0.0, ours, plain), check(0.0F, ours, plain); };
    of_both([](const auto& x) { return floor(x); }, [](auto v) { return std::floor(v); });
    of_both([](const auto& x) { return ceil(x); }, [](auto v) { return std::ceil(v); });
    of_both([](const auto& x) { return trunc(x); }, [](auto v) { return std::trunc(v); });

    std::vector<double> whole;
    for (const double v : list)
      if (std::fabs(v) < 0x1p62) whole.push_back(v);
    xt::xarray<double> y(std::vector<std::size_t>{whole.size()});
    std::ranges::copy(whole, y.data());
    const auto cut = from_xtensor(y).astype<std::int64_t>().compute();
    for (std::size_t i = 0; i < whole.size(); ++i) CHECK(cut(i) == static_cast<std::int64_t>(whole[i]));
    const auto small = (from_xtensor(y) % 1000.0).astype<std::int16_t>().compute();
    const auto rest = (from_xtensor(y) % 1000.0).compute();
    for (std::size_t i = 0; i < whole.size(); ++i) CHECK(small(i) == static_cast<std::int16_t>(rest(i)));

    const xt::xarray<std::uint8_t> bytes{1, 3, 255, 128};
    CHECK(left_shift(from_xtensor(bytes), 1).compute() == xt::xarray<std::uint8_t>{2, 6, 254, 0});
    CHECK(left_shift(from_xtensor(bytes), 8).compute() == xt::xarray<std::uint8_t>{0, 0, 0, 0});
    const xt::xarray<std::int32_t> words{1, -3, 1 << 30};
    CHECK(left_shift(from_xtensor(words), 1).compute() == xt::xarray<std::int32_t>{2, -6, INT32_MIN});
  });
}
