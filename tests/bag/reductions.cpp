// Reductions of bags: the same for every number of partitions.
#include <catch2/catch.hpp>
#include <numeric>

#include "support/cluster_main.hpp"
#include "weir/bag.hpp"

namespace {

using weir::Counted;
using weir::from_sequence;
using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

const Ints sample = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3};
const std::size_t partition_counts[] = {1, 2, 5, 16, 30};

int last_digit(int x) { return x % 10; }

TEST_CASE("NaN is behind all numbers, wherever it stands") {
  const double nan = std::nan("");
  using Reals = std::vector<double>;
  for (const Reals& all : {Reals{1, nan, 5, 2, 9, nan, 4, 7}, Reals{nan, 9, nan, 7, 5, 4, 2, 1}})
    for (const std::size_t count : partition_counts) {
      const auto bag = from_sequence(all, count);
      CHECK(bag.topk(3).compute() == Reals{9, 7, 5});
      CHECK(bag.topk(3, [](double x) { return -x; }).compute() == Reals{1, 2, 4});
      CHECK(bag.topk(8).compute()[5] == 1);
      CHECK(bag.max().compute() == 9);
      CHECK(bag.min().compute() == 1);
    }
  CHECK(std::isnan(from_sequence(Reals{nan, nan}, 2).max().compute()));
}

TEST_CASE("count, sum, mean, variance, extremes, any and all") {
  for (const std::size_t count : partition_counts) {
    const auto bag = from_sequence(sample, count);
    CHECK(bag.count().compute() == 16);
    CHECK(bag.sum().compute() == 80);
    CHECK(bag.mean().compute() == 5);
    using Huge = std::vector<std::int64_t>;
    CHECK(from_sequence(Huge{INT64_MAX, 1, INT64_MIN, 3, INT64_MAX, 1, -INT64_MAX, 3}, count)
              .mean()
              .compute() == 0.875);
    CHECK(bag.var().compute() == Approx(7.25));  // statistics.pvariance
    CHECK(bag.var(1).compute() == Approx(7.7333333333));
    CHECK(bag.stddev().compute() == Approx(2.6925824036));
    CHECK(bag.min().compute() == 1);
    CHECK(bag.max().compute() == 9);
    CHECK(bag.map([](int x) { return x > 8; }).any().compute());
    CHECK_FALSE(bag.map([](int x) { return x > 8; }).all().compute());
    CHECK(bag.all().compute());
  }
  const auto none = from_sequence(Ints{}, 3);
  CHECK(none.count().compute() == 0);
  CHECK(none.sum().compute() == 0);
  for (const auto& [name, result] :
       {std::pair("mean", none.mean()), std::pair("var", none.var()), std::pair("stddev", none.stddev(1))})
    CHECK_THROWS_WITH(result.compute(), Catch::Contains(std::string(name) + ": there must be at least one "
                                                                            "element (got an empty bag)"));
  CHECK_THROWS_WITH(from_sequence(Ints{7}, 3).var(1).compute(),
                    Catch::Contains("var: there must be more elements than ddof (got 1, ddof is 1)"));
  CHECK(from_sequence(Ints{7}, 3).mean().compute() == 7);  // two of the partitions are empty
  CHECK_FALSE(none.any().compute());
  CHECK(none.all().compute());
  CHECK_THROWS_WITH(none.max().compute(),
                    Catch::Contains("max: there must be at least one element (got an empty bag)"));
  CHECK(from_sequence(Texts{"a", "b", "c"}, 2).sum().compute() == "abc");
  CHECK(from_sequence(std::vector<std::int32_t>{2147483647, 2147483647}).sum().compute() == 4294967294);
}

TEST_CASE("sums of integers are exact, whatever the partitions, or an error") {
  constexpr std::int64_t most = INT64_MAX, least = INT64_MIN;
  for (const std::size_t count : partition_counts) {
    CHECK(from_sequence(std::vector<std::int64_t>{most, 5, least, most, -6, 1}, count).sum().compute() ==
          most - 1);
    CHECK(from_sequence(std::vector<std::int64_t>{least, -1, 1}, count).sum().compute() == least);
    CHECK_THROWS_WITH(from_sequence(std::vector<std::int64_t>{most, most, 2}, count).sum().compute(),
                      Catch::Contains("sum: the result must be a 64-bit integer (got 18446744073709551616)"));
    CHECK_THROWS_WITH(from_sequence(std::vector<std::int64_t>{least, -1}, count).sum().compute(),
                      Catch::Contains("sum: the result must be a 64-bit integer (got -9223372036854775809)"));
    CHECK(from_sequence(std::vector<std::uint64_t>{UINT64_MAX - 1, 1}, count).sum().compute() == UINT64_MAX);
    CHECK_THROWS_WITH(from_sequence(std::vector<std::uint64_t>{UINT64_MAX, 1}, count).sum().compute(),
                      Catch::Contains("(got 18446744073709551616)"));
    CHECK(from_sequence(std::vector<bool>{true, false, true}, count).sum().compute() == 2);
  }
}

