// Integers beyond 64 bits: the right number or an error, never a wrong one.
#include <catch2/catch.hpp>
#include <cmath>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

constexpr std::int64_t most = INT64_MAX, least = INT64_MIN;

Frame of(std::vector<std::optional<std::int64_t>> values, std::size_t partitions = 1) {
  std::vector<std::string> keys(values.size(), "k");
  return Frame(Table({"key", "v"}, {make_column(keys), make_column(values)}), partitions);
}

std::string fault_of(const Frame& frame) {
  try {
    const std::string text = csv_of(frame);
    return "no error: " + text;
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::task_failed);
    return error.what();
  }
}

}  // namespace

TEST_CASE("a sum of integers is exact, whatever the sums of partitions are") {
  in_cluster([] {
    for (const std::size_t partitions : {1u, 2u, 3u, 6u}) {
      const Frame up_and_down = of({most, most, least, least, 5, {}}, partitions);
      CHECK(csv_of(up_and_down.agg(sum("v"))) == "sum_v\n3\n");
      CHECK(csv_of(up_and_down.group_by("key").agg(sum("v"), count())) == "key,sum_v,count\nk,3,6\n");
      CHECK(csv_of(of({most, 1, -1}, partitions).agg(sum("v"))) == "sum_v\n9223372036854775807\n");
      CHECK(csv_of(of({least, {}}, partitions).agg(sum("v"))) == "sum_v\n-9223372036854775808\n");
    }
  });
}

TEST_CASE("a sum that is no 64-bit integer is an error that names its column") {
  in_cluster([] {
    for (const std::size_t partitions : {1u, 3u}) {
      const Frame low = of({least, least, 8}, partitions);
      const char* const text =
          "sum_v: the result must be a 64-bit integer (got -18446744073709551608); astype to float64 before "
          "computes it approximately";
      CHECK_THAT(fault_of(low.agg(sum("v"))), Catch::Contains(text));
      CHECK_THAT(fault_of(low.group_by("key").agg(sum("v").as("all"), nunique("v"))),
                 Catch::Contains("all: the result must be"));
      CHECK(csv_of(low.agg(mean("v"))) == "mean_v\n-6148914691236516864.0\n");
      CHECK(csv_of(low.agg(aggregate(Aggregate::Kind::sum, col("v").astype(ColumnType::float64)).as("s"))) ==
            "s\n-18446744073709551616.0\n");
    }
  });
}

TEST_CASE("a mean of integers is that of their exact sum, whatever the partitions are") {
  in_cluster([] {
    const std::vector<std::optional<std::int64_t>> values{most, 1, least, 1, 3, most, -most, 4};
    for (const std::size_t partitions : {1u, 2u, 3u, 8u}) {
      CHECK(csv_of(of(values, partitions).agg(mean("v"))) == "mean_v\n1.0\n");
      CHECK(csv_of(of(values, partitions).filter(col("v") != 4).agg(mean("v"), sum("v"))) ==
            "mean_v,sum_v\n0.5714285714285714,4\n");
    }
    RunningGroups running({}, {mean("v")});
    for (const auto& value : values) running.add(of({value}, 1).compute());
    CHECK(running.result().column("mean_v").float64s()[0] == 1);
  });
}

TEST_CASE("keys may be called as states of aggregations are") {
  in_cluster([] {
    const Frame frame(Table({"0.sum", "0.high"}, {make_column(std::vector<std::int64_t>{most, most, 2}),
                                                  make_column(std::vector<std::int64_t>{most, most, 2})}),
                      3);
    CHECK_THAT(fault_of(frame.group_by("0.sum").agg(sum("0.high").as("s"))),
               Catch::Contains("s: the result must be a 64-bit integer (got 18446744073709551614)"));
    CHECK(csv_of(frame.filter(col("0.sum") < 3).group_by("0.high", "0.sum").agg(sum("0.sum").as("s"))) ==
          "0.high,0.sum,s\n2,2,2\n");
  });
}

