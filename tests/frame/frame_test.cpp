// The verbs of frames, over one and several partitions.
#include <catch2/catch.hpp>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Flight {
  std::string origin;
  std::optional<double> delay;
  std::int64_t miles;
  bool cancelled;
};

const std::vector<Flight> flights{{"ATL", 10, 100, false}, {"BOS", -5, 200, false}, {"ATL", 30, 300, false},
                                  {"CVG", {}, 400, true},  {"BOS", 15, 500, false}, {"ATL", {}, 600, true}};

}  // namespace

TEST_CASE("rows, columns and conditions are those of the plan, however it is cut") {
  const std::size_t partitions = GENERATE(1, 3, 6);
  in_cluster([&] {
    const Frame all = from(flights, partitions);
    CHECK(to_text(all.schema()) == "origin text, delay float64, miles int64, cancelled bool");
    CHECK(all.compute().rows() == 6);
    CHECK(csv_of(all.select("miles", "origin").limit(2)) == "miles,origin\n100,ATL\n200,BOS\n");
    CHECK(csv_of(all.filter(col("delay") > 5 && !col("cancelled")).drop("cancelled", "miles")) ==
          "origin,delay\nATL,10.0\nATL,30.0\nBOS,15.0\n");
    CHECK(
        csv_of(
            all.with("speed", col("miles") / (col("delay") + 60)).filter(col("speed") > 4).select("speed")) ==
        "speed\n6.666666666666667\n");
    CHECK(csv_of(all.with("far", [](std::int64_t miles) { return miles > 250; }, {"miles"})
                     .filter([](bool far, std::string_view origin) { return far && origin != "ATL"; },
                             {"far", "origin"})
                     .rename({{"miles", "distance"}})
                     .select("distance")) == "distance\n400\n500\n");
    CHECK(csv_of(all.dropna().select("delay")) == "delay\n10.0\n-5.0\n30.0\n15.0\n");
    CHECK(csv_of(all.fillna("delay", 0).select("delay").tail(3)) == "delay\n0.0\n15.0\n0.0\n");
    CHECK(all.count_rows() == 6);
    CHECK(all.head(2).rows() == 2);
    CHECK(all.sort_by("miles", descending).head(1).column("miles").int64s()[0] == 600);
  });
}

TEST_CASE("groups are those of pandas, however the rows are cut") {
  const std::size_t partitions = GENERATE(1, 2, 6);
  in_cluster([&] {
    const Frame all = from(flights, partitions);
    CHECK(csv_of(all.group_by("origin").agg(mean("delay"), count(), count("delay"), max("miles").as("far"),
                                            sum("miles"), min("delay"), first("delay"), last("miles"))) ==
          "origin,mean_delay,count,count_delay,far,sum_miles,min_delay,first_delay,last_miles\n"
          "ATL,20.0,3,2,600,1000,10.0,10.0,600\n"
          "BOS,5.0,2,2,500,700,-5.0,-5.0,500\n"
          "CVG,,1,0,400,400,,,400\n");
    CHECK(csv_of(all.group_by("cancelled")
                     .agg(stddev("miles"), var("miles"), median("miles"), nunique("origin"),
                          quantile("miles", 0.25))) ==
          "cancelled,std_miles,var_miles,median_miles,nunique_origin,quantile_miles\n"
          "false,170.78251276599332,29166.666666666668,250.0,2,175.0\n"
          "true,141.4213562373095,20000.0,500.0,2,450.0\n");
    CHECK(csv_of(all.agg(sum("miles"), count(),
                         aggregate(Aggregate::Kind::sum, col("miles") * 2).as("twice"))) ==
          "sum_miles,count,twice\n2100,6,4200\n");
    CHECK(csv_of(all.group_by("delay").keep_missing().agg(count()).tail(1)) == "delay,count\n,2\n");
    CHECK(csv_of(all.value_counts("origin")) == "origin,count\nATL,3\nBOS,2\nCVG,1\n");
    CHECK(csv_of(all.unique("origin")) == "origin\nATL\nBOS\nCVG\n");
    CHECK(csv_of(all.nlargest(2, "delay").select("delay")) == "delay\n30.0\n15.0\n");
    CHECK(csv_of(all.nsmallest(1, "miles").select("miles")) == "miles\n100\n");
    CHECK(csv_of(all.filter(col("miles") > 9999).agg(sum("miles"), mean("miles"), count())) ==
          "sum_miles,mean_miles,count\n0,,0\n");
    CHECK(csv_of(all.filter(col("miles") > 9999).group_by("origin").agg(sum("miles"))) ==
          "origin,sum_miles\n");
  });
}

