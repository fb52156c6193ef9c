// Numbers at the borders of their types: compared exactly, refused where they do not fit, and counted.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/scan.hpp"
#include "weir/array/shape.hpp"
#include "weir/array/sorting.hpp"
#include "weir/array/statistics.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::row;
using weir::test::sentence_of;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::nan("");

}  // namespace

TEST_CASE("numbers beyond the type of an array compare as they are") {
  in_cluster([] {
    const auto img = row<std::uint8_t>({0, 44, 255});
    const std::vector<bool> none(3, false), every(3, true);
    CHECK(list(img < 256) == every);
    CHECK(list(img == 300) == none);
    CHECK(list(img != -1) == every);
    CHECK(list(-1 < img) == every);
    CHECK(list(img >= 1e300) == none);
    CHECK(list(img > 43.5) == std::vector<bool>{false, true, true});
    const std::int64_t big = (std::int64_t{1} << 53) + 1;
    const auto x = row<std::int64_t>({big, -1});
    CHECK(list(x == 9007199254740992.0) == std::vector<bool>{false, false});
    CHECK(list(x > 9007199254740992.0) == std::vector<bool>{true, false});
    CHECK(list(x == row<double>({9007199254740992.0, -1.0})) == std::vector<bool>{false, true});
    CHECK(list(row<std::uint64_t>({UINT64_MAX, 0}) > x) == std::vector<bool>{true, true});
    CHECK(list(x == UINT64_MAX) == std::vector<bool>{false, false});
    CHECK(list(row<float>({16777216.0f, 1.0f}) == 16777217) == std::vector<bool>{false, false});
    CHECK(list(row<float>({0.1f, 1.0f}) == 0.1) == std::vector<bool>{true, false});  // rounded, as in NumPy
    CHECK(list(row<std::complex<double>>({9007199254740992.0, {-1, 1}}) == x) ==
          std::vector<bool>{false, false});
  });
}

TEST_CASE("numbers beyond the type of an array are refused where they would have to fit") {
  in_cluster([] {
    auto img = row<std::uint8_t>({0, 44, 255});
    const std::string fit = ": a number must fit into the elements, which are uint8 (got ",
                      out = "); astype<>() gives the array a type that holds it";
    CHECK(sentence_of([&] { return img + 300; }) == "add" + fit + "300" + out);
    CHECK(sentence_of([&] { return -1 * img; }) == "multiply" + fit + "-1" + out);
    CHECK(sentence_of([&] { return maximum(img, 256); }) == "maximum" + fit + "256" + out);
    CHECK(sentence_of([&] { return where(img == 0, img, -1); }) == "where" + fit + "-1" + out);
    CHECK(sentence_of([&] { return img.assign(300, 0); }) == "assign" + fit + "300" + out);
    CHECK(sentence_of([&] { return img.assign(not_a_number, 0); }) == "assign" + fit + "nan" + out);
    CHECK(sentence_of([&] { return clip(img, 256, 300); }) == "clip" + fit + "256" + out);
    CHECK(sentence_of([&] { return img.assign(std::complex<double>(1, 1), 0); }) ==
          "assign" + fit + "(1,1)" + out);
    CHECK(sentence_of([&] { return row<float>({1}) + 1e300; }) ==
          "add: a number must fit into the elements, which are float32 (got 1e+300" + out);
    CHECK(list(clip(img, -5, 300)) == std::vector<std::uint8_t>{0, 44, 255});
    CHECK(list(clip(img, 0.5, 100.0)) == std::vector<double>{0.5, 44, 100});
    CHECK(list(img.astype<int>() + 300) == std::vector<int>{300, 344, 555});
  });
}