TEST_CASE("arithmetic that leaves 64 bits is an error that shows the expression and the values") {
  in_cluster([] {
    const Frame f = of({most, least, {}, 3});
    const auto fault = [&](const Expression& value) { return fault_of(f.with("x", value)); };
    CHECK_THAT(fault(col("v") + 1), Catch::Contains("v + 1: the result must be a 64-bit integer (got "
                                                    "9223372036854775807 and 1)"));
    CHECK_THAT(fault(col("v") - 1), Catch::Contains("(got -9223372036854775808 and 1)"));
    CHECK_THAT(fault(col("v") * 2), Catch::Contains("(got 9223372036854775807 and 2)"));
    CHECK_THAT(fault(-col("v")), Catch::Contains("(got -9223372036854775808)"));
    CHECK_THAT(fault(col("v").abs()), Catch::Contains("(got -9223372036854775808)"));
    CHECK_THAT(fault_of(f.filter(col("v") + col("v") > 0)), Catch::Contains("9223372036854775807 and"));
    const auto shown = [&](const Expression& value) {
      std::string text = csv_of(f.with("x", value).select("x"));
      std::replace(text.begin(), text.end(), '\n', ' ');
      return text;
    };
    CHECK(shown(col("v") % -1) == "x 0 0 \"\" 0 ");
    CHECK(shown(col("v") - 0) == "x 9223372036854775807 -9223372036854775808 \"\" 3 ");
    // What the other side of `when` would be is not asked.
    CHECK(shown(when(col("v") > 0 && col("v") < 10, col("v") * 2, 0)) == "x 0 0 \"\" 6 ");
    CHECK_THAT(fault(when(col("v") > 10, col("v") * 2, 0)), Catch::Contains("9223372036854775807 and 2"));
  });
}

TEST_CASE("running sums, differences and windows are exact or an error") {
  in_cluster([] {
    for (const std::size_t partitions : {1u, 2u}) {
      const auto fault = [&](std::vector<std::optional<std::int64_t>> values, const Window& window) {
        return fault_of(of(std::move(values), partitions).with(window.as("w")));
      };
      CHECK_THAT(fault({most, 1}, cumsum("v")), Catch::Contains("w: the result must be a 64-bit integer"));
      CHECK_THAT(fault({most, -2}, diff("v")), Catch::Contains("(got -2 less 9223372036854775807)"));
      CHECK_THAT(fault({most, 2}, rolling(2, sum("v"))), Catch::Contains("(got 9223372036854775809)"));
      const Frame there = of({most, -1, most, least}, partitions);
      CHECK(csv_of(there.with(rolling(2, sum("v")).as("w")).select("w").tail(3)) ==
            "w\n9223372036854775806\n9223372036854775806\n-1\n");
    }
  });
}

TEST_CASE("products of integers are exact, whatever the partitions, or an error") {
  struct Factor {
    std::string of;
    std::optional<std::int64_t> n;
    double x;
    bool is_odd;
  };
  const std::int64_t half = std::int64_t{1} << 32;
  const std::vector<Factor> rows{
      {"zero", half, 2, true},   {"zero", half, 4, true},        {"zero", half, 1, true},
      {"least", -half, 1, true}, {"least", half / 2, 0.5, true}, {"none", {}, 1, false},
      {"zero", 0, 1, false},     {"three", -3, 1, true},         {"three", -7, 3, true}};
  const std::vector<Factor> beyond{{"a", half, 1, true}, {"a", half / 2, 1, true}, {"a", 1, 1, true}};
  in_cluster([&] {
    for (const std::size_t partitions : {1, 2, 5, 9}) {
      CHECK(
          csv_of(from(rows, partitions).group_by("of").agg(product("n"), product("x"), product("is_odd"))) ==
          "of,product_n,product_x,product_is_odd\n"
          "least,-9223372036854775808,0.5,1\n"
          "none,1,1.0,0\n"
          "three,21,3.0,1\n"
          "zero,0,8.0,0\n");
      CHECK(sentence_of([&] {
              return from(beyond, partitions).agg(product("n")).compute();
            }).find("product_n: the result must be a 64-bit integer (got one beyond)") != std::string::npos);
      const Frame threes = from(rows, partitions).filter(col("of") == "three");
      CHECK(csv_of(threes.with(cumprod("x"), cumprod("n").as("c")).select("cumprod_x", "c")) ==
            "cumprod_x,c\n1.0,-3\n3.0,21\n");
      CHECK(sentence_of([&] {
              return from(beyond, partitions).with(cumprod("n")).compute();
            }).find("cumprod_n: the result must be a 64-bit integer (got 4294967296 times 2147483648)") !=
            std::string::npos);
    }
    CHECK(sentence_of([&] { return from(beyond).with(rolling(2, product("n"))); }) ==
          "rolling: an aggregation must not be a product (got product_n)");
    CHECK(sentence_of([&] { return from(beyond).agg(product("of")); }) ==
          "product: the values must be numbers (got text from of); astype converts them");
  });
}

