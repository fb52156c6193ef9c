// Sorting over many chunks, and what is put together from other functions: typed calls, sentences, bounds.
// Their numbers are compared with NumPy by fuzz/arrays.
#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;
using weir::test::sentence_of;

TEST_CASE("lists of many chunks are sorted exactly, also where most elements are equal") {
  in_cluster([] {
    for (const std::int64_t different : {std::int64_t{1} << 40, std::int64_t{3}}) {
      const auto x = Random(7).integers<std::int64_t>({20000}, 0, different, {1000});
      std::vector<std::int64_t> expected = list(x), got = list(sort(x));
      const std::vector<std::int64_t> order = list(argsort(x));
      for (std::size_t i = 0; i < order.size(); ++i) {
        REQUIRE(expected[static_cast<std::size_t>(order[i])] == got[i]);
        if (i && got[i] == got[i - 1]) REQUIRE(order[i - 1] < order[i]);
      }
      std::ranges::sort(expected);
      CHECK(got == expected);
      CHECK(sort(x).chunks() == x.chunks());
      const auto all = unique(x);
      CHECK(all.counts.sum().item() == 20000);
      expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
      CHECK(list(all.values) == expected);
    }
  });
}

namespace {

// NaN is behind all numbers, as `sort` says.
template <class T>
bool comes_before(T a, T b) {
  return a < b || (b != b && a == a);
}

// Numbers of all bits, or of few so that many are equal.
template <class T>
std::vector<T> numbers(std::size_t count, bool few) {
  std::vector<T> all(count);
  std::uint64_t state = count;
  for (T& x : all) {
    const std::uint64_t bits = (state = state * 6364136223846793005u + 1442695040888963407u) >> 11;
    if constexpr (std::is_floating_point_v<T>) {
      constexpr T infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
      const T special[] = {T(0),
                           T(-0.0),
                           infinity,
                           -infinity,
                           nan,
                           -nan,
                           std::numeric_limits<T>::denorm_min(),
                           std::numeric_limits<T>::lowest()};
      x = bits % 9 < 3 ? special[bits / 9 % 8]
                       : static_cast<T>(few ? double(bits % 5) - 2 : double(bits) - 0x1p52);
    } else {
      x = static_cast<T>(few ? bits % 5 : bits * 0x9E3779B97F4A7C15u);
    }
  }
  return all;
}

template <class T>
void check_sorts() {
  for (const std::size_t count : {std::size_t{2047}, std::size_t{2048}, std::size_t{9001}})
    for (const bool few : {false, true})
      for (const std::int64_t chunk : {std::int64_t{9001}, std::int64_t{3000}}) {
        INFO(count << (few ? " of few" : "") << " in chunks of " << chunk << ", " << sizeof(T) << " bytes");
        const std::vector<T> x = numbers<T>(count, few);
        xt::xarray<T> values = xt::xarray<T>::from_shape({count});
        std::ranges::copy(x, values.data());
        const auto array = from_xtensor(values, {chunk});
        std::vector<std::int64_t> order(count);
        std::iota(order.begin(), order.end(), std::int64_t{0});
        const auto at = [&](std::int64_t i) { return x[static_cast<std::size_t>(i)]; };
        auto backwards = order;
        std::ranges::stable_sort(order, [&](auto i, auto j) { return comes_before(at(i), at(j)); });
        std::ranges::stable_sort(backwards, [&](auto i, auto j) { return comes_before(at(j), at(i)); });
        CHECK(list(argsort(array)) == order);
        CHECK(list(argtopk(array, std::ssize(x))) == backwards);
        for (const std::int64_t k : {1, 7, 100}) {  // found without sorting, chunk by chunk
          CHECK(list(argtopk(array, k)) == std::vector(backwards.begin(), backwards.begin() + k));
          CHECK(list(argtopk(array, -k)) == std::vector(order.begin(), order.begin() + k));
        }
        const std::vector<T> sorted = list(sort(array));
        bool is_same = sorted.size() == count;
        for (std::size_t i = 0; is_same && i < count; ++i)
          is_same = sorted[i] == at(order[i]) || (sorted[i] != sorted[i] && at(order[i]) != at(order[i]));
        CHECK(is_same);
      }
}

}  // namespace