TEST_CASE("frames are joined in every way") {
  struct Airport {
    std::string code;
    std::string city;
    std::int64_t miles;
  };
  const std::size_t partitions = GENERATE(1, 3);
  in_cluster([&] {
    const Frame left = from(flights, partitions).select("origin", "miles");
    const Frame right = from(
        std::vector<Airport>{{"ATL", "Atlanta", 1}, {"BOS", "Boston", 2}, {"XXX", "nowhere", 3}}, partitions);
    const auto joined = [&](Join how) {
      return csv_of(left.merge(right, {.how = how, .left_on = {"origin"}, .right_on = {"code"}})
                        .select(how == Join::semi || how == Join::anti
                                    ? std::vector<std::string>{"miles"}
                                    : std::vector<std::string>{"miles_x", "city", "miles_y"})
                        .sort_by(how == Join::semi || how == Join::anti ? "miles" : "miles_x"));
    };
    const std::string inner = "100,Atlanta,1\n200,Boston,2\n300,Atlanta,1\n500,Boston,2\n600,Atlanta,1\n";
    CHECK(joined(Join::inner) == "miles_x,city,miles_y\n" + inner);
    CHECK(joined(Join::left) ==
          "miles_x,city,miles_y\n100,Atlanta,1\n200,Boston,2\n300,Atlanta,1\n400,,\n"
          "500,Boston,2\n600,Atlanta,1\n");
    CHECK(joined(Join::right) == "miles_x,city,miles_y\n" + inner + ",nowhere,3\n");
    CHECK(joined(Join::outer) ==
          "miles_x,city,miles_y\n100,Atlanta,1\n200,Boston,2\n300,Atlanta,1\n400,,\n"
          "500,Boston,2\n600,Atlanta,1\n,nowhere,3\n");
    CHECK(joined(Join::semi) == "miles\n100\n200\n300\n500\n600\n");
    CHECK(joined(Join::anti) == "miles\n400\n");
    CHECK(csv_of(left.merge(right.rename({{"code", "origin"}}).drop("miles"), "origin", Join::outer)
                     .select("origin")
                     .drop_duplicates()
                     .sort_by("origin")) == "origin\nATL\nBOS\nCVG\nXXX\n");
    CHECK(csv_of(concat({left.limit(1), left.astype("miles", ColumnType::float64).limit(1)})) ==
          "origin,miles\nATL,100.0\nATL,100.0\n");
  });
}

TEST_CASE("rows are structs whose members are columns") {
  in_cluster([] {
    struct Row {
      std::int64_t count;
      std::string origin;
      std::optional<double> mean_delay;
    };
    const auto rows = from(flights).group_by("origin").agg(mean("delay"), count()).collect<Row>();
    REQUIRE(rows.size() == 3);
    CHECK(rows[0].origin == "ATL");
    CHECK(rows[0].count == 3);
    CHECK(rows[0].mean_delay == 20);
    CHECK_FALSE(rows[2].mean_delay);
    struct Strict {
      double delay;
    };
    struct Misspelt {
      double dealy;
    };
    struct Wrong {
      std::int64_t origin;
    };
    struct Narrow {
      std::int8_t miles;
    };
    const Frame all = from(flights);
    CHECK(
        sentence_of([&] { return all.collect<Strict>(); }) ==
        "collect: \"delay\" must be a std::optional where values are missing (2 of 6 are); fillna or dropna "
        "help too");
    CHECK(sentence_of([&] { return all.collect<Misspelt>(); }) ==
          "collect: there must be a column of that name (got \"dealy\"); did you mean \"delay\"? The columns "
          "are: "
          "origin, delay, miles, cancelled");
    CHECK(sentence_of([&] { return all.collect<Wrong>(); }) ==
          "collect: \"origin\" must be read as text, the type of its column (got int64); astype converts it");
    CHECK(sentence_of([&] { return all.collect<Narrow>(); }) ==
          "collect: \"miles\" must hold its values (got 200); std::int64_t does");
  });
}

TEST_CASE("names and types are checked before anything runs") {
  in_cluster([] {
    const Frame all = from(flights);
    const std::string columns = " The columns are: origin, delay, miles, cancelled";
    CHECK(sentence_of([&] { return all.filter(col("dealy") > 1); }) ==
          "filter: there must be a column of that name (got \"dealy\"); did you mean \"delay\"?" + columns);
    CHECK(sentence_of([&] { return all.select("mile"); }) ==
          "select: there must be a column of that name (got \"mile\"); did you mean \"miles\"?" + columns);
    CHECK(sentence_of([&] { return all.filter(col("miles")); }) ==
          "filter: a condition must be true or false, of type bool (got int64 from miles)");
    CHECK(sentence_of([&] { return all.filter(col("origin") > 3); }) ==
          "filter: a comparison needs values of one kind (got text, int64 in origin > 3)");
    CHECK(
        sentence_of([&] { return all.with("x", col("origin") * 2); }) ==
        "with: arithmetic needs numbers, a day and a number of days, or + between texts (got text, int64 in "
        "origin * 2)");
    CHECK(sentence_of([&] { return all.group_by("origin").agg(mean("origin")); }) ==
          "mean: the values must be numbers (got text from origin); astype converts them");
    CHECK(sentence_of([&] { return all.group_by("origin").agg(count(), sum("miles").as("count")); }) ==
          "agg: the names of results and keys must differ (got \"count\" twice); as() gives another name");
    CHECK(sentence_of([&] {
            return all.merge(all, "miles", Join::inner).merge(all.astype("miles", ColumnType::text), "miles");
          }) ==
          "merge: keys must have types that can be equal (got int64 of \"miles\" and text of \"miles\"); "
          "astype "
          "converts them");
    CHECK(sentence_of([&] { return all.with("x", [](std::string_view) { return 1; }, {"miles"}); }) ==
          "with: parameter 1 of the function must be able to hold \"miles\", a column of int64 (got a "
          "parameter "
          "of text)");
    CHECK(sentence_of([&] { return quantile("x", 2); }) == "quantile: q must be in [0, 1] (got 2.000000)");
  });
}