TEST_CASE("integers beside real numbers are compared as real numbers, in filters, isin and joins") {
  in_cluster([] {
    struct Key {
      std::int64_t i;
      double x;
    };
    constexpr std::int64_t odd = (std::int64_t{1} << 53) + 1;  // the nearest double is one less
    const Frame both = from(std::vector<Key>{{odd, 0x1p53}, {odd - 1, 0x1p53}, {7, 7.5}});
    CHECK(csv_of(both.filter(col("i") == col("x"))) ==
          "i,x\n9007199254740993,9007199254740992.0\n"
          "9007199254740992,9007199254740992.0\n");
    CHECK(both.filter(col("i").isin({0x1p53})).count_rows() == 2);
    CHECK(both.filter(col("i") < 7.5).count_rows() == 1);
    CHECK(both.filter(col("i") == odd).count_rows() == 1);  // both are integers
    CHECK(both.select("i")
              .merge(from(std::vector<Key>{{1, 0x1p53}}).select("x"), {.left_on = {"i"}, .right_on = {"x"}})
              .count_rows() == 2);
  });
}

TEST_CASE("NaN is behind all numbers, never the least or greatest of them, and equal to itself as a key") {
  in_cluster([] {
    struct Row {
      std::optional<double> x;
      std::int64_t n;
    };
    const double nan = std::nan("");
    const std::vector<Row> rows{{nan, 1}, {2, 2}, {{}, 3}, {-nan, 4}, {-1, 5}, {0.0, 6}, {-0.0, 7}};
    for (const std::size_t partitions : {1u, 3u}) {
      const Frame frame = from(rows, partitions);
      CHECK(csv_of(frame.sort_by("x").select("n")) == "n\n5\n6\n7\n2\n1\n4\n3\n");
      CHECK(csv_of(frame.sort_by("x", descending).select("n")) == "n\n2\n6\n7\n5\n1\n4\n3\n");
      CHECK(csv_of(frame.nlargest(2, "x").select("n")) == "n\n2\n6\n");
      CHECK(csv_of(frame.nsmallest(2, "x").select("n")) == "n\n5\n6\n");
      CHECK(csv_of(frame.agg(weir::min("x"), weir::max("x"), count("x"))) ==
            "min_x,max_x,count_x\n-1.0,2.0,6\n");
      CHECK(frame.filter(col("x") < 100).count_rows() == 4);
      CHECK(frame.filter(col("x") == col("x")).count_rows() == 4);
      CHECK(frame.filter(col("x") != col("x")).count_rows() == 2);
      CHECK(csv_of(frame.group_by("x").agg(sum("n"))) == "x,sum_n\n-1.0,5\n0.0,13\n2.0,2\nNaN,5\n");
      CHECK(frame.unique("x").count_rows() == 5);
      CHECK(csv_of(frame.agg(nunique("x"))) == "nunique_x\n4\n");
      CHECK(csv_of(frame.merge(from(std::vector<Row>{{nan, 10}, {0, 20}, {{}, 30}}), "x")
                       .sort_by("n_x")
                       .drop("x")) == "n_x,n_y\n1,10\n4,10\n6,20\n7,20\n");
    }
  });
}