TEST_CASE("numbers are in the same order whether compared or sorted by digits") {
  in_cluster([] {
    check_sorts<double>();
    check_sorts<float>();
    check_sorts<std::int64_t>();
    check_sorts<std::uint64_t>();
    check_sorts<std::int32_t>();
    check_sorts<std::uint16_t>();
    check_sorts<std::int8_t>();
  });
}

TEST_CASE("sorting keeps the bits of zeros and NaNs") {
  in_cluster([] {
    const std::vector<double> x = numbers<double>(4000, false);
    xt::xarray<double> values = xt::xarray<double>::from_shape({x.size()});
    std::ranges::copy(x, values.data());
    const auto bits_of = [](const std::vector<double>& from) {
      std::vector<std::uint64_t> bits;
      for (const double number : from) bits.push_back(std::bit_cast<std::uint64_t>(number));
      std::ranges::sort(bits);
      return bits;
    };
    CHECK(bits_of(list(sort(from_xtensor(values, {4000})))) == bits_of(x));
  });
}

TEST_CASE("places in a sorted list are those of the C++ library, also of NaN and in lists of any length") {
  in_cluster([] {
    const std::vector<double> x = numbers<double>(1003, true);
    xt::xarray<double> values = xt::xarray<double>::from_shape({x.size()});
    std::ranges::copy(x, values.data());
    const auto array = from_xtensor(values, {333});
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}}) {
      std::vector<double> sorted = numbers<double>(size, true);
      std::ranges::sort(sorted, comes_before<double>);
      xt::xarray<double> edges = xt::xarray<double>::from_shape({size});
      std::ranges::copy(sorted, edges.data());
      std::vector<std::int64_t> left, right;
      for (const double v : x) {
        left.push_back(std::ranges::lower_bound(sorted, v, comes_before<double>) - sorted.begin());
        right.push_back(std::ranges::upper_bound(sorted, v, comes_before<double>) - sorted.begin());
      }
      INFO(size);
      CHECK(list(searchsorted(from_xtensor(edges), array)) == left);
      CHECK(list(searchsorted(from_xtensor(edges), array, Side::right)) == right);
      std::vector<bool> is_there;
      for (const double v : x) is_there.push_back(std::ranges::find(sorted, v) != sorted.end());
      CHECK(list(isin(array, from_xtensor(edges))) == is_there);
    }
  });
}

TEST_CASE("hundreds of tiny chunks are sorted as fewer") {
  in_cluster([] {
    const auto x = Random(8).integers<std::int64_t>({6000}, 0, 500, {10});
    std::vector<std::int64_t> expected = list(x);
    std::ranges::sort(expected);
    const auto sorted = sort(x);
    CHECK(sorted.chunks() == x.chunks());
    CHECK(list(sorted) == expected);
    CHECK(unique(x).values.chunk_count() <= 64);
  });
}

TEST_CASE("orders have their sentences") {
  in_cluster([] {
    const auto x = row<int>({3, 1, 2});
    CHECK(sentence_of([&] { return sort(x, 1); }) == "sort: axis must be in [-1, 1) (got 1)");
    CHECK(sentence_of([&] { return argtopk(x, 4); }) ==
          "argtopk: there must be at least |k| elements along the axis (got 4 of 3)");
    CHECK(sentence_of([&] {
            return searchsorted(zeros({2, 2}), x);
          }) == "searchsorted: the sorted array must have one axis (got (2, 2))");
    CHECK(sentence_of([&] {
            return digitize(x, {1, 3, 2});
          }) == "digitize: the bins must not fall (bin 2 is 2.000000 after 3.000000)");
    CHECK(sentence_of([&] { return nonzero(ones({})); }) ==
          "nonzero: the array must have an axis (the shape is ())");
    CHECK(list(digitize(x, {1, 2})) == std::vector<std::int64_t>{2, 1, 2});
    CHECK(list(argwhere(x > 1)) == std::vector<std::int64_t>{0, 2});
    CHECK(list(isin(x, row<double>({2.0, 7.5}))) == std::vector<bool>{false, false, true});
  });
}

