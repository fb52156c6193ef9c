// Indexing, assignment and functions of shapes: every result is compared with element-by-element loops, over
// chunkings.
#include <catch2/catch.hpp>

#include <algorithm>
#include <complex>
#include <numeric>
#include <xtensor/xmanipulation.hpp>
#include <xtensor/xview.hpp>

#include "support/in_cluster.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;
using V = xt::xarray<std::int64_t>;
using List = std::vector<std::int64_t>;

namespace {

const std::vector<Chunks> chunkings{
    {{6}, {8}}, {{1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1, 1}}, {{4, 2}, {3, 3, 2}}, {{0, 5, 1}, {7, 1, 0}}};

V counted(std::size_t rows = 6, std::size_t columns = 8) {
  V v(V::shape_type{rows, columns});
  for (std::size_t i = 0; i < v.size(); ++i) v.data()[i] = static_cast<std::int64_t>(i);
  return v;
}
// Elements at rows x columns.
V picked(const V& v, const List& rows, const List& columns) {
  V out(V::shape_type{rows.size(), columns.size()});
  for (std::size_t i = 0; i < rows.size(); ++i)
    for (std::size_t j = 0; j < columns.size(); ++j) out(i, j) = v(rows[i], columns[j]);
  return out;
}
V line(const List& values) {
  V out(V::shape_type{values.size()});
  std::copy(values.begin(), values.end(), out.begin());
  return out;
}
void same(const V& got, const V& expected) {
  REQUIRE(got.shape() == expected.shape());
  REQUIRE(std::equal(got.begin(), got.end(), expected.begin()));
}
template <class F>
void with_chunkings(F f) {
  in_cluster([&] {
    const V v = counted();
    for (const Chunks& chunks : chunkings) f(from_xtensor(v, chunks), v);
  });
}
List upto(std::int64_t n) {
  List list;
  for (std::int64_t i = 0; i < n; ++i) list.push_back(i);
  return list;
}

}  // namespace

TEST_CASE("index takes slices of any step and sign") {
  with_chunkings([](const auto& x, const V& v) {
    same(x(range(1, 5), range(2, 7)).compute(), picked(v, {1, 2, 3, 4}, {2, 3, 4, 5, 6}));
    same(x(range(nothing, nothing, 2), range(nothing, nothing, -1)).compute(),
         picked(v, {0, 2, 4}, {7, 6, 5, 4, 3, 2, 1, 0}));
    same(x(range(-2, nothing), range(-100, 100, 3)).compute(), picked(v, {4, 5}, {0, 3, 6}));
    same(x(range(4, 0, -2)).compute(), picked(v, {4, 2}, upto(8)));
    same(x(range(3, 3)).compute(), picked(v, {}, upto(8)));
    same(x(range(10, 15))(range(0, 5, 2)).compute(), picked(v, {}, upto(8)));
    same(x(range(1, 6))(range(0, 5, 2), range(1, 8))(range(nothing, nothing, -1), range(0, 7, 3)).compute(),
         picked(v, {5, 3, 1}, {1, 4, 7}));
    CHECK(x(range(1, 6))(range(0, 5, 2), range(1, 8)).task_count() <=
          static_cast<std::size_t>(x.chunk_count()));
  });
}

