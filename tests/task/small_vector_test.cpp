// A vector whose first elements live inside it.
#include "weir/detail/task/small_vector.hpp"

#include <catch2/catch.hpp>
#include <vector>

using weir::SmallVector;

namespace {

std::vector<int> items(const SmallVector<int, 2>& vector) { return {vector.begin(), vector.end()}; }

}  // namespace

TEST_CASE("small_vector grows from inside to outside and keeps its elements") {
  SmallVector<int, 2> vector;
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    vector.push_back(i);
    expected.push_back(i);
    CHECK(items(vector) == expected);
  }
  for (int i = 0; i < 100; ++i) vector.pop_back();
  CHECK(vector.empty());
}

TEST_CASE("small_vector copies, moves and assigns small and large content") {
  for (int size : {0, 1, 2, 3, 50, 124, 125, 1000}) {  // of more than 124 the memory is not recycled
    SmallVector<int, 2> first;
    for (int i = 0; i < size; ++i) first.push_back(i);
    const std::vector<int> expected = items(first);
    SmallVector<int, 2> copy = first;
    CHECK(items(copy) == expected);
    SmallVector<int, 2> moved = std::move(first);
    CHECK(items(moved) == expected);
    CHECK(first.empty());
    first.push_back(7);
    CHECK(items(first) == std::vector<int>{7});
    first = moved;
    CHECK(items(first) == expected);
    moved = std::move(copy);
    CHECK(items(moved) == expected);
    moved = moved;
    CHECK(items(moved) == expected);
  }
}

TEST_CASE("small_vector is made of a list and resized with zeros") {
  SmallVector<int, 2> vector{1, 2, 3};
  CHECK(items(vector) == std::vector<int>{1, 2, 3});
  vector.resize(5);
  CHECK(items(vector) == std::vector<int>{1, 2, 3, 0, 0});
  vector.resize(1);
  CHECK(items(vector) == std::vector<int>{1});
  vector.clear();
  CHECK(vector.empty());
}

TEST_CASE("small_vector erases one element by moving the last into its place") {
  SmallVector<int, 2> vector{1, 2, 3, 2};
  CHECK(vector.contains(3));
  CHECK(vector.erase_one(2));
  CHECK(items(vector) == std::vector<int>{1, 2, 3});
  CHECK(vector.erase_one(1));
  CHECK(items(vector) == std::vector<int>{3, 2});
  CHECK_FALSE(vector.erase_one(9));
  CHECK(vector.erase_one(2));
  CHECK(vector.erase_one(3));
  CHECK_FALSE(vector.erase_one(3));
}
