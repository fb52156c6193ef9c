// Sums and products of integers: exact, or an error, whatever the order and the chunks.
#include <catch2/catch.hpp>

#include <random>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/statistics.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;
using weir::test::sentence_of;

namespace {

using Wide = __int128;
constexpr std::int64_t most = INT64_MAX, least = INT64_MIN;

template <class T>
bool fits(Wide x) {
  return x >= static_cast<Wide>(std::numeric_limits<T>::min()) &&
         x <= static_cast<Wide>(std::numeric_limits<T>::max());
}

// The number, or nothing where there must be an error.
template <class T>
std::optional<std::vector<T>> found(const Array<T>& x) {
  try {
    return list(x);
  } catch (const Error& error) {
    CHECK_THAT(error.what(), Catch::Contains("the result must fit into"));
    return std::nullopt;
  }
}

template <class T>
std::optional<std::vector<T>> expected(const std::vector<Wide>& results) {
  std::vector<T> numbers;
  for (const Wide x : results) {
    if (!fits<T>(x)) return std::nullopt;
    numbers.push_back(static_cast<T>(x));
  }
  return numbers;
}

// Numbers of all sizes, most of them near what fits.
template <class T>
xt::xarray<T> numbers(std::mt19937_64& random, std::vector<std::size_t> shape) {
  xt::xarray<T> x(shape);
  const int smaller = static_cast<int>(random() % 5);
  for (T& number : x) number = static_cast<T>(static_cast<T>(random()) >> (random() % 4 * 8 + smaller));
  return x;
}

template <class T>
void check_sums(std::mt19937_64& random) {
  using S = detail::array::Summed<T>;
  const std::size_t rows = random() % 5 + 1, columns = random() % 7 + 1;
  const auto x = numbers<T>(random, {rows, columns});
  const auto chunk = [&](std::size_t n) { return AxisChunks(static_cast<std::int64_t>(random() % n + 1)); };
  const Array<T> a = from_xtensor(x, {chunk(rows), chunk(columns)});
  Wide all = 0;
  std::vector<Wide> of_rows(rows), of_columns(columns), along_rows, along_columns;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      all += x(i, j);
      along_rows.push_back(of_rows[i] += x(i, j));
      along_columns.push_back(of_columns[j] += x(i, j));
    }
  CHECK(found(a.sum({.split_every = 2})) == expected<S>({all}));
  CHECK(found(a.sum({.axis = 1})) == expected<S>(of_rows));
  CHECK(found(a.nansum({.axis = 0, .keepdims = true})) == expected<S>(of_columns));
  CHECK(found(cumsum(a, 1)) == expected<S>(along_rows));
  CHECK(found(cumsum(a, 0)) == expected<S>(along_columns));
}

template <class T>
void check_products(std::mt19937_64& random) {
  const std::size_t n = random() % 4 + 1, depth = random() % 6 + 1, m = random() % 4 + 1;
  const auto x = numbers<T>(random, {n, depth}), y = numbers<T>(random, {depth, m});
  const auto pieces = AxisChunks(static_cast<std::int64_t>(random() % depth + 1));
  std::vector<Wide> results;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < m; ++j) {
      results.push_back(0);
      for (std::size_t k = 0; k < depth; ++k) results.back() += static_cast<Wide>(x(i, k)) * y(k, j);
    }
  CHECK(found(matmul(from_xtensor(x, {2, pieces}), from_xtensor(y, {pieces, 2}))) == expected<T>(results));
  std::vector<Wide> overlaps(depth + m - 1);
  for (std::size_t i = 0; i < depth; ++i)
    for (std::size_t j = 0; j < m; ++j) overlaps[i + j] += static_cast<Wide>(x(0, i)) * y(0, j);
  const Array<T> first = from_xtensor(x, {2, pieces})(0), second = from_xtensor(y, {pieces, 2})(0);
  CHECK(found(convolve(first, second)) == expected<T>(overlaps));
}

}  // namespace