TEST_CASE("index takes integers, new axes, ellipsis and lists") {
  with_chunkings([](const auto& x, const V& v) {
    CHECK(std::int64_t(x(2, -1).compute()) == v(2, 7));
    same(x(all, 3).compute(), line({3, 11, 19, 27, 35, 43}));
    CHECK(x(newaxis, ellipsis, 1, newaxis).shape() == Shape{1, 6, 1});
    CHECK(x(ellipsis, newaxis).shape() == Shape{6, 8, 1});
    same(x(List{5, 0, 0, -2}, range(0, 3)).compute(), picked(v, {5, 0, 0, 4}, {0, 1, 2}));
    same(x(List{1, 3})(all, List{7, 2, 2}).compute(), picked(v, {1, 3}, {7, 2, 2}));
    same(x(List{1, 3, 5}, List{7, 2, 2}).compute(), line({v(1, 7), v(3, 2), v(5, 2)}));
    same(x(List{}).compute(), picked(v, {}, upto(8)));
    CHECK_THROWS_WITH(x(6), "index: an index must be in [-6, 6) along axis 0 (got 6)");
    CHECK_THROWS_WITH(x(0, 0, 0),
                      "index: there must be at most as many indices as axes (got 3 for the shape (6, 8))");
    CHECK_THROWS_WITH(x(range(0, 5, 0)), "index: the step of a slice must not be 0");
    CHECK_THROWS_WITH(x(List{0, 9}), "index: an index must be in [-6, 6) along axis 0 (got 9)");
  });
}

TEST_CASE("index takes masks, whose number of elements is known at once") {
  with_chunkings([](const auto& x, const V& v) {
    List expected;
    for (const auto e : v)
      if (e % 5 == 0) expected.push_back(e);
    const auto chosen = x(x % 5 == 0);
    CHECK(chosen.shape() == Shape{static_cast<std::int64_t>(expected.size())});
    same(chosen.compute(), line(expected));
    same((chosen + 1)(range(nothing, nothing, -1))(0).compute(), V(line(expected)(expected.size() - 1) + 1));
    same(x(all, arange<std::int64_t>(0, 8) > 4).compute(), picked(v, upto(6), {5, 6, 7}));
    same(x(arange<std::int64_t>(0, 6) % 2 == 1).compute(), picked(v, {1, 3, 5}, upto(8)));
    CHECK(x(x < 0).shape() == Shape{0});
    CHECK_THROWS_WITH(x(zeros<bool>({3})),
                      "index: a mask must have the shape of the axes it stands for (got (3,) for (6, 8))");
    CHECK_THROWS_WITH(
        x(zeros({6})),
        "index: an array used as index must be a mask of bool or indices of an integer type (got "
        "float64)");
  });
}

TEST_CASE("assign sets slices, lists and masks, and leaves other copies alone") {
  with_chunkings([](const auto& x, const V& v) {
    auto y = x;
    y.assign(-1, range(1, 4), range(2, 8, 2));
    V expected = v;
    for (int i = 1; i < 4; ++i)
      for (int j = 2; j < 8; j += 2) expected(i, j) = -1;
    same(y.compute(), expected);
    same(x.compute(), v);
    y.assign(arange<std::int64_t>(100, 108), 5);
    for (int j = 0; j < 8; ++j) expected(5, j) = 100 + j;
    same(y.compute(), expected);
    y.assign(arange<std::int64_t>(0, 3), 0, range(7, 1, -2));
    expected(0, 7) = 0, expected(0, 5) = 1, expected(0, 3) = 2;
    same(y.compute(), expected);
    y.assign(7, y > 100);
    for (auto& e : expected)
      if (e > 100) e = 7;
    same(y.compute(), expected);
    y.assign(reshape(arange<std::int64_t>(1, 4), {3, 1}), List{4, 0, 2});
    for (int j = 0; j < 8; ++j) expected(4, j) = 1, expected(0, j) = 2, expected(2, j) = 3;
    same(y.compute(), expected);
    CHECK_THROWS_WITH(y.assign(arange<std::int64_t>(0, 3), 0),
                      "assign: the shape (3,) must be broadcastable to (8,)");
  });
}

TEST_CASE("rechunk keeps the elements and makes the chunks asked for") {
  with_chunkings([](const auto& x, const V& v) {
    for (const Chunks& chunks : chunkings) {
      const auto y = (x * 2).rechunk(chunks);
      CHECK(y.chunks() == chunks);
      same((y / 2).template astype<std::int64_t>().compute(), v);
    }
    CHECK(x.rechunk(x.chunks()).node() == x.node());
    CHECK_THROWS_WITH(x.rechunk(Chunks{{6}, {7}}),
                      "rechunk: chunks must add up to 8 (got 7 for axis 1 of the shape (6, 8))");
  });
}

