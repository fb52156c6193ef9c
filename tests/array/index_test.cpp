// Parts that are set by `=`, lists of indices that are arrays, several lists at once. The numbers of all
// kinds of indices are compared with NumPy by fuzz/arrays.
#include <catch2/catch.hpp>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;
using weir::test::sentence_of;
using List = std::vector<std::int64_t>;

namespace {

Array<std::int64_t> counted() { return reshape(arange<std::int64_t>(0, 12), {3, 4}).rechunk({2, 3}); }

// What has no name cannot be set.
static_assert(!std::is_assignable_v<Array<double>, Array<double>>);
static_assert(!std::is_assignable_v<decltype(std::declval<const Array<double>&>()(0)), double>);
static_assert(std::is_assignable_v<decltype(std::declval<Array<double>&>()(0)), int>);
template <class T>
concept AddedTo = requires(const T& whole) {
  whole(0) += 1;
};
static_assert(!AddedTo<Array<double>>);

}  // namespace

TEST_CASE("a part is set by =, and copies keep the old elements") {
  in_cluster([] {
    auto x = counted();
    const auto before = x;
    x(0) = 5;
    CHECK(list(x(0)) == List{5, 5, 5, 5});
    CHECK(list(before(0)) == List{0, 1, 2, 3});
    x(1, range(0, 2)) = row<std::int64_t>({7, 8});
    x(x > 10) = 0;
    CHECK(list(x) == List{5, 5, 5, 5, 7, 8, 6, 7, 8, 9, 10, 0});
    x(x == 5) = row<std::int64_t>({1, 2, 3, 4});
    CHECK(list(x(0)) == List{1, 2, 3, 4});
    x(2) = x(1);
    CHECK(list(x(2)) == List{7, 8, 6, 7});
    x(List{0, 2, 0}, List{3, 0, 3}) = row<std::int64_t>({10, 20, 30});  // the last one stays
    CHECK(list(x(List{0, 2}, List{3, 0})) == List{30, 20});
    auto part = x(0);
    part = x(1);  // another array from now on
    CHECK(list(x(0)) == List{1, 2, 3, 30});
    CHECK(list(part) == List{7, 8, 6, 7});
    CHECK(sentence_of([&] {
            return x(0) = row<std::int64_t>({1, 2});
          }) == "assign: the shape (2,) must be broadcastable to (4,)");
    CHECK(sentence_of([&] {
            return x(x < 8) = row<std::int64_t>({1, 2});
          }) == "assign: the shape (2,) must be broadcastable to (8,)");
    auto bytes = zeros<std::uint8_t>({3});
    CHECK(sentence_of([&] { return bytes(0) = 300; }) ==
          "assign: a number must fit into the elements, which are uint8 (got 300); astype<>() gives the "
          "array a "
          "type that holds it");
  });
}

TEST_CASE("a part is changed by +=, -=, *= and /=, in the type of the array") {
  in_cluster([] {
    auto x = counted();
    const auto before = x;
    x(0) += 5;
    CHECK(list(x(0)) == List{5, 6, 7, 8});
    CHECK(list(before(0)) == List{0, 1, 2, 3});
    x(all, 1) -= x(all, 0);
    CHECK(list(x(all, 1)) == List{1, 1, 1});
    (x(1) *= 3)(1, 0) /= 5;  // the array itself comes back
    CHECK(list(x(1)) == List{2, 3, 18, 21});
    x(x > 8) += row<std::int64_t>({100, 200, 300, 400});
    CHECK(list(x) == List{5, 1, 7, 8, 2, 3, 118, 221, 8, 1, 310, 411});
    x(List{0, 0}, List{0, 0}) += 1;  // once
    CHECK(x(0, 0).item() == 6);
    x(range(0, 2), range(2, 4)) += x(range(1, 3), range(2, 4));
    CHECK(list(x(range(0, 2), range(2, 4))) == List{125, 229, 428, 632});
    auto part = x(0);
    part += 1;  // an array of its own
    CHECK(list(part) == List{7, 2, 126, 230});
    CHECK(x(0, 0).item() == 6);
    auto y = ones({3});
    y(-1) /= 4;
    CHECK(y(2).item() == 0.25);
    auto bytes = full({3}, std::uint8_t{200});
    CHECK_THROWS_WITH(bytes(0) += 300,
                      Catch::Contains("a number must fit into the elements, which are uint8 (got 300)"));
    CHECK(sentence_of([&] {
            return x(0) += row<std::int64_t>({1, 2});
          }) ==
          "add: the shapes must be broadcastable: equal or 1 along every axis, counted from the last (got "
          "(4,) and (2,))");
  });
}

