// Counts, convolution and blocks: typed calls and sentences. Their numbers are compared with NumPy by
// fuzz/arrays.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;
using weir::test::sentence_of;
using List = std::vector<std::int64_t>;

TEST_CASE("histograms find their edges") {
  in_cluster([] {
    const auto x = row<int>({1, 2, 2, 5});
    const Histogram four = histogram(x, Bins{.count = 4});
    CHECK(list(four.counts) == List{1, 2, 0, 1});
    CHECK(four.edges == std::vector<double>{1, 2, 3, 4, 5});
    CHECK(histogram(x).edges.size() == 11);
    CHECK(histogram(ones({3})).edges.front() == 0.5);
    CHECK(list(histogram(x, Bins{.count = 2, .range = {{0.0, 4.0}}}).counts) == List{1, 2});
    CHECK(list(histogram(x, {1, 2, 9})) == List{1, 3});
    const Histogram2d both = histogram2d(x, x * 2, Bins{.count = 2}, Bins{.count = 4});
    CHECK(list(both.counts) == List{1, 2, 0, 0, 0, 0, 0, 1});
    CHECK(both.y_edges.back() == 10);
    const auto infinite = row<double>({1, INFINITY});
    CHECK(sentence_of([&] { return histogram(infinite); }) ==
          "histogram: the range of the bins must be finite and grow (got 1.000000 to inf); give one");
    CHECK(sentence_of([&] { return histogram(x, Bins{.count = 0}); }) ==
          "histogram: there must be at least 1 bin (got 0)");
    CHECK(sentence_of([&] { return histogram2d(x, ones({2})); }) ==
          "histogram2d: the shapes must be equal (got (4,) and (2,))");
    CHECK(sentence_of([&] { return histogram(x, {1}); }) ==
          "histogram: there must be at least 2 edges (got 1)");
  });
}

TEST_CASE("histograms of uneven edges count what lies between them, few or many, also equal ones") {
  in_cluster([] {
    std::vector<double> many;
    for (int i = 0; i < 40; ++i) many.push_back(i * i * 0.01);
    for (std::vector<double> edges :
         {std::vector{0., 0.5, 0.5, 2., 7.}, std::vector<double>{-INFINITY, 1., INFINITY}, many}) {
      xt::xarray<double> values = xt::xarray<double>::from_shape({1000});
      for (std::size_t i = 0; i < 1000; ++i)
        values(i) = i % 97 == 5 ? NAN : double(i * 37 % 1601) * 0.01 - 0.1;
      values(0) = edges.back(), values(1) = edges.front(), values(2) = INFINITY, values(3) = -INFINITY;
      List counts(edges.size() - 1), both(counts.size() * counts.size());
      for (const double v : values) {
        if (!(v >= edges.front() && v <= edges.back())) continue;
        const auto bin = std::min<std::ptrdiff_t>(std::ssize(counts) - 1,
                                                  std::ranges::upper_bound(edges, v) - edges.begin() - 1);
        ++counts[static_cast<std::size_t>(bin)];
        ++both[static_cast<std::size_t>(bin * std::ssize(counts) + bin)];
      }
      const auto x = from_xtensor(values, {333});
      CHECK(list(histogram(x, edges)) == counts);
      CHECK(list(histogram2d(x, x, edges, edges)) == both);
    }
  });
}

TEST_CASE("histograms count every number once, at edges, beyond them and of any count") {
  in_cluster([] {
    const double inf = INFINITY;
    const std::vector<std::vector<double>> all_edges{{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1},
                                                     {0, 0.5, 0.75, 1},
                                                     {0.25, 0.5},
                                                     {-inf, 0.5, inf},
                                                     {0.5, 0.5, 1},
                                                     {-1e300, 0, 1e300},
                                                     {-inf, inf},
                                                     {0, 1, inf}};
    for (const std::vector<double>& edges : all_edges)
      for (const std::size_t size : {1u, 7u, 8u, 127u, 129u, 1000u}) {
        std::vector<double> numbers(size);
        for (std::size_t i = 0; i < size; ++i) numbers[i] = static_cast<double>(i * 37 % 130) / 100 - 0.1;
        if (size > 100) {
          numbers[3] = NAN;
          numbers[50] = inf;
          numbers[51] = -inf;
          numbers[52] = edges.back();
          numbers[60] = std::nextafter(edges.back(), -inf);
          numbers[70] = std::nextafter(edges.front(), -inf);
        }
        List counts(edges.size() - 1);
        for (const double x : numbers) {
          if (!(x >= edges.front() && x <= edges.back())) continue;
          std::size_t bin = counts.size() - 1;
          while (x < edges[bin]) --bin;
          ++counts[bin];
        }
        xt::xarray<double> values(std::vector<std::size_t>{size});
        std::ranges::copy(numbers, values.begin());
        const auto x = from_xtensor(values, {61});
        INFO(edges.size() << " edges, " << size << " numbers");
        CHECK(list(histogram(x, edges)) == counts);
      }
  });
}