TEST_CASE("a variance of integers that a double does not tell apart is that of their distances") {
  in_cluster([] {
    constexpr std::int64_t large = (std::int64_t{1} << 53) + 1;
    for (const std::size_t partitions : {1u, 2u, 3u}) {
      CHECK(csv_of(of({large, large + 2, large + 4}, partitions).agg(var("v"))) == "var_v\n4.0\n");
      CHECK(csv_of(of({{}, most - 2, {}, most, {}}, partitions).group_by("key").agg(stddev("v", 0))) ==
            "key,std_v\nk,1.0\n");
      CHECK(csv_of(of({{}, {}, {}}, partitions).agg(var("v"))) == "var_v\n\"\"\n");
      CHECK(of({least, most}, partitions).agg(stddev("v", 0)).compute().column("std_v").float64s()[0] ==
            0x1p63);
    }
  });
}

TEST_CASE("an integer of 2^63 and more is refused, whoever gives it") {
  struct Id {
    std::uint64_t id;
    std::optional<std::uint64_t> other;
  };
  constexpr std::uint64_t beyond = std::uint64_t{1} << 63, last = beyond - 1;
  const std::string rest =
      " must be below 2^63 (got 9223372036854775808); a double holds it approximately, a "
      "text exactly";
  in_cluster([&] {
    CHECK(sentence_of([&] { return from(std::vector<Id>{{beyond, {}}}); }) == "table_of: \"id\"" + rest);
    CHECK(sentence_of([&] { return from(std::vector<Id>{{1, beyond}}); }) == "table_of: \"other\"" + rest);
    const Frame f = from(std::vector<Id>{{last, 1}, {3, {}}});
    CHECK(sentence_of([&] { return f.filter(col("id") < beyond); }) == "expression: an integer" + rest);
    CHECK(sentence_of([&] {
            return f.fillna("other", ~std::uint64_t{0});
          }).find("(got 18446744073709551615)") != std::string::npos);
    CHECK(sentence_of([&] { return col("id").isin({1, beyond}); }) == "expression: an integer" + rest);
    CHECK(f.filter(col("id") == last).collect<Id>().at(0).id == last);
    CHECK(f.filter(col("id") < 0x1p63).count_rows() == 1);  // a double: 2^63 - 1 is near to it
    const auto next = [](std::uint64_t id) { return id + 1; };
    CHECK_THAT(fault_of(f.with("next", next, {"id"}).select("next")),
               Catch::Contains("function of columns: an integer must be below 2^63"));
    CHECK(csv_of(f.filter(col("id") < 5).with("next", next, {"id"}).select("next")) == "next\n4\n");
    struct Wide {
      std::uint64_t all = 0;
      void add(std::int64_t value) { all += static_cast<std::uint64_t>(value); }
      void merge(const Wide& other) { all += other.all; }
      [[nodiscard]] std::uint64_t result() const { return all; }
    };
    CHECK_THAT(fault_of(f.agg(aggregate<Wide>("id"))),
               Catch::Contains("aggregate: an integer must be below 2^63 (got 9223372036854775810)"));
  });
}

TEST_CASE("numbers that a member does not hold are refused") {
  struct Wide {
    double x;
    std::int64_t n;
  };
  struct Narrow {
    float x;
    std::int8_t n;
  };
  const auto said = [](double x, std::int64_t n) {
    return sentence_of([&] { return table_of(std::vector<Wide>{{x, n}}).to<Narrow>(); });
  };
  CHECK(said(1e300, 1) == "to: \"x\" must hold its values (got 1e+300); double does");
  CHECK(said(1, 128) == "to: \"n\" must hold its values (got 128); std::int64_t does");
  const double infinite = std::numeric_limits<double>::infinity();
  CHECK(table_of(std::vector<Wide>{{-infinite, -128}}).to<Narrow>().at(0).x == -infinite);
}

TEST_CASE("days of any year have parts, and are written") {
  in_cluster([] {
    const Frame days = of({0, -1, 1'000'000'000'000, most, least, {}}).astype("v", ColumnType::date);
    CHECK(csv_of(days.with("y", col("v").date().year()).with("w", col("v").date().weekday()).drop("key")) ==
          "v,y,w\n1970-01-01,1970,3\n1969-12-31,1969,2\n2737908976-12-27,2737908976,4\n"
          "25252734927768524-07-27,25252734927768524,3\n-25252734927764585-06-07,-25252734927764585,2\n,,\n");
    CHECK_THAT(fault_of(days.with("v", col("v") + 1)), Catch::Contains("v + 1: the result must be a 64-bit"));
  });
}