TEST_CASE("a bad text for chunks names the function that was called") {
  in_cluster([] {
    const std::string rule =
        ": chunks must be sizes, \"auto\" or bytes such as \"128 MiB\" (got \"12 parsecs\")";
    CHECK_THROWS_WITH(zeros({3}, "12 parsecs"), "zeros" + rule);
    CHECK_THROWS_WITH(ones({3}, "12 parsecs"), "ones" + rule);
    CHECK_THROWS_WITH(full({3}, 1.0, "12 parsecs"), "full" + rule);
    CHECK_THROWS_WITH(linspace<double>(0, 1, 3, "12 parsecs"), "linspace" + rule);
    CHECK_THROWS_WITH(arange<double>(0, 3, 1, "12 parsecs"), "arange" + rule);
    CHECK_THROWS_WITH(ones({3}).rechunk("12 parsecs"), "rechunk" + rule);
    CHECK_THROWS_WITH(ones({3}).rechunk("0 B"), Catch::Contains("rechunk: chunks must be"));
    CHECK(ones({4}).rechunk("16 B").chunks() == Chunks{{2, 2}});
    CHECK(ones({4}).rechunk("auto").chunks() == Chunks{{4}});
  });
}

TEST_CASE("reshape keeps the row-major order") {
  with_chunkings([](const auto& x, const V&) {
    for (const Shape& shape : {Shape{48}, Shape{8, 6}, Shape{2, 3, 8}, Shape{2, 2, 2, 6}, Shape{6, 1, 8, 1},
                               Shape{48, 1}, Shape{16, -1}}) {
      const V got = reshape(x, shape).compute();
      for (std::size_t i = 0; i < 48; ++i) REQUIRE(got.data()[i] == static_cast<std::int64_t>(i));
      same(reshape(reshape(x, shape), {6, 8}).compute(), counted());
    }
    same(ravel(transpose(x)).compute(), line([] {
           List list;
           for (int j = 0; j < 8; ++j)
             for (int i = 0; i < 6; ++i) list.push_back(i * 8 + j);
           return list;
         }()));
    CHECK_THROWS_WITH(reshape(x, {5, -1}),
                      "reshape: the number of elements must stay 48 (got (5, -1) for (6, 8))");
    CHECK_THROWS_WITH(reshape(x, {7, 7}),
                      "reshape: the number of elements must stay 48 (got (7, 7) for (6, 8))");
  });
}

TEST_CASE("eye and diag have their diagonal wherever chunks end, as they are and in other views") {
  in_cluster([] {
    const auto diagonal = [](std::int64_t rows, std::int64_t columns, std::int64_t k, auto element) {
      V out = xt::zeros<std::int64_t>(std::vector<std::size_t>{std::size_t(rows), std::size_t(columns)});
      for (std::int64_t r = 0; r < rows; ++r)
        if (r + k >= 0 && r + k < columns) out(r, r + k) = element(std::min(r, r + k));
      return out;
    };
    for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{7, 7}, {5, 9}, {9, 4}})
      for (const std::int64_t k : {INT64_MIN, -9L, -4L, -1L, 0L, 1L, 3L, 8L, INT64_MAX})
        for (const ChunkSpec& chunks : {ChunkSpec({rows, columns}), ChunkSpec({2, 3}), ChunkSpec({1, 4})}) {
          const std::int64_t near = std::clamp<std::int64_t>(k, -20, 20);
          const V expected = diagonal(rows, columns, near, [](std::int64_t) { return std::int64_t{1}; });
          const auto x = eye<std::int64_t>(rows, columns, k, chunks);
          same(x.compute(), expected);
          same((x + 1).compute(), V(expected + 1));
          same(transpose(x).compute(), V(xt::transpose(expected)));
          same(flip(x, 0).compute(), V(xt::flip(expected, 0)));
          CHECK(eye<bool>(rows, columns, k, chunks).sum().item() == xt::sum(expected)());
        }
    for (const std::int64_t chunk : {1, 2, 5})
      for (const std::int64_t k : {-3, -1, 0, 1, 4}) {
        const auto list = arange<std::int64_t>(1, 6, 1, {chunk});
        const std::int64_t n = 5 + std::abs(k);
        const V expected = diagonal(n, n, k, [](std::int64_t i) { return i + 1; });
        same(diag(list, k).compute(), expected);
        same(diag(list, k).rechunk({2, 3}).compute(), expected);
        same((diag(list * 2, k) - diag(list, k)).compute(), expected);
        same(diag(diag(list, k), k).compute(), line({1, 2, 3, 4, 5}));
      }
  });
}

