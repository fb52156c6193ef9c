// What is done another way where there is much of it: long lines, blocks of random numbers, automatic chunks.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <string>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "weir/array/arrange.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/fft.hpp"
#include "weir/array/histogram.hpp"
#include "weir/array/random.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/sorting.hpp"
#include "weir/array/statistics.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;

using List = std::vector<std::int64_t>;

namespace {

template <class T>
Array<T> line(const std::vector<T>& numbers) {
  xt::xarray<T> values = xt::xarray<T>::from_shape({numbers.size()});
  std::ranges::copy(numbers, values.data());
  return from_xtensor(values, {700});
}

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

TEST_CASE("percentiles of lines are those of the sorted lines, whatever their order is") {
  in_cluster([] {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::uint64_t state = 1;
    const auto drawn = [&] { return (state = state * 6364136223846793005u + 1442695040888963407u) >> 33; };
    const std::function<double(int, int)> orders[] = {
        [](int i, int) { return i; },
        [](int i, int n) { return n - i; },
        [](int, int) { return 2; },
        [](int i, int n) { return std::min(i, n - i); },
        [&](int, int) { return static_cast<double>(drawn()); },
        [&](int, int) { return static_cast<double>(drawn() % 3); },
        [&](int, int) { return drawn() % 2 ? infinity : 1; },
        [](int i, int n) { return i % 8 == 0 ? 0 : i % (n / 8 + 1); },
    };
    const std::vector<double> percent{0, 25, 50, 99.5, 100};
    for (const int n : {1, 2, 32, 33, 100, 1'000, 3'000})
      for (const auto& order : orders) {
        std::vector<double> numbers;
        for (int i = 0; i < n; ++i) numbers.push_back(order(i, n));
        const auto expected = sorted_percentiles(numbers, percent);
        INFO(n << ' ' << (&order - orders));
        const auto rows = stack(std::vector<Array<double>>{line(numbers), line(numbers)}).persist();
        const xt::xarray<double> along = percentile(rows, percent, 1).compute(),
                                 across = percentile(transpose(rows).persist(), percent, 0).compute();
        for (std::size_t p = 0; p < percent.size(); ++p) {
          CHECK(along(p, 0) == expected[p]);
          CHECK(across(p, 1) == expected[p]);
        }
      }
  });
}

TEST_CASE("what is made of a list alone is as many chunks as an array of its size") {
  in_cluster([] {
    const auto list = arange<double>(0, 1'000).persist();
    REQUIRE(list.chunk_count() == 1);
    const Array<double> wide[] = {broadcast_to(list, {1'000, 1'000}), diag(list),
                                  meshgrid(std::vector{list, list})[1]};
    for (const Array<double>& x : wide) CHECK(x.chunk_count() >= zeros({1'000, 1'000}).chunk_count());
    const xt::xarray<double> rows = wide[0].compute(), on = wide[1].compute(), columns = wide[2].compute();
    bool are_right = true;
    for (std::size_t r = 0; r < 1'000; ++r)
      for (std::size_t c = 0; c < 1'000; ++c)
        are_right = are_right && rows(r, c) == static_cast<double>(c) &&
                    columns(r, c) == static_cast<double>(r) &&
                    on(r, c) == (r == c ? static_cast<double>(r) : 0);
    CHECK(are_right);
    CHECK(diag(diag(list, 3), 3).sum().item() == 499'500);
    CHECK(broadcast_to(list(range(0, 8)), {3, 8}).chunk_count() == 1);
    CHECK(broadcast_to(list, {0, 1'000}).compute().size() == 0);
  });
}

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
        const auto expected = sorted_percentiles(list(x), percent);
        for (const std::int64_t chunk : {x.size(), std::int64_t{20'011}, std::int64_t{1'500}})
          CHECK(list(percentile(x.rechunk({chunk}), percent)) == expected);
      }
    auto holes = Random(1).normal({100'000}).persist();
    holes(range(5, 7)) = std::nan("");
    CHECK(std::isnan(median(holes).item()));
    const auto rest = concatenate(std::vector<Array<double>>{holes(range(0, 5)), holes(range(7, 100'000))});
    for (const std::int64_t chunk : {100'000, 6, 3'000}) {
      const auto same = holes(range(0, chunk == 6 ? 60 : 100'000)).rechunk({chunk});
      CHECK(std::isnan(median(same).item()));
      if (chunk != 6) CHECK(nanmedian(same).item() == median(rest).item());
    }
    CHECK(std::isnan(nanmedian(ones({100}, {7}) * std::nan("")).item()));
    CHECK(list(median(reshape(arange<double>(0, 40), {1, 40}).rechunk({1, 7}), 1)) ==
          std::vector<double>{19.5});
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

namespace {

// The ends of lines of every length up to two vectors of every kind, with a number that is the largest, or no
// number, anywhere.
template <class T>
void check_ends() {
  for (std::size_t size = 1; size <= 300; size += size < 70 ? 3 : 23) {
    std::vector<T> x(size);
    for (std::size_t i = 0; i < size; ++i) x[i] = static_cast<T>(i * 37 % 100);
    for (std::size_t at = 0; at < size; at += 1 + size / 4) {
      std::vector<T> one = x;
      one[at] = 120;
      REQUIRE(line(one).max().item() == 120);
      REQUIRE(line(one).argmax().item() == static_cast<std::int64_t>(at));
      REQUIRE(line(one).argmin().item() == std::ranges::min_element(one) - one.begin());
      REQUIRE(line(one).min().item() == *std::ranges::min_element(one));
      REQUIRE(line(one).nanmax().item() == 120);
      one.back() = 120;
      REQUIRE(line(one).argmax().item() == static_cast<std::int64_t>(at));  // the first of several
      one.back() = at + 1 == size ? T(120) : x.back();
      if constexpr (std::is_floating_point_v<T>) {
        one[at] = std::numeric_limits<T>::quiet_NaN();
        REQUIRE(std::isnan(line(one).max().item()));
        REQUIRE(line(one).argmax().item() == static_cast<std::int64_t>(at));
        one.back() = one[at];
        REQUIRE(line(one).argmin().item() == static_cast<std::int64_t>(at));
        REQUIRE(std::isnan(line(one).min().item()));
        std::erase_if(one, [](T v) { return v != v; });
        if (!one.empty()) REQUIRE(line(one).max().item() == *std::ranges::max_element(one));
      }
    }
  }
}

}  // namespace

TEST_CASE("the ends of a line are found wherever they are") {
  in_cluster([] {
    check_ends<double>();
    check_ends<float>();
    check_ends<std::int8_t>();
    check_ends<std::uint16_t>();
    check_ends<std::int64_t>();
    check_ends<std::uint64_t>();
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

TEST_CASE("a convolution adds its products in the order of the shorter list, whatever the chunks") {
  in_cluster([] {
    const std::vector<double> a = list(Random(1).normal({3001}));
    for (const std::int64_t factors : {1, 7, 8, 9, 12, 13, 40}) {
      const std::vector<double> b = list(Random(2).normal({factors}));
      std::vector<double> expected(a.size() + b.size() - 1);
      for (std::size_t i = 0; i < expected.size(); ++i)
        for (std::size_t j = i < a.size() ? 0 : i - a.size() + 1; j < b.size() && j <= i; ++j)
          expected[i] += a[i - j] * b[j];
      for (const std::int64_t chunk : {3001, 1000, 5}) {
        INFO(factors << ' ' << chunk);
        const auto x = Random(1).normal({3001}).rechunk({chunk});
        const auto whole = convolve(x, Random(2).normal({factors}));
        CHECK(list(whole) == expected);
        CHECK(list(convolve(x, Random(2).normal({factors}), Overlapping::valid)) ==
              std::vector(expected.begin() + factors - 1, expected.end() - factors + 1));
      }
    }
  });
}

TEST_CASE("blocks are folded in the order of their elements") {
  in_cluster([] {
    for (const std::int64_t across : {2, 3, 7}) {
      const std::int64_t rows = 6, columns = 400 * across;
      const auto x = Random(8).normal({rows, columns}, 0, 1e8).rechunk({rows, columns}).persist();
      const std::vector<double> a = list(x);
      std::vector<double> sums, least;
      std::vector<bool> negative;
      for (std::int64_t r = 0; r < rows; r += 2)
        for (std::int64_t c = 0; c < columns; c += across) {
          double sum = 0, smallest = INFINITY;
          for (std::int64_t i = 0; i < 2 * across; ++i) {
            const double one = a[static_cast<std::size_t>((r + i / across) * columns + c + i % across)];
            sum += one;
            smallest = std::min(smallest, one);
          }
          sums.push_back(sum);
          least.push_back(smallest);
          negative.push_back(smallest < 0);
        }
      INFO(across);
      CHECK(list(coarsen(x, {2, across}, [](const auto& b, const Reduce& how) { return b.sum(how); })) ==
            sums);
      CHECK(list(coarsen(x, {2, across}, [](const auto& b, const Reduce& how) { return b.min(how); })) ==
            least);
      CHECK(list(coarsen(x < 0, {2, across}, [](const auto& b, const Reduce& how) { return b.any(how); })) ==
            negative);
    }
  });
}

TEST_CASE("arange gives the doubles that are nearest its integers, where it counts in doubles and beyond") {
  in_cluster([] {
    for (const std::int64_t first :
         {std::int64_t{-3000}, (std::int64_t{1} << 52) - 3000, (std::int64_t{1} << 53) - 20}) {
      const auto start = static_cast<double>(first);
      const std::vector<double> numbers = list(arange<double>(start, start + 5000, 1, {700}));
      REQUIRE(numbers.size() == 5000);
      for (std::size_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == static_cast<double>(i) + start);
    }
    CHECK(list(arange<float>(0, 5000, 1)).back() == 4999);
    CHECK(std::signbit(list(arange<double>(-0.0, 3, 1))[0]) == false);
    const std::vector<double> back = list(flip(arange<double>(0, 5000, 1, {700})));
    for (std::size_t i = 0; i < back.size(); ++i) REQUIRE(back[i] == 4999 - static_cast<double>(i));
  });
}

TEST_CASE("real lines are transformed as the complex ones that they are") {
  in_cluster([] {
    using C = std::complex<double>;
    for (const auto& [lines, n] :
         {std::pair<std::int64_t, std::int64_t>{1, 1}, {70, 1000}, {3, 8191}, {1000, 33}}) {
      INFO(lines << " lines of " << n);
      const auto x = Random(9).normal({lines, n}).rechunk({(lines + 1) / 2, n}).persist();
      const auto close = [](const auto& a, const auto& b) {
        const auto got = a.compute();
        const auto expected = b.compute();
        REQUIRE(got.shape() == expected.shape());
        double apart = 0;
        for (std::size_t i = 0; i < got.size(); ++i)
          apart = std::max(apart, static_cast<double>(std::abs(got.data()[i] - expected.data()[i])));
        return apart;
      };
      const auto as_complex = x.template astype<C>().persist();
      CHECK(close(fft(x), fft(as_complex)) < 1e-11);
      CHECK(close(ifft(x), ifft(as_complex)) < 1e-11);
      const auto numbers = (x * 10).template astype<std::int32_t>().persist();
      CHECK(close(fft(numbers), fft(numbers.template astype<C>())) < 1e-9);
      const auto small = x.template astype<float>().persist();
      CHECK(close(fft(small), fft(small.template astype<std::complex<float>>())) < 1e-2);
    }
  });
}

TEST_CASE("blocks are folded wherever the chunks end") {
  in_cluster([] {
    const auto x = reshape(arange<std::int64_t>(0, 91 * 64), {91, 64}).persist();
    const auto sum = [](const auto& blocks, const Reduce& how) { return blocks.sum(how); };
    std::vector<std::int64_t> expected, corners;
    for (std::int64_t r = 0; r < 45; ++r)
      for (std::int64_t c = 0; c < 21; ++c) {
        std::int64_t all = 0;
        for (std::int64_t i = 0; i < 6; ++i) all += (2 * r + i / 3) * 64 + 3 * c + i % 3;
        expected.push_back(all);
        corners.push_back((2 * r + 1) * 64 + 3 * c + 2);
      }
    for (const Shape& chunks : {Shape{91, 64}, Shape{7, 13}, Shape{1, 2}, Shape{20, 6}}) {
      INFO(chunks[0]);
      const auto same = x.rechunk({chunks[0], chunks[1]});
      CHECK(list(coarsen(same, {2, 3}, sum, true)) == expected);
      CHECK(list(coarsen(same * 2 - same, {2, 3}, sum, true)) == expected);
      const auto last = [](const auto& blocks, const Reduce&) { return blocks(all, 1, all, 2); };
      CHECK(list(coarsen(same, {2, 3}, last, true)) == corners);
      CHECK(coarsen(same, {200, 3}, sum, true).size() == 0);
    }
    const auto real = Random(3).uniform({512, 512}).rechunk({100, 300}).persist();
    const auto means = coarsen(real, {2, 2}, [](const auto& b, const Reduce& how) { return b.mean(how); });
    CHECK(means.shape() == Shape{256, 256});
    CHECK(std::fabs(means.mean().item() - real.mean().item()) < 1e-12);
    const std::vector<double> v = list(real), m = list(means);
    CHECK(m[257] == (v[1026] + v[1027] + v[1538] + v[1539]) / 4);
  });
}

TEST_CASE("the largest and the smallest of a long line, with NaN and what is there often") {
  in_cluster([] {
    auto x = round(Random(4).normal({10'001}), 2).persist();
    x(range(500, 503)) = std::nan("");
    x(range(9'000, 9'100)) = 3.0;
    std::vector<double> sorted = list(x);
    std::sort(sorted.begin(), sorted.end(),
              [](double a, double b) { return a < b || (std::isnan(b) && !std::isnan(a)); });
    const auto text = [](const std::vector<double>& numbers) {  // NaN is equal to itself, -0 to 0
      std::string all;
      for (const double number : numbers) all += std::to_string(number + 0.0) + ' ';
      return all;
    };
    for (const std::int64_t chunk : {10'001, 333, 1})
      for (const std::int64_t k : {0, 1, 10, 300}) {
        INFO(chunk << ' ' << k);
        const auto same = x(range(0, chunk == 1 ? 400 : 10'001)).rechunk({chunk});
        std::vector<double> mine = chunk == 1 ? list(same) : sorted;
        if (chunk == 1) std::ranges::sort(mine);
        CHECK(text(list(topk(same, k))) == text({mine.rbegin(), mine.rbegin() + k}));
        CHECK(text(list(topk(same, -k))) == text({mine.begin(), mine.begin() + k}));
      }
    CHECK(list(topk(row<std::uint8_t>({3, 255, 0, 255}), 3)) == std::vector<std::uint8_t>{255, 255, 3});
  });
}

TEST_CASE("where a long mask is true, along each axis") {
  in_cluster([] {
    for (const double part : {0.0, 0.3, 1.0}) {
      const auto mask = (Random(5).uniform({97, 211}) < part).persist();
      const auto flags = list(mask);
      List rows, columns;
      for (std::size_t i = 0; i < flags.size(); ++i)
        if (flags[i]) {
          rows.push_back(static_cast<std::int64_t>(i) / 211);
          columns.push_back(static_cast<std::int64_t>(i) % 211);
        }
      List points, in_cube;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        points.insert(points.end(), {rows[i], columns[i]});
        if (const std::int64_t at = rows[i] * 211 + columns[i]; at < 96 * 211)
          in_cube.insert(in_cube.end(), {at / (24 * 211), at / 211 % 24, at % 211});
      }
      for (const Shape& chunks : {Shape{97, 211}, Shape{10, 50}, Shape{1, 1}}) {
        CHECK(list(argwhere(mask.rechunk({chunks[0], chunks[1]}))) == points);
        const auto cube = reshape(mask(range(0, 96)), {4, 24, 211});
        CHECK(list(argwhere(cube.rechunk({3, chunks[0], chunks[1]}))) == in_cube);
        const auto places = nonzero(mask.rechunk({chunks[0], chunks[1]}));
        CHECK(list(places[0]) == rows);
        CHECK(list(places[1]) == columns);
        CHECK(list(nonzero(reshape(mask.astype<double>(), {-1}).rechunk({5'000}))[0]).size() == rows.size());
      }
    }
  });
}

TEST_CASE("bins are counted whatever the chunks, of numbers on their edges and NaN") {
  in_cluster([] {
    const auto x = round(Random(6).uniform({20'001}, -1, 11), 1).persist();
    const auto whole = list(histogram(x, Bins{.count = 100, .range = {{0.0, 10.0}}}).counts);
    CHECK(list(histogram(x.rechunk({999}), Bins{.count = 100, .range = {{0.0, 10.0}}}).counts) == whole);
    const Histogram own = histogram(x.rechunk({1'000}), Bins{.count = 7});
    CHECK(own.edges.front() == -1);
    CHECK(own.edges.back() == 11);
    CHECK(own.counts.sum().item() == 20'001);
    const auto line = arange<double>(0, 100).rechunk({10});
    const auto middle = line((line > 12) & (line < 15)).persist();  // most chunks are empty
    CHECK(histogram(middle, Bins{.count = 1}).edges == std::vector<double>{13, 14});
    CHECK(list(bincount(middle.astype<int>())).size() == 15);
    auto holes = x(range(0, 100)).persist();
    holes(50) = std::nan("");
    CHECK_THROWS(histogram(holes, Bins{.count = 2}));
    CHECK(histogram(holes, Bins{.count = 2, .range = {{-2.0, 12.0}}}).counts.sum().item() == 99);
    const auto numbers = Random(7).integers<std::int32_t>({9'999}, 5, 900);
    CHECK(list(bincount(numbers.rechunk({100}))) == list(bincount(numbers)));
    CHECK(bincount(numbers).sum().item() == 9'999);
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

TEST_CASE("integers of 64 bits become the nearest doubles, near 0 and far from it") {
  in_cluster([] {
    const auto check = []<class T>(const std::vector<T>& numbers) {
      std::vector<double> expected;
      for (const T number : numbers) expected.push_back(static_cast<double>(number));
      CHECK(list(line(numbers).template astype<double>()) == expected);
    };
    std::vector<std::int64_t> near;
    for (std::int64_t i = -1500; i < 1500; ++i) near.push_back(i * 1'000'003);
    for (const std::int64_t border : {std::int64_t{1} << 51, std::int64_t{1} << 53, INT64_MAX}) {
      std::vector<std::int64_t> numbers = near;
      for (const std::int64_t apart : {-1, 0})
        numbers.push_back(border + apart), numbers.push_back(-border - apart);
      check(numbers);
      check(std::vector<std::int64_t>(numbers.end() - 4, numbers.end()));
      check(std::vector<std::uint64_t>(numbers.begin(), numbers.end()));
    }
    check(std::vector<std::int64_t>{INT64_MIN, 0});
    check(std::vector<std::uint64_t>{UINT64_MAX, 0, std::uint64_t{1} << 52});
    CHECK(list(arange<double>(0, 5000))[4999] == 4999);
    CHECK(list(arange<double>(-2, 3)) == std::vector<double>{-2, -1, 0, 1, 2});
    CHECK(list(arange<float>(0, 3)) == std::vector<float>{0, 1, 2});
    CHECK(list(arange<std::int64_t>(0, 3)) == List{0, 1, 2});
    CHECK(list(arange<double>(1, 2, 0.5)) == std::vector<double>{1, 1.5});
  });
}

TEST_CASE("long lists of indices find their chunks, along any axis") {
  in_cluster([] {
    const List places = list(Random(8).integers<std::int64_t>({2'000}, -300, 300));
    const auto x = reshape(arange<std::int64_t>(0, 300 * 6), {300, 6}).persist();
    List rows, columns;
    for (std::int64_t i : places)
      for (std::int64_t c = 0; c < 6; ++c) rows.push_back((i < 0 ? i + 300 : i) * 6 + c);
    const auto turned = transpose(x).persist();
    for (std::int64_t c = 0; c < 6; ++c)
      for (std::int64_t i : places) columns.push_back((i < 0 ? i + 300 : i) * 6 + c);
    for (const ChunkSpec& chunks :
         {ChunkSpec{7}, ChunkSpec(Chunks{{100, 0, 50, 150}, {6}}), ChunkSpec(Chunks{{300}, {2, 4}})}) {
      const auto mine = x.rechunk(chunks);
      CHECK(list(mine(places)) == rows);
      CHECK(list((mine * 3 - mine * 2)(places)) == rows);
      CHECK(list(mine.persist()(places)) == rows);
      CHECK(list(transpose(mine).persist()(all, places)) == columns);
      CHECK(list(mine.astype<std::complex<double>>()(places)).back() == static_cast<double>(rows.back()));
      CHECK(list(mine.astype<std::int16_t>().persist()(places)).back() == rows.back());
    }
    CHECK(list(turned(all, line(places))) == columns);
  });
}

namespace {

template <class T>
const std::vector<T>& edge_numbers() {
  using Limits = std::numeric_limits<T>;
  static const std::vector<T> all{0,
                                  -T(0),
                                  1,
                                  T(1) + T(1e-5),
                                  T(1) - T(2e-5),
                                  T(-1),
                                  T(1e-8),
                                  Limits::min(),
                                  Limits::max(),
                                  Limits::lowest(),
                                  Limits::infinity(),
                                  -Limits::infinity(),
                                  Limits::quiet_NaN()};
  return all;
}
template <class T>
bool is_close_by_rules(T a, T b, T rtol, T atol, bool equal_nan) {
  if (a != a || b != b) return equal_nan && a != a && b != b;
  if (std::isinf(a) || std::isinf(b)) return a == b;
  return std::fabs(a - b) <= atol + rtol * std::fabs(b);
}
template <class T>
std::uint64_t bits_of(T value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

}  // namespace

TEMPLATE_TEST_CASE("isclose and nan_to_num of long lines follow their rules for each pair of numbers", "",
                   float, double) {
  using T = TestType;
  in_cluster([] {
    std::vector<T> a, b;
    for (int times = 0; times < 9; ++times)
      for (const T x : edge_numbers<T>())
        for (const T y : edge_numbers<T>()) a.push_back(x), b.push_back(y);
    const auto x = line(a), y = line(b);
    for (const bool equal_nan : {false, true})
      for (const auto& [rtol, atol] : {std::pair{1e-5, 1e-8}, {10.0, 0.0}, {0.0, 1e30}}) {
        const auto found = list(isclose(x, y, rtol, atol, equal_nan));
        for (std::size_t i = 0; i < a.size(); ++i) {
          INFO(a[i] << ' ' << b[i]);
          REQUIRE(found[i] ==
                  is_close_by_rules(a[i], b[i], static_cast<T>(rtol), static_cast<T>(atol), equal_nan));
        }
      }
    using Limits = std::numeric_limits<T>;
    const auto finite = list(nan_to_num(x)), named = list(nan_to_num(x, -7, 5, 3));
    for (std::size_t i = 0; i < a.size(); ++i) {
      const T v = a[i];
      const bool is_high = v == Limits::infinity(), is_low = v == -Limits::infinity();
      const T f = v != v ? T(0) : is_high ? Limits::max() : is_low ? Limits::lowest() : v;
      const T n = v != v ? T(-7) : is_high ? T(5) : is_low ? T(3) : v;
      REQUIRE(bits_of(T(finite[i])) == bits_of(f));
      REQUIRE(bits_of(T(named[i])) == bits_of(n));
    }
  });
}

TEMPLATE_TEST_CASE("powers of integers wrap around, of one power and of many", "", std::int8_t, std::uint16_t,
                   std::int32_t, std::uint64_t, std::int64_t) {
  using T = TestType;
  in_cluster([] {
    std::vector<T> base(1'000), many(1'000);
    for (std::size_t i = 0; i < base.size(); ++i) {
      base[i] = static_cast<T>(i * 0x9E3779B97F4A7C15u >> 7);
      many[i] = static_cast<T>(i % 67);
    }
    const auto expected = [](T a, T power) {
      std::uint64_t product = 1;
      for (T k = 0; k < power; ++k) product *= static_cast<std::uint64_t>(a);
      return static_cast<T>(product);
    };
    const auto x = line(base);
    for (const int power : {0, 1, 3, 4, 7, 31, 64, 100}) {
      const auto found = list(pow(x, power));
      for (std::size_t i = 0; i < base.size(); ++i)
        REQUIRE(T(found[i]) == expected(base[i], static_cast<T>(power)));
    }
    const auto found = list(pow(x, line(many)));
    for (std::size_t i = 0; i < base.size(); ++i) REQUIRE(T(found[i]) == expected(base[i], many[i]));
  });
}

TEMPLATE_TEST_CASE("nan-variants give the bits of the same fold over what is a number", "", float, double,
                   std::complex<double>) {
  using T = TestType;
  in_cluster([] {
    const auto check = [](const Array<T>& x, const Array<T>& zeros_instead, const Array<T>& ones_instead,
                          const Array<double>& numbers, const Reduce& how) {
      const auto same = [](const auto& a, const auto& b) { return list(a) == list(b); };
      CHECK(same(x.nansum(how), zeros_instead.sum(how)));
      CHECK(same(x.nanprod(how), ones_instead.prod(how)));
      using Wide = std::conditional_t<std::is_same_v<T, float>, double, T>;
      const auto mean = zeros_instead.template astype<Wide>().persist().sum(how) / numbers.sum(how);
      CHECK(same(x.nanmean(how), mean.template astype<typename decltype(x.nanmean(how))::value_type>()));
    };
    const auto real = reshape(Random(4).uniform({50'000}, -1, 2), {50, 1'000});
    const Array<T> plain = real.template astype<T>().persist();
    const Array<bool> hole = (Random(5).uniform({50, 1'000}) < 0.1).persist();
    const Array<T> holes = where(hole, full<T>({50, 1'000}, T(std::nan(""))), plain).persist();
    const Array<T> zeroed = where(hole, full<T>({50, 1'000}, T(0)), plain).persist(),
                   oned = where(hole, full<T>({50, 1'000}, T(1)), plain).persist();
    const Array<double> all = ones({50, 1'000}), some = where(hole, zeros({50, 1'000}), all);
    for (const Chunks& chunks : {Chunks{{50}, {1'000}}, Chunks{{20, 30}, {333, 667}}})
      for (const std::vector<std::int64_t>& over :
           {std::vector<std::int64_t>{0}, std::vector<std::int64_t>{1}, std::vector<std::int64_t>{0, 1}}) {
        const auto cut = [&](const auto& x) { return x.rechunk(chunks).persist(); };
        check(cut(plain), cut(plain), cut(plain), cut(all), {.axis = over});
        check(cut(holes), cut(zeroed), cut(oned), cut(some), {.axis = over});
      }
  });
}

TEST_CASE("partial results of nan-variants that are NaN are not left out") {
  in_cluster([] {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const std::int64_t chunk : {1, 2, 4}) {
      const auto x = from_xtensor(xt::xarray<double>{infinity, -infinity, 1, 0}, {chunk});
      CHECK(std::isnan(x.nansum({.split_every = 2}).item()));
      CHECK(std::isnan(x.nanprod({.split_every = 2}).item()));
      CHECK(std::isnan(x.nanmean({.split_every = 2}).item()));
    }
  });
}