TEST_CASE("triangles are the same in any chunks, and in views of them") {
  in_cluster([] {
    const auto x = reshape(arange<std::int64_t>(1, 2 * 9 * 11 + 1), {2, 9, 11});
    for (const ChunkSpec& chunks : {ChunkSpec{2, 9, 11}, ChunkSpec{1, 2, 3}, ChunkSpec{2, 4, 2}})
      for (const std::int64_t k : {-20, -3, 0, 2, 10, 11, 40}) {
        const auto y = x.rechunk(chunks);
        const xt::xarray<std::int64_t> all = y.compute(), lower = tril(y, k).compute(),
                                       upper = triu(y, k)(range(nothing, nothing, -1)).compute(),
                                       turned = transpose(tril(y, k)).compute();
        for (std::size_t a = 0; a < 2; ++a)
          for (std::size_t i = 0; i < 9; ++i)
            for (std::size_t j = 0; j < 11; ++j) {
              const std::int64_t apart = static_cast<std::int64_t>(j) - static_cast<std::int64_t>(i);
              REQUIRE(lower(a, i, j) == (apart <= k ? all(a, i, j) : 0));
              REQUIRE(turned(j, i, a) == lower(a, i, j));
              REQUIRE(upper(1 - a, i, j) == (apart >= k ? all(a, i, j) : 0));
            }
      }
  });
}

TEST_CASE("arrangements and statistics are what their parts give") {
  in_cluster([] {
    const auto x = arange<double>(0, 6).rechunk({4});
    const auto m = reshape(x, {2, 3});
    CHECK(list(diagonal(m, 1)) == std::vector<double>{1, 5});
    CHECK(list(tril(m)) == std::vector<double>{0, 0, 0, 3, 4, 0});
    CHECK(trace(m).item() == 4);
    CHECK(moveaxis(zeros({2, 3, 4}), 0, -1).shape() == Shape{3, 4, 2});
    CHECK(split(x, 3).size() == 3);
    CHECK(sentence_of([&] { return split(x, 4); }) ==
          "split: the length must be a multiple of the number of parts (got 6 and 4)");
    CHECK(sentence_of([&] { return diagonal(x); }) ==
          "diagonal: the array must have two axes or more (got the shape (6,))");
    const std::vector<Array<double>> sides{row<double>({1, 2}), row<double>({3})};
    CHECK(list(meshgrid(sides)[1]) == std::vector<double>{3, 3});
    CHECK(meshgrid(sides)[0].shape() == Shape{1, 2});
    CHECK(meshgrid(sides, GridOrder::ij)[0].shape() == Shape{2, 1});
    CHECK(ptp(x).item() == 5);
    CHECK(list(diff(x * x)) == std::vector<double>{1, 3, 5, 7, 9});
    CHECK(list(gradient(x * x)) == std::vector<double>{1, 2, 4, 6, 8, 9});
    CHECK(quantile(x, {0.5}).compute()(0) == 2.5);
    CHECK(average(row<double>({1, 4}), row<double>({3, 1})).item() == 1.75);
    CHECK(dot(x, x).item() == 55);
    CHECK(outer(row<int>({1, 2}), row<int>({3, 4})).compute()(1, 0) == 6);
    CHECK(corrcoef(m).compute()(0, 1) == Approx(1));
    CHECK(cov(m, 99).compute()(0, 0) == std::numeric_limits<double>::infinity());  // as var, not negative
    CHECK(m.var({.ddof = 99}).item() == std::numeric_limits<double>::infinity());
    CHECK(sentence_of([&] { return gradient(row<double>({1})); }) ==
          "gradient: there must be at least 2 elements along the axis (the shape is (1,))");
    CHECK(sentence_of([&] { return diff(x, -1); }) == "diff: n must be at least 0 (got -1)");
  });
}

