// Every verb beside pandas, on random tables with missing values, on threads and on ranks: oracle.py writes
// the tables and what pandas makes of them as CSV; passed over where there is no pandas.
#include <catch2/catch.hpp>
#include <cstdio>

#include "frame/support.hpp"
#include "support/cluster_main.hpp"
#include "weir/bridge/stream_frame.hpp"

using namespace weir;
using namespace weir::test;

namespace {

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

// What oracle.py wrote, once for all tests; an empty name without pandas.
class Oracle {
 public:
  static const Oracle& get() {
    static const Oracle one;
    return one;
  }
  [[nodiscard]] bool is_there() const {
    if (!is_there_) WARN("passed over: python3-pandas is not installed");
    return is_there_;
  }
  [[nodiscard]] Frame read(const std::string& name, const std::string& block = "16 MiB") const {
    return read_csv(folder_.path(name + ".csv"), {.block = block});
  }
  [[nodiscard]] std::string path(const std::string& name) const { return folder_.path(name); }

 private:
  Oracle() {
    const std::string command =
        std::string("/usr/bin/python3 ") + FRAME_ORACLE + " " + folder_.path("") + " 2>&1";
    std::FILE* oracle = popen(command.c_str(), "r");
    std::string said;
    for (char buffer[256]; std::fgets(buffer, sizeof buffer, oracle);) said += buffer;
    const int status = pclose(oracle);
    is_there_ = !said.starts_with("no pandas");
    INFO(said);
    if (is_there_) REQUIRE(status == 0);
  }
  Folder folder_;
  bool is_there_ = false;
};

void check_table(const char* name, const Table& ours) {
  INFO(name);
  CHECK(difference(ours, Oracle::get().read(name).compute()) ==
        "");  // a plan of its own, with types of its own
}
void check(const char* name, const Frame& ours) { check_table(name, ours.compute()); }

}  // namespace

TEST_CASE("frames of streams give what pandas gives of all rows") {
  const Oracle& oracle = Oracle::get();
  if (!oracle.is_there()) return;
  const Table rows = oracle.read("left").compute();
  Stream<Table> source;
  const StreamFrame stream = to_frame(source, rows);
  Table sums, spread;
  std::vector<Frame> filtered, windows;
  const auto keep = [](auto& in) { return [&in](const Table& table) { in = table; }; };
  const auto append = [](auto& to) { return [&to](const Table& table) { to.emplace_back(table); }; };
  stream.group_by("k").agg(sum("i"), sum("x"), mean("i"), mean("x"), count("x"), count()).sink(keep(sums));
  stream.group_by("k").agg(var("x"), stddev("i"), min("x"), max("i"), min("t"), max("t")).sink(keep(spread));
  stream.filter(col("x") > 0.5 && col("t") != "c").with("y", col("x") * col("i") - 1).sink(append(filtered));
  stream
      .with(shift("x"), diff("i", 3), cumsum("x"), cummax("i"), cummin("x"),
            rolling(5, mean("x")).at_least(1), rolling(4, sum("i")), rolling(6, max("x")).at_least(2),
            rolling(7, median("x")).at_least(1), rolling(5, stddev("x")).at_least(2),
            rolling(5, count("x")).at_least(0), rolling(3, aggregate<Spread>("i")).at_least(1).as("spread"))
      .drop("k", "i", "x", "t", "d")
      .sink(append(windows));
  for (std::size_t at = 0; at < rows.rows(); at += 7) source.emit(rows.slice(at, 7));
  check_table("sums", sums);
  check_table("spread", spread);
  check("filtered", concat(filtered));
  CHECK(difference(concat(windows).compute(), oracle.read("windows").drop("ahead").compute()) == "");
}

TEST_CASE("verbs give what pandas gives") {
  const Oracle& oracle = Oracle::get();
  if (!oracle.is_there()) return;
  const std::string block = GENERATE("500", "1 MB");
  const Frame left = oracle.read("left", block);
  const Frame right = oracle.read("right", block);
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
  check_table("described", left.select("i", "x").describe());
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
  const Frame quotes = oracle.read("quotes", "200");
  const Frame known = ordered.dropna({"t"});
  check("asof_backward", known.merge_asof(quotes, {.on = "d", .by = {"t"}}).select("d", "t", "i", "q"));
  check(
      "asof_nearest",
      known.merge_asof(oracle.read("quote_dates"), {.on = "d", .direction = Near::nearest, .tolerance = "9d"})
          .select("d", "i", "q"));
  check("asof_forward",
        known.merge_asof(quotes, {.on = "d", .by = {"t"}, .direction = Near::forward, .exact = false})
            .select("d", "t", "i", "q"));
  check("own", left.group_by("k").agg(aggregate<Spread>("i").as("spread")));
  check("corr", Frame(Table({"c", "q"}, {make_column(std::vector<double>{left.corr("x", "i")}),
                                         make_column(std::vector<double>{left.quantile("x", 0.7)})})));
}