TEST_CASE("transpose, flip, roll, squeeze and broadcast_to rearrange without tasks of their own") {
  with_chunkings([](const auto& x, const V& v) {
    const V t = transpose(x).compute();
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 8; ++j) REQUIRE(t(j, i) == v(i, j));
    same(flip(x, 0).compute(), picked(v, {5, 4, 3, 2, 1, 0}, upto(8)));
    same(roll(x, 3, 1).compute(), picked(v, upto(6), {5, 6, 7, 0, 1, 2, 3, 4}));
    same(roll(x, -7, 0).compute(), picked(v, {1, 2, 3, 4, 5, 0}, upto(8)));
    same(squeeze(expand_dims(x, 1)).compute(), v);
    CHECK(broadcast_to(x(0), {3, 8}).compute()(2, 5) == 5);
    same((x + transpose(transpose(x))).compute(), V((x * 2).compute()));
    CHECK((transpose(x) + 1).task_count() <= static_cast<std::size_t>(x.chunk_count()));
    CHECK_THROWS_WITH(transpose(x, {0, 0}), "transpose: every axis must be named once (got (0, 0))");
    CHECK_THROWS_WITH(squeeze(x, 1), "squeeze: an axis must have extent 1 (axis 1 of (6, 8))");
  });
}

namespace {

template <class T>
void check_turned() {
  for (const auto& [rows, columns] : {std::pair{300, 70}, {7, 500}, {64, 64}, {33, 9}}) {
    xt::xarray<T> values =
        xt::xarray<T>::from_shape({static_cast<std::size_t>(rows), static_cast<std::size_t>(columns)});
    for (std::size_t i = 0; i < values.size(); ++i) values.data()[i] = static_cast<T>(i * 37 % 251);
    const xt::xarray<T> expected = xt::transpose(values);
    const xt::xarray<T> other = xt::xarray<T>(expected + expected);
    for (const ChunkSpec& chunks : {ChunkSpec({rows, columns}), ChunkSpec({50, 40})}) {
      INFO(rows << " x " << columns << ", " << sizeof(T) << " bytes");
      const auto x = from_xtensor(values, chunks), y = from_xtensor(expected, chunks);
      CHECK(transpose(x).compute() == expected);
      CHECK((transpose(x) + y).compute() == other);
      CHECK((y + transpose(x)).compute() == other);
      CHECK(transpose(x)(range(1, rows > 8 ? 9 : 7), range(0, -1, 2)).compute() ==
            xt::xarray<T>(xt::view(expected, xt::range(1, rows > 8 ? 9 : 7), xt::range(0, rows - 1, 2))));
    }
  }
}

}  // namespace