TEST_CASE("frequencies, topk and distinct") {
  for (const std::size_t count : partition_counts) {
    const auto bag = from_sequence(sample, count);
    CHECK(bag.frequencies(true).compute() ==
          std::vector<Counted<int>>{{3, 3}, {5, 3}, {9, 3}, {1, 2}, {2, 1}, {4, 1}, {6, 1}, {7, 1}, {8, 1}});
    CHECK(bag.frequencies().topk(2).compute() == std::vector<Counted<int>>{{3, 3}, {5, 3}});
    CHECK(bag.topk(4).compute() == Ints{9, 9, 9, 8});
    CHECK(bag.topk(3, [](int x) { return -x; }).compute() == Ints{1, 1, 2});
    CHECK(bag.topk(0).compute().empty());
    CHECK(bag.topk(100).count().compute() == 16);
    CHECK(bag.distinct().compute() == Ints{3, 1, 4, 5, 9, 2, 6, 8, 7});
    CHECK(bag.distinct([](int x) { return x % 3; }).compute() == Ints{3, 1, 5});
  }
  // A type without == and <: by its bytes.
  struct Plain {
    int a = 0;
    std::string b;
  };
  const auto plain = from_sequence(std::vector<Plain>{{1, "x"}, {1, "x"}, {2, "x"}}, 2);
  CHECK(plain.frequencies().topk(1).pluck(&Counted<Plain>::count).compute() == std::vector<std::uint64_t>{2});
  CHECK(plain.distinct().count().compute() == 2);
}

TEST_CASE("fold, foldby, reduction and aggregates of one's own") {
  struct Range {
    int low = 1000;
    int high = -1000;
    void add(int x) {
      low = std::min(low, x);
      high = std::max(high, x);
    }
    void merge(const Range& other) {
      low = std::min(low, other.low);
      high = std::max(high, other.high);
    }
    std::pair<int, int> result() { return {low, high}; }
  };
  for (const std::size_t count : partition_counts) {
    const auto bag = from_sequence(sample, count);
    CHECK(bag.fold(std::plus<int>()).compute() == 80);
    CHECK(bag.fold(std::plus<int>(), 10).compute() == 80 + 10 * static_cast<int>(count));
    CHECK(
        bag.fold([](std::string all, int x) { return all + std::to_string(x); }, "", std::plus<std::string>())
            .compute() == "3141592653589793");
    auto folded = bag.foldby([](int x) { return x % 2 == 0; }, std::plus<int>(), 0).compute();
    std::sort(folded.begin(), folded.end());
    CHECK(folded == std::vector<std::pair<bool, int>>{{false, 60}, {true, 20}});
    CHECK(bag.reduction([](const Ints& part) { return std::accumulate(part.begin(), part.end(), 0); },
                        [](const Ints& sums) { return std::accumulate(sums.begin(), sums.end(), 0); }, 2)
              .compute() == 80);
    CHECK(bag.aggregate(Range{}).compute() == std::pair(1, 9));
    struct Spot {
      std::string name;
      double x;
    };
    const auto spots = from_sequence(std::vector<Spot>{{"a", 0.0}, {"a", -0.0}, {"b", -0.0}}, count);
    CHECK(spots.frequencies().topk(2).compute()[0].count == 2);
    CHECK(spots.distinct().count().compute() == 2);
  }
  const auto sums = [](const Ints& some) { return std::accumulate(some.begin(), some.end(), 0); };
  CHECK_THROWS_WITH(from_sequence(Ints{1}, 1).reduction(sums, sums, 1),
                    "reduction: split_every must be at least 2 (got 1)");
  CHECK_THROWS_WITH(from_sequence(Ints{}, 2).fold(std::plus<int>()).compute(),
                    Catch::Contains("fold: there must be at least one element (got an empty bag)"));
}

TEST_CASE("groupby has every key in one partition") {
  for (const std::size_t count : partition_counts) {
    const auto groups = from_sequence(sample, count).groupby(&last_digit, 3);
    CHECK(groups.partitions() == 3);
    auto found = groups.compute();
    std::sort(found.begin(), found.end());
    CHECK(found.size() == 9);
    CHECK(found[2] == std::pair<int, Ints>{3, {3, 3, 3}});
    CHECK(groups.map([](const std::pair<int, Ints>& one) { return one.second.size(); }).sum().compute() ==
          16);
  }
  const auto words = from_sequence(Texts{"apple", "avocado", "banana", "apricot"}, 2);
  auto groups = words.groupby([](const std::string& word) { return word.substr(0, 1); }).compute();
  std::sort(groups.begin(), groups.end());
  CHECK(groups == std::vector<std::pair<std::string, Texts>>{{"a", {"apple", "avocado", "apricot"}},
                                                             {"b", {"banana"}}});
}

TEST_CASE("several results are computed together") {
  const auto bag = from_sequence(sample, 4).persist();
  const auto [sum, count, all] = weir::compute(bag.sum(), bag.count(), bag);
  CHECK(sum == 80);
  CHECK(count == 16);
  CHECK(all == sample);
}

}  // namespace