TEST_CASE("histogram2d counts each pair that is in bins of both, in tables of any size") {
  in_cluster([] {
    const auto evenly = [](std::int64_t bins) {
      std::vector<double> edges;
      for (std::int64_t i = 0; i <= bins; ++i) edges.push_back(double(i) / double(bins));
      return edges;
    };
    for (const auto& [height, width] : {std::pair{5, 3}, {1, 40}, {90, 70}})
      for (const std::size_t size : {1u, 130u, 3001u}) {
        xt::xarray<double> x(std::vector<std::size_t>{size}), y = x;
        for (std::size_t i = 0; i < size; ++i) {
          x(i) = i % 89 == 7 ? NAN : double(i * 37 % 130) / 100 - 0.1;
          y(i) = i % 97 == 8 ? INFINITY : double(i * 53 % 141) / 100 - 0.2;
        }
        const auto rows = evenly(height), columns = evenly(width);
        List counts(std::size_t(height) * std::size_t(width));
        const auto bin = [](const std::vector<double>& edges, double v) {
          std::size_t found = edges.size() - 2;
          while (v < edges[found]) --found;
          return found;
        };
        for (std::size_t i = 0; i < size; ++i)
          if (x(i) >= 0 && x(i) <= 1 && y(i) >= 0 && y(i) <= 1)
            ++counts[bin(rows, x(i)) * std::size_t(width) + bin(columns, y(i))];
        INFO(height << " x " << width << " bins, " << size << " numbers");
        CHECK(list(histogram2d(from_xtensor(x, {701}), from_xtensor(y), rows, columns)) == counts);
      }
  });
}

TEST_CASE("bincount counts numbers or adds up their weights") {
  in_cluster([] {
    const auto x = row<std::uint8_t>({3, 0, 3});
    CHECK(list(bincount(x)) == List{1, 0, 0, 2});
    CHECK(list(bincount(x, 6)) == List{1, 0, 0, 2, 0, 0});
    for (const std::int64_t size : {1, 15, 16, 17, 40, 1000}) {  // the largest anywhere
      const auto places = arange<std::int64_t>(0, size) * 7 % size;
      for (const std::int64_t chunk : {size, std::int64_t{13}})
        CHECK(list(bincount(places.rechunk({chunk}))) == List(static_cast<std::size_t>(size), 1));
    }
    CHECK(list(bincount(x, row<float>({0.5, 2, 1}))) == std::vector<double>{2, 0, 0, 1.5});
    CHECK(sentence_of([&] {
            return bincount(row<int>({1, -3}));
          }) == "bincount: the numbers must not be negative (got -3)");
    CHECK(sentence_of([&] {
            return bincount(zeros<int>({2, 2}));
          }) == "bincount: the array must have one axis (got (2, 2))");
    CHECK(sentence_of([&] { return bincount(x, ones({2})); }) ==
          "bincount: the shapes must be equal (got (3,) and (2,))");
    CHECK(sentence_of([&] { return bincount(x, -1); }) == "bincount: minlength must be at least 0 (got -1)");
  });
}

TEST_CASE("convolve, coarsen and nanmedian") {
  in_cluster([] {
    const auto x = row<int>({1, 2, 3, 4, 5});
    CHECK(list(convolve(x, row<int>({1, 1}))) == std::vector<int>{1, 3, 5, 7, 9, 5});
    CHECK(list(convolve(x, row<double>({0, 1, 0.5}), Overlapping::valid)) ==
          std::vector<double>{2.5, 4, 5.5});
    CHECK(sentence_of([&] { return convolve(x, zeros<int>({0})); }) ==
          "convolve: the arrays must have one axis and elements (got the shapes (5,) and (0,))");
    const auto mean = [](const auto& part, const Reduce& how) { return part.mean(how); };
    CHECK(list(coarsen(x, {2}, mean, true)) == std::vector<double>{1.5, 3.5});
    CHECK(sentence_of([&] { return coarsen(x, {2}, mean); }) ==
          "coarsen: the length must be a multiple of the factor along axis 0 (got 5 and 2); trim leaves out "
          "what is left over");
    CHECK(sentence_of([&] {
            return coarsen(x, {2, 2}, mean);
          }) == "coarsen: a factor must be given for every axis (got 2 for (5,))");
    CHECK(sentence_of([&] { return coarsen(x, {0}, mean); }) ==
          "coarsen: a factor must be at least 1 (got 0)");
    const auto holes = row<double>({NAN, 4, 1});
    CHECK(nanmedian(holes).item() == 2.5);
    CHECK(std::isnan(median(holes).item()));
    CHECK(list(nanpercentile(holes, {100})) == std::vector<double>{4});
  });
}