TEST_CASE("transposed arrays have every element at its place, whatever its size and beside others") {
  in_cluster([] {
    check_turned<std::uint8_t>();
    check_turned<std::int16_t>();
    check_turned<float>();
    check_turned<double>();
    check_turned<std::complex<double>>();
    xt::xarray<std::int32_t> values = xt::xarray<std::int32_t>::from_shape({19, 40, 23});
    std::iota(values.begin(), values.end(), 0);
    const auto x = from_xtensor(values, {10, 33, 23});
    std::vector<std::int64_t> axes{0, 1, 2};
    do {
      INFO(axes[0] << axes[1] << axes[2]);
      const xt::xarray<std::int32_t> expected = xt::transpose(values, {axes[0], axes[1], axes[2]});
      CHECK(transpose(x, axes).compute() == expected);
      CHECK(flip(transpose(x, axes), 2).compute() == xt::xarray<std::int32_t>(xt::flip(expected, 2)));
    } while (std::ranges::next_permutation(axes).found);
  });
}

TEMPLATE_TEST_CASE("repeat gives each element as often as it should, however long the list is", "", bool,
                   std::int16_t, float, double, std::complex<double>) {
  in_cluster([] {
    for (const std::int64_t count : {100, 2048, 5000}) {
      const auto x = (arange<std::int64_t>(0, count, 1, {3000}) % 113).template astype<TestType>().persist();
      const xt::xarray<TestType> v = x.compute();
      for (const std::int64_t times : {1, 2, 3, 15, 16}) {
        const xt::xarray<TestType> got = repeat(x, times).compute(),
                                   back = repeat(x(range(nothing, nothing, -3)), times).compute(),
                                   rows = repeat(stack(std::vector{x, x}), times, 1).compute();
        REQUIRE(got.size() == static_cast<std::size_t>(count * times));
        for (std::int64_t i = 0; i < count * times; ++i) {
          REQUIRE(got(i) == v(i / times));
          REQUIRE(rows(1, i) == v(i / times));
          if (i < std::int64_t(back.size())) REQUIRE(back(i) == v(count - 1 - i / times * 3));
        }
        if constexpr (std::is_same_v<TestType, double>) {
          const xt::xarray<double> sum = (repeat(x, times) * 2 + repeat(x, times) / 4 - 1).compute();
          for (std::int64_t i = 0; i < count * times; ++i)
            REQUIRE(sum(i) == v(i / times) * 2 + v(i / times) / 4 - 1);
        }
      }
    }
  });
}

TEST_CASE("concatenate, stack, block, tile and repeat put arrays together") {
  with_chunkings([](const auto& x, const V& v) {
    using A = Array<std::int64_t>;
    same(concatenate(std::vector<A>{x, x(range(0, 2)) + 0}).compute(),
         picked(v, {0, 1, 2, 3, 4, 5, 0, 1}, upto(8)));
    same(concatenate(std::vector<A>{x(all, range(6, 8)), x}, 1)(range(nothing, nothing, -1),
                                                                range(nothing, nothing, 3))
             .compute(),
         picked(v, {5, 4, 3, 2, 1, 0}, {6, 1, 4, 7}));
    const V s = stack(std::vector<A>{x, x * 10}, 1).compute();
    CHECK(s(3, 1, 2) == v(3, 2) * 10);
    same(block<std::int64_t>({{x(range(0, 2), range(0, 3)), x(range(0, 2), range(3, 8))}, {x(range(2, 6))}})
             .compute(),
         v);
    same(tile(x, {2, 1})(range(5, 8)).compute(), picked(v, {5, 0, 1}, upto(8)));
    same(repeat(x, 2, 1)(all, range(0, 5)).compute(), picked(v, upto(6), {0, 0, 1, 1, 2}));
    const auto mixed = concatenate(std::tuple{x(range(0, 1)), ones<float>({1, 8}), x});
    static_assert(std::is_same_v<decltype(mixed), const Array<double>>);
    CHECK(mixed(range(0, 2)).sum().item() == 36);
    CHECK(stack(std::tuple{x, x % 2 == 1}, -1)(1, 3, 1).item() == 1);
    CHECK_THROWS_WITH(concatenate(std::vector<A>{x, transpose(x)}),
                      "concatenate: the shapes must be equal but for axis 0 (got (6, 8) and (8, 6))");
  });
}