TEST_CASE("astype refuses what does not fit, with the number and its index, or clips it") {
  in_cluster([] {
    const auto x = from_xtensor(xt::xarray<double>{{1, -2.75}, {255.5, 300}}, {{1, 1}, {2}});
    const auto text = [](const auto& y) { return sentence_of([&] { return y.compute(); }); };
    CHECK_THAT(
        text(x.astype<std::uint8_t>()(1)),
        Catch::Contains("astype: the number must fit into uint8 (got 300 at index (1, 1)); {.overflow = "
                        "weir::OutOfRange::clip} takes the nearest one"));
    CHECK_THAT(text(transpose(x).astype<std::uint8_t>()(all, 0)),
               Catch::Contains("(got -2.75 at index (1, 0))"));
    CHECK(list(x(1, range(0, 1)).astype<std::uint8_t>()) == std::vector<std::uint8_t>{255});
    const Conversion clip{.overflow = OutOfRange::clip};
    CHECK(list(x.astype<std::uint8_t>(clip)) == std::vector<std::uint8_t>{1, 0, 255, 255});
    CHECK(list(row<double>({not_a_number, -infinity, 1e300}).astype<std::int64_t>(clip)) ==
          std::vector<std::int64_t>{0, INT64_MIN, INT64_MAX});
    CHECK_THAT(text(row<double>({1e300}).astype<float>()), Catch::Contains("fit into float32 (got 1e+300"));
    CHECK(list(row<double>({infinity}).astype<float>()) ==
          std::vector<float>{std::numeric_limits<float>::infinity()});
    CHECK_THAT(text(row<std::complex<double>>({{1, 2}}).astype<double>()), Catch::Contains("(got (1,2) at"));
    CHECK_THAT(text(row<std::int64_t>({-1}).astype<std::uint64_t>()), Catch::Contains("(got -1 at"));
    CHECK(list(row<int>({-1, 0}).astype<bool>()) == std::vector<bool>{true, false});
  });
}

TEST_CASE("shifts, quotients and powers at their borders are NumPy's") {
  in_cluster([] {
    CHECK(list(right_shift(row<std::uint8_t>({255, 1}), 8)) == std::vector<std::uint8_t>{0, 0});
    CHECK(list(right_shift(row<std::int8_t>({-1, 1}), 300)) == std::vector<std::int8_t>{-1, 0});
    CHECK(list(left_shift(row<int>({1, 3}), 32)) == std::vector<int>{0, 0});
    CHECK(sentence_of([] { return left_shift(row<int>({1}), -1); }) ==
          "left_shift: the number of bits must not be negative (got -1)");
    CHECK(list(floor_divide(row<double>({1, -1, 6}), 0.1)) == std::vector<double>{9, -10, 59});
    CHECK(list(floor_divide(row<double>({1, -1}), -infinity)) == std::vector<double>{-1, 0});
    CHECK(std::isnan(floor_divide(row<double>({infinity}), 1).item()));
    CHECK(sentence_of([] { return pow(row<int>({2}), -1); }) ==
          "pow: the power of integers must not be negative (got -1); astype<double>() first");
    CHECK_THAT(sentence_of([] { return pow(row<int>({2}), row<int>({-1})).compute(); }),
               Catch::Contains(
                   "pow: the power of an integer must not be negative (got -1); astype<double>() first"));
    CHECK(list(isclose(row<double>({infinity, infinity, infinity, not_a_number}),
                       row<double>({infinity, -infinity, 1, not_a_number}))) ==
          std::vector<bool>{true, false, false, false});
    CHECK(list(isclose(row<std::uint8_t>({1, 2}), row<std::uint8_t>({2, 2}))) ==
          std::vector<bool>{false, true});
    CHECK(allclose(row<double>({not_a_number, 1}), row<double>({not_a_number, 1 + 1e-9}), 1e-5, 1e-8, true));
  });
}

TEST_CASE("distributions with infinities and NaN are what sorting says") {
  in_cluster([] {
    CHECK(median(row<double>({infinity, 5, 4})).item() == 5);
    CHECK(list(percentile(row<double>({infinity, 5, 4}), {0, 75, 100})) ==
          std::vector<double>{4, infinity, infinity});
    CHECK(std::isinf(row<double>({1, 2, 4}).var({.ddof = 3}).item()));
    CHECK(std::isinf(row<double>({1, 2, 4}).var({.ddof = 4}).item()));
    CHECK(std::isnan(row<double>({1}).std({.ddof = 1}).item()));
    CHECK(std::isinf(row<int>({3, 11}).nanvar({.ddof = 2}).item()));  // there is no NaN among integers
    for (const std::int64_t size : {1, 2, 5}) {
      const auto x = row<double>({1, not_a_number, 3, not_a_number, 2}).rechunk({size});
      const auto top = list(topk(x, 3)), low = list(topk(x, -4));
      CHECK((std::isnan(top[0]) && std::isnan(top[1]) && top[2] == 3));
      CHECK((low[0] == 1 && low[1] == 2 && low[2] == 3 && std::isnan(low[3])));
    }
  });
}

