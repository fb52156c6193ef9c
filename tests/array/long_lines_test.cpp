// What is done another way where there is much of it: long lines, blocks of random numbers, automatic chunks.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/histogram.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/sorting.hpp"
#include "weir/array/statistics.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;

namespace {

std::vector<double> sorted_percentiles(std::vector<double> x, const std::vector<double>& percent) {
  std::sort(x.begin(), x.end());
  std::vector<double> result;
  for (const double p : percent) {
    const double place = p / 100 * static_cast<double>(x.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const double low = x[below], high = x[std::min(below + 1, x.size() - 1)];
    const double part = place - static_cast<double>(below);
    result.push_back(part == 0 || low == high ? low : low + (high - low) * part);
  }
  return result;
}

}  // namespace

TEST_CASE("percentiles of a long line are those of the sorted line") {
  in_cluster([] {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::vector<double> many(40);
    std::iota(many.begin(), many.end(), 30.0);
    auto with_ends = Random(2).normal({100'000}).persist();
    with_ends(range(0, 30'000)) = infinity;
    with_ends(range(40'000, 45'000)) = -infinity;
    for (const Array<double>& x :
         {Random(1).normal({150'001}), round(Random(1).normal({100'000}), 1), ones({70'000}) * -0.0,
          Random(3).uniform({65'537}, -1e-300, 1e300), with_ends})
      for (const std::vector<double>& percent : {std::vector<double>{50}, {99.9, 0, 12.34, 100}, many}) {
        INFO(x.size() << ' ' << percent.size());
        CHECK(list(percentile(x, percent)) == sorted_percentiles(list(x), percent));
      }
    auto holes = Random(1).normal({100'000}).persist();
    holes(range(5, 7)) = std::nan("");
    CHECK(std::isnan(median(holes).item()));
    CHECK(
        nanmedian(holes).item() ==
        median(concatenate(std::vector<Array<double>>{holes(range(0, 5)), holes(range(7, 100'000))})).item());
  });
}

TEST_CASE("random numbers are the same in any chunks") {
  in_cluster([] {
    for (const std::int64_t chunk : {1, 7, 63, 64, 65, 129}) {
      INFO(chunk);
      const ChunkSpec chunks{chunk};
      CHECK(list(Random(4).uniform({1001}, 0, 1, chunks)) == list(Random(4).uniform({1001}, 0, 1)));
      CHECK(list(Random(4).normal({1001}, 0, 1, chunks)) == list(Random(4).normal({1001}, 0, 1)));
      CHECK(list(Random(4).integers<std::int64_t>({1001}, -5, 5, chunks)) ==
            list(Random(4).integers<std::int64_t>({1001}, -5, 5)));
    }
  });
}

TEST_CASE("numbers at the edges of bins are in the bin above, but the last") {
  in_cluster([] {
    const auto x = concatenate(std::vector{arange<double>(-5, 1010) / 1000, ones({1}) * std::nan("")});
    const std::vector<double> numbers = list(x);
    const auto edges_of = [](double low, std::int64_t count) {
      std::vector<double> edges;
      for (std::int64_t i = 0; i <= count; ++i)
        edges.push_back(low + static_cast<double>(i) / static_cast<double>(count));
      return edges;
    };
    for (const std::vector<double>& edges : {edges_of(0, 10), edges_of(0, 7), edges_of(0, 1000),
                                             edges_of(0, 1), std::vector<double>{0, 0.001, 0.5, 0.51, 0.9}}) {
      std::vector<std::int64_t> expected(edges.size() - 1);
      for (const double v : numbers) {
        if (!(v >= edges.front() && v <= edges.back())) continue;
        const auto above = std::upper_bound(edges.begin(), edges.end(), v) - edges.begin();
        ++expected[std::min(static_cast<std::size_t>(above) - 1, expected.size() - 1)];
      }
      INFO(edges.size());
      CHECK(list(histogram(x, edges)) == expected);
    }
  });
}

TEST_CASE("what is unique among integers near each other and far apart") {
  in_cluster([] {
    const auto near = row<std::int8_t>({-128, 127, -128, 0, 127, 127});
    CHECK(list(unique(near).values) == std::vector<std::int8_t>{-128, 0, 127});
    CHECK(list(unique(near).counts) == std::vector<std::int64_t>{2, 1, 3});
    const auto few = Random(5).integers<std::int64_t>({5000}, INT64_MAX - 3, INT64_MAX).rechunk({700});
    CHECK(list(unique(few).values) == std::vector<std::int64_t>{INT64_MAX - 3, INT64_MAX - 2, INT64_MAX - 1});
    CHECK(unique(few).counts.sum().item() == 5000);
    const auto far = row<std::uint64_t>({UINT64_MAX, 0, UINT64_MAX});
    CHECK(list(unique(far).values) == std::vector<std::uint64_t>{0, UINT64_MAX});
    CHECK(list(unique(far).counts) == std::vector<std::int64_t>{1, 2});
  });
}

TEST_CASE("a long convolution is the sum of its products") {
  in_cluster([] {
    const auto x = Random(6).integers<std::int64_t>({5000}, 0, 100).persist();
    const std::vector<std::int64_t> a = list(x), b{3, -1, 4};
    std::vector<std::int64_t> expected(a.size() + b.size() - 1);
    for (std::size_t i = 0; i < a.size(); ++i)
      for (std::size_t j = 0; j < b.size(); ++j) expected[i + j] += a[i] * b[j];
    for (const std::int64_t chunk : {5000, 1700})
      CHECK(list(convolve(x.rechunk({chunk}), row<std::int64_t>({3, -1, 4}))) == expected);
  });
}

TEST_CASE("automatic chunks are equal, and enough for several cores") {
  CHECK(ones({100}).chunk_count() == 1);
  CHECK(ones({4096, 4096}).chunks() ==
        Chunks{std::vector<std::int64_t>(4, 1024), std::vector<std::int64_t>(4, 1024)});
  CHECK(ones({128, 128, 128}).chunks() == Chunks{{64, 64}, {64, 64}, {64, 64}});
  CHECK(ones({3'000'001}).chunk_count() == 17);
  CHECK(ones({1 << 27}).chunk_count() == 64);
  CHECK(ones({3, 1 << 20}).chunks()[0] == std::vector<std::int64_t>{3});
}