TEST_CASE("whole chunks of arrays that are there are used as they are, without a task") {
  in_cluster([] {
    const auto x = (arange<std::int64_t>(0, 12, 1, {4}) * 3).persist();
    const V v = x.compute();
    const auto twice = tile(x, {2});
    CHECK(twice.task_count() == 0);
    CHECK(twice.persist().futures()[4].id() == x.futures()[1].id());
    CHECK(x(range(4, 12)).task_count() == 0);
    CHECK(x(range(5, 12)).task_count() == 1);
    CHECK(concatenate(std::vector{x, x + 1, x}).task_count() == 3);
    CHECK(pad(x, {{1, 2}}).task_count() == 2);
    CHECK(flip(x).task_count() == 3);
    CHECK(expand_dims(x, 0).task_count() == 3);
    CHECK(x.rechunk({6}).task_count() == 2);
    const auto together = [](std::initializer_list<V> parts) {
      List all;
      for (const V& part : parts) all.insert(all.end(), part.begin(), part.end());
      return line(all);
    };
    same(twice.compute(), together({v, v}));
    same(twice.persist().compute(), together({v, v}));
    same(concatenate(std::vector{x, x + 1, x}).persist().compute(), together({v, V(v + 1), v}));
    same(x(range(4, 12)).persist().compute(), V(xt::view(v, xt::range(4, 12))));
    CHECK(twice.sum().item() == 2 * xt::sum(v)());
    Array<std::int64_t> changed = x(range(4, 12)).persist();
    changed(0) = -1;
    CHECK(changed(0).item() == -1);
    CHECK(x(4).item() == 12);
    const auto square = reshape(arange<std::int64_t>(0, 64), {8, 8}).rechunk({4, 2}).persist();
    const auto part = square(range(4, 8), range(2, 6));
    CHECK(part.task_count() == 0);
    same(part.persist().compute(), V(xt::view(square.compute(), xt::range(4, 8), xt::range(2, 6))));
    CHECK(transpose(square).task_count() == 8);
  });
}

TEST_CASE("pad continues an array beyond its borders") {
  with_chunkings([](const auto& x, const V& v) {
    same(pad(x, {{0, 0}, {2, 3}}, PadMode::wrap).compute(),
         picked(v, upto(6), {6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2}));
    same(pad(x, {{1, 2}, {0, 0}}, PadMode::edge).compute(), picked(v, {0, 0, 1, 2, 3, 4, 5, 5, 5}, upto(8)));
    same(pad(x, {{2, 1}, {0, 0}}, PadMode::reflect).compute(),
         picked(v, {2, 1, 0, 1, 2, 3, 4, 5, 4}, upto(8)));
    same(pad(x, {{2, 1}, {1, 0}}, PadMode::symmetric).compute(),
         picked(v, {1, 0, 0, 1, 2, 3, 4, 5, 5}, {0, 0, 1, 2, 3, 4, 5, 6, 7}));
    CHECK(pad(x, {{1, 0}, {0, 1}}, PadMode::constant, std::int64_t{9}).compute()(0, 8) == 9);
    same(pad(x, {{6, 7}, {0, 0}}, PadMode::reflect).compute(),
         picked(v, {4, 5, 4, 3, 2, 1, 0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 1, 2}, upto(8)));
    same(pad(x(range(0, 2)), {{3, 4}, {0, 0}}, PadMode::symmetric).compute(),
         picked(v, {1, 1, 0, 0, 1, 1, 0, 0, 1}, upto(8)));
    CHECK_THROWS_WITH(
        pad(x(range(0, 0)), {{1, 0}, {0, 0}}, PadMode::wrap),
        "pad: an axis without elements has nothing to continue it with (axis 0 of (0, 8)); take "
        "PadMode::constant");
  });
}