namespace {

template <class T, class W>
void check_average(const Array<T>& x, const Array<W>& weights) {
  using R = typename decltype(average(x, weights).compute())::value_type;
  const auto wide = broadcast_to(weights.template astype<R>(), x.shape());
  for (const Axes& axis : {Axes(), Axes(0), Axes(2), Axes(std::vector<std::int64_t>{0, 2})})
    for (const bool keepdims : {false, true}) {
      const Reduce how{.axis = axis, .keepdims = keepdims};
      const auto expected = (x.template astype<R>() * wide).sum(how) / wide.sum(how);
      const auto got = average(x, weights, how);
      INFO(to_text(got.shape()) << ' ' << to_text(got.chunks()));
      REQUIRE(got.shape() == expected.shape());
      const double most = sizeof(R) == 4 ? 1e-6 : 1e-13;
      CHECK(abs(got - expected).max().item() <= most);
    }
}

}  // namespace

TEST_CASE("an average is the quotient of two sums, over any axes and wherever chunks end") {
  in_cluster([] {
    Random random(5);
    const auto x = random.normal({70, 40, 90}).persist();
    const auto weights = random.uniform({70, 40, 90}, 1, 2).persist();
    check_average(x.rechunk({16, 40, 33}), weights.rechunk({70, 7, 90}));
    check_average(x.rechunk({70, 40, 90}), weights(all, all, range(0, 1)));
    check_average(x.astype<float>().rechunk({50, 9, 90}), weights.astype<float>());
    check_average(x(range(0, 5), all, all) * std::complex<double>(1, 2), weights(range(0, 5), all, all));
    check_average((x * 9).astype<int>(), weights);
  });
}

TEST_CASE("argtopk of a few finds the same along any axis, whatever the chunks are") {
  in_cluster([] {
    const auto x = Random(3).integers<std::int64_t>({70, 3, 90}, 0, 50, {70, 3, 90});
    const auto sliced = x.rechunk({16, 2, 33});
    for (const std::int64_t axis : {0, 2})
      for (const std::int64_t k : {1, 4, -3}) {
        const auto whole = argsort(k > 0 ? -x : x, axis).compute(), got = argtopk(sliced, k, axis).compute();
        const auto part = from_xtensor(whole)(axis == 0 ? range(0, std::abs(k)) : range(0, 70), all,
                                              axis == 2 ? range(0, std::abs(k)) : range(0, 90))
                              .compute();
        CHECK(got == part);
      }
  });
}

TEMPLATE_TEST_CASE("isin of whole numbers is right in ranges that are small, large, and none at all", "",
                   std::int8_t, std::uint16_t, std::int64_t, std::uint64_t) {
  using T = TestType;
  in_cluster([] {
    using Limits = std::numeric_limits<T>;
    const std::vector<T> edges{Limits::min(), static_cast<T>(Limits::min() + 1), T(0),         T(3),
                               T(100),        static_cast<T>(Limits::max() - 1), Limits::max()};
    std::mt19937 random(5);
    for (const std::vector<T>& values : {std::vector<T>{},
                                         {T(3)},
                                         {T(5), T(3), T(3)},
                                         {T(90), T(100), T(7)},
                                         {Limits::min()},
                                         {Limits::max(), T(3)},
                                         {Limits::min(), Limits::max()},
                                         {Limits::max(), static_cast<T>(Limits::max() - 1)}}) {
      std::vector<T> x = edges;
      while (x.size() < 500) x.push_back(static_cast<T>(random() % 128));
      xt::xarray<T> held = xt::xarray<T>::from_shape({x.size()}),
                    wanted = xt::xarray<T>::from_shape({values.size()});
      std::ranges::copy(x, held.data());
      std::ranges::copy(values, wanted.data());
      std::vector<bool> expected;
      for (const T v : x) expected.push_back(std::ranges::find(values, v) != values.end());
      CHECK(list(isin(from_xtensor(held, {333}), from_xtensor(wanted))) == expected);
    }
  });
}
