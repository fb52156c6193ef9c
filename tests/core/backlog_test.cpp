// Backlog: the most urgent first, whatever the order in which it came.
#include "core/backlog.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace {

bool later(const int& a, const int& b) { return a > b; }

}  // namespace

TEST_CASE("a backlog gives what a sorted list gives, in any order of coming") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    weir::detail::Backlog<int, later> backlog;
    std::vector<int> expected, got;
    int next = 0;
    for (int step = 0; step < 200; ++step) {
      const bool in_order = random() % 4 != 0;
      const int value = in_order ? ++next : static_cast<int>(random() % 100);
      backlog.push(value);
      expected.push_back(value);
      if (random() % 3 != 0) continue;
      const auto least = std::min_element(expected.begin(), expected.end());
      REQUIRE(backlog.top() == *least);
      expected.erase(least);
      backlog.pop();
    }
    std::sort(expected.begin(), expected.end());
    REQUIRE(backlog.size() == expected.size());
    for (; !backlog.empty(); backlog.pop()) got.push_back(backlog.top());
    REQUIRE(got == expected);
  }
}