TEST_CASE("what a mask selects is counted when somebody asks, and stays what it was") {
  in_cluster([] {
    auto x = counted();
    const auto large = x(x > 8), copy = large;
    x(x > 8) = 0;  // the part has the old elements
    CHECK(large.shape() == Shape{3});
    CHECK(list(copy) == List{9, 10, 11});
    CHECK(list(large + 1) == List{10, 11, 12});
    Array<std::int64_t> none = x(x > 8);
    CHECK(none.size() == 0);
    none = large;
    CHECK(none.size() == 3);
    CHECK(sentence_of([&] {
            return x(row<bool>({true, false}));
          }) == "index: a mask must have the shape of the axes it stands for (got (2,) for (3, 4))");
    const auto bad = map_blocks<bool>(
        [](const xt::xarray<std::int64_t>&) -> xt::xarray<bool> { throw std::runtime_error("no mask"); }, x);
    const auto part = x(bad);  // nothing has been computed
    CHECK_THROWS_WITH(part.shape(), Catch::Contains("no mask"));
    CHECK_THROWS_WITH(part.compute(), Catch::Contains("no mask"));
  });
}

TEST_CASE("lists of indices are broadcast together") {
  in_cluster([] {
    const auto x = counted();
    const auto rows = reshape(row<std::int32_t>({0, 2}), {2, 1});
    CHECK(x(rows, row<std::int32_t>({1, 3})).shape() == Shape{2, 2});
    CHECK(list(x(rows, row<std::int32_t>({1, 3}))) == List{1, 3, 9, 11});
    CHECK(x(rows).shape() == Shape{2, 1, 4});
    CHECK(reshape(x, {3, 2, 2})(0, all, List{0, 1, 1}).shape() == Shape{3, 2});  // as NumPy: lists first
    CHECK(list(x(x(all, 0) > 100, List{0})).empty());
    CHECK(sentence_of([&] {
            return x(x(all, 0) > 1, List{0, 1, 2});
          }) == "index: lists of indices must be broadcastable together (got (2,) and (3,))");
    CHECK(sentence_of([&] { return x(rows + 9); }) ==
          "index: an index must be in [-3, 3) along axis 0 (got 9)");
  });
}

TEST_CASE("a long list that is an array chooses rows as a list does, and is told what is out of range") {
  in_cluster([] {
    constexpr std::int64_t extent = 1000, count = 40'000;
    const auto values = reshape(arange<std::int64_t>(0, 3 * extent), {extent, 3});
    const auto mixed = (arange<std::int64_t>(0, count) * 7919 % (2 * extent) - extent);  // also from the end
    const List told = list(mixed);
    for (const Chunks& chunks :
         {Chunks{{1000}, {3}}, Chunks{{400, 400, 200}, {2, 1}}, Chunks{{1, 0, 999}, {3}}}) {
      const auto x = values.rechunk(chunks).persist();
      for (const ChunkSpec& of_list : {ChunkSpec{count}, ChunkSpec{999}}) {
        const auto places = mixed.rechunk(of_list).persist();
        CHECK(list(x(places)) == list(x(told)));
        CHECK(list(transpose(x).rechunk({2, 600}).persist()(all, places)) == list(transpose(x)(all, told)));
        CHECK(list(x(places, 1)) == list(x(told, 1)));
      }
    }
    const auto x = values.rechunk({250, 3}).persist();
    CHECK(list(x(floor_divide(arange<std::int64_t>(0, count), 40))(range(39, 41), 0)) == List{0, 3});
    CHECK(list(x(arange<std::int64_t>(0, count) * 0 + 5)(-1)) == List{15, 16, 17});
    CHECK(sentence_of([&] { return x(mixed + 1); }) ==
          "index: an index must be in [-1000, 1000) along axis 0 (got 1000)");
    CHECK(sentence_of([&] {
            return zeros({0, 3}).persist()(mixed);
          }) == "index: an index must be in [0, 0) along axis 0 (got -1000)");
  });
}