TEST_CASE("sums of integers are exact in whatever order, or an error") {
  in_cluster([] {
    std::mt19937_64 random(7);
    for (int i = 0; i < 60; ++i) {
      check_sums<std::int64_t>(random);
      check_sums<std::uint64_t>(random);
      check_sums<std::int32_t>(random);
    }
    CHECK(row<std::int64_t>({most, most, least, least, 5}).sum().item() == 3);
    CHECK(row<std::uint64_t>({UINT64_MAX, 0}).sum().item() == UINT64_MAX);
    CHECK_THAT(sentence_of([] {
                 (void)row<std::int64_t>({most, 1, 0}).sum().item();
               }),
               Catch::Contains("sum: the result must fit into int64 (got 9223372036854775808); "
                               "astype<double>() before it computes "
                               "with real numbers"));
    CHECK_THAT(sentence_of([] {
                 (void)row<std::uint64_t>({UINT64_MAX, 1}).sum().item();
               }),
               Catch::Contains("uint64 (got 18446744073709551616)"));
    CHECK(row<std::int64_t>({most, 1}).astype<double>().sum().item() == 0x1p63);
  });
}

TEST_CASE("long sums of large integers, along each axis") {
  in_cluster([] {
    const auto many = full<std::int64_t>({5000, 3}, std::int64_t{1} << 51, {700, 2});
    CHECK_THAT(sentence_of([&] { (void)many.sum().item(); }), Catch::Contains("(got 33776997205278720000)"));
    CHECK(list(many(range(0, 4000)).sum({.axis = 0})) ==
          std::vector<std::int64_t>(3, 4000 * (std::int64_t{1} << 51)));
    CHECK_THAT(sentence_of([&] { (void)many.sum({.axis = 0}).compute(); }), Catch::Contains("must fit"));
    const auto apart = concatenate(std::vector{many, -many}, 0);
    CHECK(list(apart.sum({.axis = 0})) == std::vector<std::int64_t>(3, 0));
    CHECK(apart.sum().item() == 0);
  });
}

TEST_CASE("chunks are merged where nothing is kept") {
  in_cluster([] {
    const auto none = zeros<std::int64_t>({4, 0}, {1, -1});
    CHECK(none.sum({.axis = 0, .split_every = 2}).compute().size() == 0);
    CHECK(none.var({.axis = 0}).compute().size() == 0);
    CHECK(none.sum().item() == 0);
    CHECK(cumsum(none, 0).compute().size() == 0);
    CHECK(cumprod(none, 1).compute().size() == 0);
  });
}

TEST_CASE("products of integers are exact in whatever order, or an error") {
  in_cluster([] {
    constexpr std::int64_t large = std::int64_t{1} << 62;
    CHECK(row<std::int64_t>({large, 2, -1}).prod().item() == least);
    CHECK(row<std::int64_t>({large, 8, 8, 8, 0}).prod().item() == 0);
    CHECK(row<std::int64_t>({least, 1, 1}).prod().item() == least);
    CHECK_THAT(
        sentence_of([] {
          (void)row<std::int64_t>({large, 2, 1}).prod().item();
        }),
        Catch::Contains(
            "prod: the result must fit into int64 (got one beyond); astype<double>() before it computes with "
            "real numbers"));
    CHECK_THAT(sentence_of([] {
                 (void)row<std::int64_t>({large, 2, 1}).nanprod().item();
               }),
               Catch::Contains("nanprod: "));
    CHECK(row<std::uint64_t>({std::uint64_t{1} << 63, 1, 1}).prod().item() == std::uint64_t{1} << 63);
    CHECK(row<std::int32_t>({INT32_MIN, INT32_MIN, 1}).prod().item() == large);
    CHECK(list(cumprod(row<std::int64_t>({large, -2, 1, 0, 7}))) ==
          std::vector<std::int64_t>{large, least, least, 0, 0});
    CHECK_THAT(sentence_of([] {
                 (void)cumprod(row<std::int64_t>({large, 2, -1})).compute();
               }),
               Catch::Contains("cumprod: "));
    // Chunks of two: of the later ones only what stands before them is looked at.
    const auto sums = cumsum(row<std::int64_t>({5, most, -6, 1, 1, 1}));
    CHECK_THAT(sentence_of([&] { (void)sums.compute(); }), Catch::Contains("cumsum: "));
    CHECK_THAT(sentence_of([&] { (void)sums(range(2, 4)).compute(); }), Catch::Contains("36854775812)"));
    CHECK(list(cumsum(row<std::int64_t>({5, least, most, most - 4, -7}))) ==
          std::vector<std::int64_t>{5, least + 5, 4, most, most - 7});
  });
}

