// Names of arrays go with those of the standard library.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <ranges>
#include <vector>

#include "weir/array.hpp"

using namespace weir;
using namespace std;

TEST_CASE("using namespace weir and std goes with arrays, csignal, algorithm and ranges") {
  vector<int> numbers{3, 1, 2};
  sort(numbers.begin(), numbers.end());
  CHECK(ranges::equal(numbers, vector{1, 2, 3}));
  const auto column = zeros({4, 3})(all, 1);
  CHECK(column.shape() == Shape{4});
  auto x = zeros({4, 3});
  CHECK(weir::stack(vector{x(0), x(2)}).shape() == Shape{2, 3});
  CHECK(concatenate(vector{x(range(1)), x(range(3))}).shape() == Shape{4, 3});
  int (*const raise_signal)(int) = raise;
  CHECK(raise_signal(0) == 0);
}
