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
  if (a.type() == ColumnType::text || b.type() == ColumnType::text) return a.show(i) == b.show(i);
  const double x = std::stod(a.show(i)), y = std::stod(b.show(i));
  return std::fabs(x - y) <= 1e-9 * (1 + std::fabs(y));
}

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
    CHECK(checked == 21);
  });
}