TEST_CASE("a frame that is not computed shows its columns and its plan") {
  in_cluster([] {
    const Frame late = from(flights, 2).with("far", col("miles") > 200).filter(col("delay") > 15);
    CHECK(late.show() ==
          "frame of 2 partitions, not computed\n"
          "  origin text\n  delay float64\n  miles int64\n  cancelled bool\n  far bool\n"
          "plan\n"
          "  with far = miles > 200\n"
          "    filter delay > 15\n"
          "      table of 6 rows\n");
    CHECK(late.select("origin", "delay").compute().show() ==
          "origin    delay\n"
          "text    float64\n"
          "ATL        30.0\n");
  });
}

TEST_CASE("numbers are described") {
  in_cluster([] {
    CHECK(csv_of(from(flights, 3).select("delay", "miles").describe()) ==
          "column,count,mean,std,min,q25,median,q75,max\n"
          "delay,4,12.5,14.433756729740644,-5.0,6.25,12.5,18.75,30.0\n"
          "miles,6,350.0,187.08286933869707,100.0,225.0,350.0,475.0,600.0\n");
  });
}

TEST_CASE("many rows are sorted, grouped and joined by tasks that each have a part of them") {
  struct Number {
    std::int64_t key;
    std::int64_t value;
  };
  std::vector<Number> numbers;
  std::uint64_t state = 1;
  for (std::int64_t i = 0; i < 600'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    numbers.push_back({static_cast<std::int64_t>(state >> 44), i});
  }
  in_cluster([&] {
    const Frame all = from(numbers, 4).persist();
    const Table sorted = all.sort_by("key").compute();
    const auto keys = sorted.column("key").int64s(), values = sorted.column("value").int64s();
    bool in_order = keys.size() == numbers.size();
    for (std::size_t i = 1; i < keys.size(); ++i)
      in_order = in_order && (keys[i - 1] < keys[i] || (keys[i - 1] == keys[i] && values[i - 1] < values[i]));
    CHECK(in_order);
    const Frame by_both = all.with("tens", col("key") / 100000)
                              .astype("tens", ColumnType::int64)
                              .sort_by({"tens", "value"}, {ascending, descending});
    CHECK(by_both.show().find("sort_by tens ascending, value descending") != std::string::npos);
    const Table two_ways = by_both.compute();
    const auto tens = two_ways.column("tens").int64s(), falling = two_ways.column("value").int64s();
    in_order = tens.size() == numbers.size();
    for (std::size_t i = 1; i < tens.size(); ++i)
      in_order =
          in_order && (tens[i - 1] < tens[i] || (tens[i - 1] == tens[i] && falling[i - 1] > falling[i]));
    CHECK(in_order);
    CHECK(by_both.head(1).column("value").int64s()[0] == falling[0]);
    CHECK(sentence_of([&] {
            return all.sort_by({"key", "value"}, {ascending, ascending, ascending});
          }) == "sort_by: there must be an order for each column (got 3 orders, 2 columns)");
    const Table groups = all.group_by("key").agg(count(), sum("value")).compute();
    std::int64_t rows = 0, total = 0;
    for (const std::int64_t count : groups.column("count").int64s()) rows += count;
    for (const std::int64_t sum : groups.column("sum_value").int64s()) total += sum;
    CHECK(rows == 600'000);
    CHECK(total == 600'000LL * 599'999 / 2);
    CHECK(all.drop_duplicates({"key"}).count_rows() == static_cast<std::int64_t>(groups.rows()));
    const Frame joined = all.merge(all.rename({{"value", "other"}}), "key", Join::outer);
    CHECK(joined.filter(col("value") == col("other")).count_rows() == 600'000);
  });
}

TEST_CASE("the values of a column outlive the result that they were asked of") {
  in_cluster([] {
    const Frame frame(Table({"i", "r"}, {make_column(std::vector<std::int64_t>{1, 2, 3}),
                                         make_column(std::vector<double>{0.5, 1.5, 2.5})}));
    std::int64_t sum = 0;
    for (const std::int64_t value : frame.compute().column("i").int64s()) sum += value;
    CHECK(sum == 6);
    STATIC_REQUIRE(std::is_same_v<decltype(frame.compute().column("r").float64s()), std::vector<double>>);
    const Table table = frame.compute();
    STATIC_REQUIRE(std::is_same_v<decltype(table.column("r").float64s()), std::span<const double>>);
    CHECK(table.column("r").float64s().data() == table.column("r").float64s().data());
  });
}