namespace {
V shifted_sum(const V& x) {  // the sum of the left and right neighbours; borders are not used
  V out = x;
  for (std::size_t i = 0; i < x.shape()[0]; ++i)
    for (std::size_t j = 1; j + 1 < x.shape()[1]; ++j) out(i, j) = x(i, j - 1) + x(i, j + 1);
  return out;
}
V tripled(const V& x, const BlockInfo& info) {
  V out = x;
  for (auto& e : out) e = 3 * e + (info.location[0] >= info.count[0] ? 1000 : 0);
  return out;
}
V wrong(const V&) { return V{1}; }
}  // namespace

namespace {

// The sum of what is at most `before` ahead and `after` behind along each axis, weighted so that every
// direction counts.
V weighted_sum(const V& x) {
  const auto rows = static_cast<std::int64_t>(x.shape()[0]),
             columns = static_cast<std::int64_t>(x.shape()[1]);
  V out(x.shape());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) {
      std::int64_t sum = 0;
      for (std::int64_t a = std::max<std::int64_t>(0, i - 2); a <= std::min(rows - 1, i + 1); ++a)
        for (std::int64_t b = std::max<std::int64_t>(0, j - 1); b <= std::min(columns - 1, j + 2); ++b)
          sum += (7 * (a - i) + 3 * (b - j) + 20) * x(a, b);
      out(i, j) = sum % 1009;
    }
  return out;
}

}  // namespace

TEST_CASE("map_overlap gives the same whether several steps run in one task or each is kept") {
  in_cluster([] {
    const auto x = Random(5).integers({150, 131}, 0, 1000, Chunks{{64, 50, 36}, {70, 1, 60}}).persist();
    for (const Boundary boundary :
         {Boundary::none, Boundary::periodic, Boundary::reflect, Boundary::nearest, Boundary::constant}) {
      const Overlap overlap{.depth = {{2, 1}, {1, 2}}, .boundary = boundary, .constant = 3};
      auto one_by_one = x, together = x;
      for (int step = 0; step < 11; ++step) {
        one_by_one = map_overlap<std::int64_t>(weighted_sum, one_by_one, overlap).persist();
        together = map_overlap<std::int64_t>(weighted_sum, together, overlap);
      }
      CHECK(together.task_count() < 11 * 9);
      CHECK(together.compute() == one_by_one.compute());
    }
  });
}

TEST_CASE("map_blocks, map_overlap, reduction and apply_along_axis run functions of users") {
  with_chunkings([](const auto& x, const V& v) {
    same(map_blocks<std::int64_t>(tripled, x).compute(), V((x * 3).compute()));
    const V got =
        map_overlap<std::int64_t>(shifted_sum, x, {.depth = {{0, 0}, {1, 1}}, .boundary = Boundary::periodic})
            .compute();
    for (std::size_t i = 0; i < 6; ++i)
      for (std::size_t j = 0; j < 8; ++j) REQUIRE(got(i, j) == v(i, (j + 7) % 8) + v(i, (j + 1) % 8));
    const auto largest = reduction<std::int64_t>(
        x,
        [](const V& part, const Shape&) {
          std::int64_t m = INT64_MIN;
          for (const auto e : part) m = std::max(m, e);
          V out(V::shape_type{1, 1});
          out(0, 0) = m;
          return out;
        },
        [](const V& parts, const Shape&) {
          V out(V::shape_type{1, 1});
          out(0, 0) = *std::max_element(parts.begin(), parts.end());
          return out;
        });
    CHECK(std::int64_t(largest.compute()) == 47);
    const auto ends = apply_along_axis<std::int64_t>(
        [](const V& l) {
          return V{l(0), l(l.size() - 1)};
        },
        1, x, 2);
    same(ends.compute(), picked(v, upto(6), {0, 7}));
    CHECK_THROWS_WITH(map_overlap<std::int64_t>(shifted_sum, x, {.depth = {{0, 0}, {9, 0}}}),
                      "map_overlap: a depth must be in [0, 8] along axis 1 (got 9 and 0)");
    CHECK_THROWS_WITH(map_blocks<std::int64_t>(wrong, x).compute(),
                      Catch::Contains("map_blocks: the function must return a chunk of shape "));
  });
}
