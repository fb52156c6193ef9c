// Every verb beside pandas, on random tables with missing values: oracle.py writes the tables and what pandas
// makes of them as CSV; passed over where there is no pandas.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

// Whether two cells say the same; numbers up to rounding.
bool is_near(const Column& a, const Column& b, std::size_t i) {
  if (a.is_na(i) != b.is_na(i)) return false;
  if (a.is_na(i)) return true;
  if (a.type() == ColumnType::date && b.type() == ColumnType::date) return a.show(i) == b.show(i);
  if (a.type() == ColumnType::text || b.type() == ColumnType::text) return a.show(i) == b.show(i);
  const double x = std::stod(a.show(i)), y = std::stod(b.show(i));
  return std::fabs(x - y) <= 1e-9 * (1 + std::fabs(y));
}

// The greatest value less the least: an aggregation of one's own.
struct Spread {
  std::int64_t least = 1 << 30, greatest = -(1 << 30);
  void add(std::int64_t value) {
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  void merge(const Spread& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
  }
  [[nodiscard]] std::optional<std::int64_t> result() const {
    return greatest < least ? std::optional<std::int64_t>() : greatest - least;
  }
};

// Empty if they are equal; otherwise the first difference.
std::string difference(const Table& ours, const Table& theirs) {
  if (ours.names() != theirs.names())
    return "names: " + to_text(ours.schema()) + " | " + to_text(theirs.schema());
  if (ours.rows() != theirs.rows())
    return "rows: " + std::to_string(ours.rows()) + " | " + std::to_string(theirs.rows());
  for (std::size_t c = 0; c < ours.names().size(); ++c)
    for (std::size_t i = 0; i < ours.rows(); ++i)
      if (!is_near(ours.columns()[c], theirs.columns()[c], i))
        return ours.names()[c] + " in row " + std::to_string(i) + ": " + ours.columns()[c].show(i) + " | " +
               theirs.columns()[c].show(i);
  return "";
}

}  // namespace

TEST_CASE("verbs give what pandas gives") {
  const Folder folder;
  const std::string command =
      std::string("/usr/bin/python3 ") + FRAME_ORACLE + " " + folder.path("") + " 2>&1";
  std::FILE* oracle = popen(command.c_str(), "r");
  std::string said;
  for (char buffer[256]; std::fgets(buffer, sizeof buffer, oracle);) said += buffer;
  const int status = pclose(oracle);
  if (said.starts_with("no pandas")) {
    WARN("passed over: python3-pandas is not installed");
    return;
  }
  INFO(said);
  REQUIRE(status == 0);
  const std::string block = GENERATE("500", "1 MB");
  in_cluster([&] {
    const Frame left = read_csv(folder.path("left.csv"), {.block = block});
    const Frame right = read_csv(folder.path("right.csv"), {.block = block});
    std::size_t checked = 0;
    const auto check = [&](const char* name, const Frame& ours) {
      INFO(name);
      // An own plan, whose types are those of the result.
      CHECK(difference(ours.compute(), read_csv(folder.path(std::string(name) + ".csv")).compute()) == "");
      ++checked;
    };
    check("sums", left.group_by("k").agg(sum("i"), sum("x"), mean("i"), mean("x"), count("x"), count()));
    check("spread", left.group_by("k").agg(var("x"), stddev("i"), min("x"), max("i"), min("t"), max("t")));
    check("ends", left.group_by("k").agg(first("x"), last("x"), first("t"), last("i")));
    check("whole", left.group_by("k").agg(median("x"), quantile("i", 0.3), nunique("t"), nunique("x")));
    check("two_keys", left.group_by("t", "k").agg(sum("x"), count()));
    check("missing_keys", left.group_by("t").keep_missing().agg(sum("i")));
    check("sorted", left.sort_by({"t", "x"}));
    check("reversed", left.sort_by("x", descending).select("x", "i"));
    check("largest", left.nlargest(7, "x"));
    check("different", left.drop_duplicates({"k", "t"}));
    check("filtered", left.filter(col("x") > 0.5 && col("t") != "c").with("y", col("x") * col("i") - 1));
    check("logic", left.filter(col("x").isna() || col("i") % 3 == 1).select("i", "k"));
    check("filled", left.fillna("x", -1).fillna("t", "none"));
    check("dropped", left.dropna());
    check("dates", left.with("m", col("d").date().year() * 100 + col("d").date().month())
                       .group_by("m")
                       .agg(count(), max("i")));
    check("text", left.dropna({"t"}).with("u", col("t").text().upper() + "!").select("u"));
    for (const auto& [name, how] : {std::pair{"inner", Join::inner}, std::pair{"left", Join::left},
                                    std::pair{"outer", Join::outer}, std::pair{"right", Join::right}})
      check((std::string("merge_") + name).c_str(), left.dropna({"t"})
                                                        .merge(right.dropna({"t"}), "t", how)
                                                        .sort_by({"t", "i_x", "i_y"})
                                                        .select("t", "i_x", "i_y", "z"));
    check("described", Frame(left.select("i", "x").describe()));
    check("windows", left.with(shift("x"), shift("i", -2).as("ahead"), diff("i", 3), cumsum("x"), cummax("i"),
                               cummin("x"), rolling(5, mean("x")).at_least(1), rolling(4, sum("i")),
                               rolling(6, max("x")).at_least(2), rolling(7, median("x")).at_least(1),
                               rolling(5, stddev("x")).at_least(2), rolling(5, count("x")).at_least(0),
                               rolling(3, aggregate<Spread>("i")).at_least(1).as("spread"))
                         .drop("k", "i", "x", "t", "d"));
    const Frame ordered = left.sort_by("d");
    check("of_time", ordered
                         .with(rolling("30d", "d", mean("x")), rolling("30d", "d", min("i")),
                               rolling("30d", "d", quantile("i", 0.25)).as("rolling_q"))
                         .drop("k", "i", "x", "t"));
    check("bins",
          left.resample("7d", "d").agg(count(), sum("i"), mean("x"), max("i")).astype("d", ColumnType::date));
    check("quarters",
          left.resample("3mo", "d").agg(count(), sum("i"), mean("x")).astype("d", ColumnType::date));
    const Frame quotes = read_csv(folder.path("quotes.csv"), {.block = "200"});
    const Frame known = ordered.dropna({"t"});
    check("asof_backward", known.merge_asof(quotes, {.on = "d", .by = {"t"}}).select("d", "t", "i", "q"));
    check("asof_nearest", known
                              .merge_asof(read_csv(folder.path("quote_dates.csv")),
                                          {.on = "d", .direction = Near::nearest, .tolerance = "9d"})
                              .select("d", "i", "q"));
    check("asof_forward",
          known.merge_asof(quotes, {.on = "d", .by = {"t"}, .direction = Near::forward, .exact = false})
              .select("d", "t", "i", "q"));
    check("own", left.group_by("k").agg(aggregate<Spread>("i").as("spread")));
    check("corr", Frame(Table({"c", "q"}, {make_column(std::vector<double>{left.corr("x", "i")}),
                                           make_column(std::vector<double>{left.quantile("x", 0.7)})})));
    CHECK(checked == 30);
  });
}