TEST_CASE("columns of every type with holes, in files of which one is empty, give what pandas gives") {
  const Oracle& oracle = Oracle::get();
  if (!oracle.is_there()) return;
  const std::string block = GENERATE("2 kB", "1 MB");
  Frame wide = read_csv(oracle.path("wide-*.csv"), {.types = {{"g", ColumnType::text}}, .block = block});
  SECTION("as they are read") {}
  SECTION("kept on the workers") { wide = wide.persist(); }
  SECTION("through Parquet") {
    wide.to_parquet(oracle.path("wide.parquet"));
    wide = read_parquet(oracle.path("wide.parquet"));
  }
  SECTION("through Arrow") {
    wide.to_arrow(oracle.path("wide " + block + "-*.arrow"));
    wide = read_arrow(oracle.path("wide " + block + "-*.arrow"));
  }
  SECTION("through CSV") {
    wide.to_csv(oracle.path("again " + block + "-*.csv"));
    wide = read_csv(oracle.path("again " + block + "-*.csv"),
                    {.types = {{"g", ColumnType::text}}, .block = block});
  }
  const auto n = col("n"), x = col("x"), b = col("b"), g = col("g"), day = col("day"), w = col("w");
  check("arithmetic", wide.assign({{"add", n + 1},
                                   {"sub", 1 - n},
                                   {"mul", n * x},
                                   {"half", n / 2},
                                   {"over", 1 / when(x != 0, x, lit(0.0).pow(0) / 0 * 0)},
                                   {"neg", -n},
                                   {"abs", n.abs()},
                                   {"absx", x.abs()},
                                   {"nn", n * n - n},
                                   {"floor", x.floor()},
                                   {"ceil", x.ceil()},
                                   {"sqrt", x.abs().sqrt()},
                                   {"log", (x.abs() + 1).log()},
                                   {"exp", x.exp()},
                                   {"pow", x.pow(2)},
                                   {"nx", n + x},
                                   {"bn", b.astype(ColumnType::int64) + n}})
                          .drop("g", "n", "x", "b", "day", "w", "e", "c"));
  const Expression less = n < 3, same = g == "NA";
  check("compared", wide.assign({{"less", less}, {"same", same}, {"other", g != "a"}, {"real", x >= n}})
                        .assign({{"day", day > "2016-01-31"}, {"time", w <= "1970-01-01 12:00:00"}})
                        .select("less", "same", "other", "real", "day", "time"));
  check("both",
        wide.assign({{"a", less && b}, {"o", less || b}, {"n", !(less && b) || same}}).select("a", "o", "n"));
  check("chosen", wide.assign({{"isin", n.isin({1, 2, 3})},
                               {"isna", g.isna()},
                               {"fill", n.fillna(7)},
                               {"fillg", g.fillna("?")},
                               {"fillx", x.fillna(0.5)},
                               {"when", when(n > 0, n, -n)},
                               {"whent", when(b, "yes", "no")}})
                      .select("isin", "isna", "fill", "fillg", "fillx", "when", "whent"));
  check("cast", wide.assign({{"nx", n.astype(ColumnType::float64)},
                             {"xn", x.astype(ColumnType::int64)},
                             {"nt", n.astype(ColumnType::text)},
                             {"bn", b.astype(ColumnType::int64)},
                             {"text_of_day", day.astype(ColumnType::text)},
                             {"day_of_text", g.astype(ColumnType::date)},
                             {"number", g.astype(ColumnType::float64)}})
                    .select("nx", "xn", "nt", "bn", "day", "text_of_day", "day_of_text", "number"));
  check("texts", wide.assign({{"lower", g.text().lower()},
                              {"upper", g.text().upper()},
                              {"strip", g.text().strip()},
                              {"length", g.text().length()},
                              {"has", g.text().contains("i")},
                              {"starts", g.text().starts_with("t")},
                              {"ends", g.text().ends_with("e")},
                              {"cut", g.text().slice(0, 1)},
                              {"tail", g.text().slice(-1, 1)},
                              {"by", g.text().replace("a", "<a>")},
                              {"joined", g + "/" + g}})
                     .drop("g", "n", "x", "b", "day", "w", "e", "c"));
  check("parts",
        wide.assign({{"year", day.date().year()},
                     {"month", day.date().month()},
                     {"dom", day.date().day()},
                     {"weekday", day.date().weekday()},
                     {"hour", w.date().hour()},
                     {"minute", w.date().minute()},
                     {"second", w.date().second()},
                     {"wy", w.date().year()},
                     {"wd", w.date().weekday()},
                     {"day", w.date().date()}})
            .select("year", "month", "dom", "weekday", "hour", "minute", "second", "wy", "wd", "day"));
  const auto everything = [](const std::string& key) {
    std::vector<Aggregate> all;
    for (const std::string name : {"n", "x"})
      for (const Aggregate& one : {sum(name), mean(name), min(name), max(name), var(name), stddev(name),
                                   count(name), median(name), first(name), last(name), nunique(name)})
        all.push_back(one);
    for (const std::string name : {"g", "day", "w", "b"})
      if (name != key)
        for (const Aggregate& one : {first(name), last(name), nunique(name), count(name)}) all.push_back(one);
    if (key != "day") all.push_back(min("w"));
    if (key != "day") all.push_back(max("day"));
    return all;
  };
  for (const std::string key : {"g", "b", "n", "day"})
    check(("group_" + key).c_str(), wide.group_by(key).agg(everything(key)));
  check("group_missing", wide.group_by("b", "n").keep_missing().agg(sum("x"), count()));
  check("whole_frame", wide.agg(sum("n"), mean("x"), count("e"), max("e"), sum("e"), count(), max("w"),
                                min("day"), median("x"), sum("b"), mean("b")));
  check("sort_all", wide.sort_by({"b", "g", "x"}).select("b", "g", "x", "n"));
  check("sort_two_ways",
        wide.sort_by({"b", "n", "x"}, {descending, ascending, descending}).select("b", "n", "x"));
  check("sort_down", wide.sort_by("w", descending).select("w", "c", "n"));
  check("top_n", wide.nlargest(25, "n").select("g", "n"));
  check("least_w", wide.nsmallest(12, "w").select("w", "n"));
  check("group_top", wide.group_by("b").nlargest(3, "x").select("b", "x", "n"));
  check("unique", wide.unique("g").with("c", 1));
  check("duplicates", wide.drop_duplicates({"b", "n"}).select("b", "n", "w"));
  check("value_counts", wide.value_counts("n"));
  check("limited", wide.limit(153).select("n", "g"));
  check_table("limited", wide.select("n", "g").head(153));
  check_table("ended", wide.select("n", "g").tail(9));
  const Frame some = oracle.read("rooms", "20").dropna({"n"});
  const Frame there = wide.dropna({"n", "b"}).select("n", "b", "x", "g");
  for (const auto& [name, how] :
       {std::pair{"rooms_inner", Join::inner}, std::pair{"rooms_left", Join::left},
        std::pair{"rooms_outer", Join::outer}, std::pair{"rooms_right", Join::right}})
    check(name, there.merge(some, {.on = {"n", "b"}, .how = how})
                    .sort_by({"n", "b", "x", "g", "room"})
                    .select("n", "b", "x", "g", "room"));
  check("rooms_inner", there.merge(some, {.on = {"n", "b"}})
                           .sort_by({"n", "b", "x", "g", "room"})
                           .select("n", "b", "x", "g", "room"));
  check("rooms_semi", wide.merge(some, "n", Join::semi).select("n", "x"));
  check("rooms_anti", wide.merge(some, "n", Join::anti).select("n", "x"));
  check("names_differ",
        there.merge(some.rename({{"n", "number"}}), {.left_on = {"n"}, .right_on = {"number"}})
            .sort_by({"n", "x", "room"})
            .select("n", "x", "room"));
  check("chained", concat({wide.select("n", "x", "g"), wide.select("g", "x").with("n", x)}));
  check("moved",
        wide.with(shift("g", 3), shift("b", -1), shift("day", 2), diff("n"), diff("x", 2), cumsum("n"),
                  cummax("x"), cummin("n"), diff("day").as("days"),
                  rolling(10, mean("n")).at_least(3).as("mean"), rolling(160, var("x")).at_least(1).as("var"),
                  rolling(20, min("n")).at_least(1).as("least"))
            .drop("g", "n", "x", "b", "day", "w", "e", "c"));
  const Frame timed = wide.dropna({"w"}).sort_by("w");
  check("minutes", wide.resample("15m", "w").agg(count(), sum("x"), max("n"), mean("n")));
  check("hours", timed
                     .with(rolling("3h", "w", sum("x")).as("sum"),
                           rolling("3h", "w", count("x")).at_least(0).as("count"))
                     .select("w", "sum", "count"));
  check("years", wide.resample("1y", "day").agg(count(), sum("n")));
  check("months", wide.resample("1mo", "day").agg(count(), mean("x")));
  check_table("described_wide", wide.select("n", "x").describe());
}