TEST_CASE("integers of any size can be counted through, sliced and summed up") {
  in_cluster([] {
    const std::int64_t big = std::int64_t{1} << 60;
    CHECK(list(arange<std::int64_t>(big, big + 3)) == std::vector<std::int64_t>{big, big + 1, big + 2});
    CHECK(list(arange<std::int64_t>(INT64_MAX, INT64_MIN, INT64_MIN)) ==
          std::vector<std::int64_t>{INT64_MAX, -1});
    CHECK(list(arange<std::uint64_t>(UINT64_MAX - 1, UINT64_MAX)) ==
          std::vector<std::uint64_t>{UINT64_MAX - 1});
    const auto x = arange<int>(0, 5);
    CHECK(list(x(range(1, nothing, INT64_MAX))) == std::vector<int>{1});
    CHECK(list(x(range(nothing, nothing, INT64_MIN))) == std::vector<int>{4});
  });
}

TEST_CASE("arrays that cannot be counted or that have no room here are refused at once") {
  const std::int64_t wide = std::int64_t{1} << 40;
  CHECK(sentence_of([&] {
          return zeros({wide, wide});
        }) ==
        "zeros: an array must have at most 2^59 elements (the shape is (1099511627776, 1099511627776))");
  CHECK(sentence_of([&] { return zeros({wide}, {1}); }) ==
        "zeros: an axis must have at most 16777216 chunks (got 1099511627776 of 1 elements each); take "
        "larger ones");
  CHECK(sentence_of([&] {
          return zeros({wide}) + zeros({wide, 1});
        }) == "add: an array must have at most 2^59 elements (the shape is (1099511627776, 1099511627776))");
  in_cluster([&] {
    const std::string text = sentence_of([&] { return zeros({wide}).compute(); });
    CHECK_THAT(text, Catch::StartsWith("compute: the array must have room here (it needs 8.8 TB, and "));
    CHECK_THAT(text, Catch::EndsWith(
                         " are free); compute() a part or a reduction of it, persist() it on the workers, "
                         "or write it with to_hdf5()"));
  });
}

TEST_CASE("an array of one element is a number where one is asked for") {
  in_cluster([] {
    const auto x = row<double>({1, 3});
    static_assert(std::is_same_v<decltype(x.mean().item()), double>);
    CHECK(x.mean().item() == 2);
    CHECK(x.sum().compute().item() == 4);
    CHECK(sentence_of([&] { return x.item(); }) ==
          "item: an array must have 1 element to be a number (got 2)");
  });
}

TEST_CASE("means and lengths of integers do not wrap around") {
  in_cluster([] {
    const auto most = row<std::int64_t>({INT64_MAX, INT64_MAX, INT64_MAX});
    CHECK(most.mean().item() == Approx(9223372036854775807.0));
    CHECK(most.nanmean().item() == Approx(9223372036854775807.0));
    CHECK(average(most, row<std::int64_t>({2, 3, 4})).item() == Approx(9223372036854775807.0));
    CHECK(norm(row<std::int8_t>({100, -128, 0})).item() == Approx(std::hypot(100, 128)));
  });
}

TEST_CASE("the negative of 0 is -0, and numbers too large for so many decimals are rounded to themselves") {
  in_cluster([] {
    CHECK((1 / -row<double>({0}))(0).item() == -std::numeric_limits<double>::infinity());
    CHECK(std::signbit((-row<std::complex<double>>({{-8.5, 0}})).item().imag()));
    CHECK(list(round(row<double>({1e300, 1.26}), 10)) == std::vector<double>{1e300, 1.26});
    CHECK(round(row<float>({1e38F}), 2).item() == 1e38F);
    CHECK(sentence_of([&] { return round(row<float>({1}), 39); }) ==
          "round: decimals must be in [-38, 38] for float32 (got 39)");
  });
}

TEST_CASE("integers of 64 bits are looked up as they are") {
  in_cluster([] {
    constexpr std::int64_t large = std::int64_t{1} << 53;
    const auto whole = row<std::int64_t>({-1, large, large + 1});
    const auto other = row<std::uint64_t>({large + 1, UINT64_MAX});
    CHECK(list(searchsorted(whole, other)) == std::vector<std::int64_t>{2, 3});
    CHECK(list(searchsorted(other, whole, Side::right)) == std::vector<std::int64_t>{0, 0, 1});
    CHECK(list(isin(whole, other)) == std::vector<bool>{false, false, true});
    CHECK(list(isin(whole, row<double>({double(large)}))) == std::vector<bool>{false, true, false});
    CHECK(list(digitize(whole, {0, double(large)}, true)) == std::vector<std::int64_t>{0, 1, 2});
    CHECK(sentence_of([&] { return bincount(other); }) ==
          "bincount: the numbers must be below 2^59 (got 18446744073709551615)");
  });
}