TEST_CASE("matrices and convolutions of integers are exact, or an error") {
  in_cluster([] {
    std::mt19937_64 random(8);
    for (int i = 0; i < 60; ++i) {
      check_products<std::int64_t>(random);
      check_products<std::int32_t>(random);
      check_products<std::uint8_t>(random);
    }
    const auto large = row<std::int64_t>({most, most, most, least});
    CHECK(dot(large, row<std::int64_t>({1, 1, -2, 0})).item() == 0);
    CHECK(dot(large, row<std::int64_t>({most, -most, 1, 1})).item() == -1);
    CHECK_THAT(sentence_of([&] { (void)dot(large, large).item(); }), Catch::Contains("(got one beyond)"));
    CHECK_THAT(
        sentence_of([] {
          (void)dot(row<std::int8_t>({64, 64}), row<std::int8_t>({1, 1})).item();
        }),
        Catch::Contains(
            "matmul: the result must fit into int8 (got 128); astype<double>() before it computes with real "
            "numbers"));
    CHECK(einsum("i,i->", large, row<std::int64_t>({0, 0, 0, 1})).item() == least);
  });
}

namespace {

// Whether a number can be converted, among others that can.
template <class To, class From>
bool converts(From x) {
  Array<From> values = full<From>({2000}, From(1));
  values(1500) = x;
  try {
    const auto found = list(values.template astype<To>());
    CHECK(found[1499] == To(1));
    CHECK((x != x || found[1500] == static_cast<To>(x)));
    return true;
  } catch (const Error& error) {
    CHECK_THAT(error.what(), Catch::Contains("1500"));
    return false;
  }
}

}  // namespace

TEST_CASE("numbers are converted if what they are cut off to is one of the type") {
  in_cluster([] {
    CHECK(converts<std::int32_t>(-2147483648.9));
    CHECK_FALSE(converts<std::int32_t>(-2147483649.0));
    CHECK(converts<std::int32_t>(2147483647.9));
    CHECK_FALSE(converts<std::int32_t>(2147483648.0));
    CHECK(converts<std::int32_t>(-2147483648.0f));
    CHECK_FALSE(converts<std::int32_t>(2147483648.0f));
    CHECK(converts<std::int64_t>(-0x1p63));
    CHECK_FALSE(converts<std::int64_t>(0x1p63));
    CHECK(converts<std::uint8_t>(-0.9));
    CHECK(converts<std::uint8_t>(255.9f));
    CHECK_FALSE(converts<std::uint8_t>(256.0f));
    CHECK(converts<std::uint64_t>(-0.5));
    CHECK_FALSE(converts<std::uint64_t>(-1.0));
    CHECK_FALSE(converts<std::uint64_t>(0x1p64));
    CHECK_FALSE(converts<std::int8_t>(NAN));
    CHECK_FALSE(converts<std::int64_t>(double(INFINITY)));
    CHECK(converts<float>(0x1.fffffefffffffp127));
    CHECK_FALSE(converts<float>(-0x1.ffffffp127));
    CHECK(converts<float>(-double(INFINITY)));
    CHECK(converts<float>(double(NAN)));
    CHECK(converts<std::int16_t>(std::uint32_t{32767}));
    CHECK_FALSE(converts<std::int16_t>(std::uint32_t{32768}));
  });
}
