// Groups of tables that come one by one.
#include <catch2/catch.hpp>
#include <functional>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Reading {
  std::string sensor;
  std::optional<double> value;
};

}  // namespace

TEST_CASE("groups of a stream are those of a frame of all rows, or of the last tables") {
  in_cluster([] {
    const std::vector<std::vector<Reading>> batches{
        {{"a", 1}, {"b", 2}}, {}, {{"a", {}}, {"c", 5}}, {{"a", 4}, {"a", 7}, {"b", -1}}};
    const std::vector<Aggregate> aggregates{mean("value"), count(), max("value"), var("value"),
                                            last("value")};
    RunningGroups all({"sensor"}, aggregates), recent({"sensor"}, aggregates, 2),
        half({"sensor"}, aggregates);
    CHECK(all.result().names().empty());
    std::vector<Reading> rows;
    for (std::size_t b = 0; b < batches.size(); ++b) {
      all.add(table_of(batches[b]));
      recent.add(table_of(batches[b]));
      if (b >= 2) half.add(table_of(batches[b]));
      rows.insert(rows.end(), batches[b].begin(), batches[b].end());
      CHECK(csv_of(all.result()) == csv_of(from(rows).group_by("sensor").agg(aggregates)));
    }
    const std::string of_last =
        csv_of(concat({from(batches[2]), from(batches[3])}).group_by("sensor").agg(aggregates));
    CHECK(csv_of(recent.result()) == of_last);
    CHECK(csv_of(half.result()) == of_last);
    RunningGroups first({"sensor"}, aggregates);
    first.add(table_of(batches[0])).add(table_of(batches[1])).merge(half);
    CHECK(csv_of(first.result()) == csv_of(all.result()));
    RunningGroups total({}, {sum("value"), count()});
    total.add(table_of(batches[0])).add(table_of(batches[3]));
    CHECK(csv_of(total.result()) == "sum_value,count\n13.0,5\n");
  });
}

TEST_CASE("what a running group cannot do it says") {
  CHECK(sentence_of([] { return RunningGroups({"x"}, {median("y")}); }) ==
        "running_groups: an aggregation must not need all values (got median_y); a window of rows or of time "
        "has them, and so has a frame of the tables");
  RunningGroups groups({"sensor"}, {count()});
  groups.add(table_of(std::vector<Reading>{}));
  CHECK(sentence_of([&] {
          groups.add(Table());
          return 0;
        }) ==
        "running_groups: a table must have the columns of the first (got , the first had sensor text, value "
        "float64)");
  CHECK(sentence_of([&] {
          groups.merge(RunningGroups({"sensor"}, {count()}, 3));
          return 0;
        }) == "running_groups: what is merged must be of all tables (got a window)");
  CHECK(sentence_of([] {
          RunningGroups({"y"}, {count()}).add(table_of(std::vector<Reading>{}));
          return 0;
        }) == "group_by: there must be a column of that name (got \"y\"); the columns are: sensor, value");
}

namespace {

struct Moment {
  std::string sensor, when;
  double value = 0;
};
Table moments(const std::vector<Moment>& rows) {
  static const Frame typed = from(std::vector<Moment>{}).astype("when", ColumnType::datetime);
  return typed.applied(table_of(rows));
}

}  // namespace

TEST_CASE("running groups are of the last rows, or of the last seconds, also of late rows") {
  const std::vector<std::vector<Moment>> batches{
      {{"a", "2015-03-01 00:00:00", 1}, {"b", "2015-03-01 00:00:02", 2}, {"a", "2015-03-01 00:00:04", 3}},
      {{"a", "2015-03-01 00:00:06", 5}, {"b", "2015-03-01 00:00:03", 9}},
      {{"b", "2015-03-01 00:00:20", 7}}};
  RunningGroups rows({"sensor"}, {median("value"), count()}, Last{.rows = 3});
  RunningGroups time({"sensor"}, {median("value"), nunique("value")}, Last{.time = "5s", .column = "when"});
  std::vector<std::string> of_rows, of_time;
  in_cluster([&] {  // for csv_of
    for (const auto& batch : batches) {
      of_rows.push_back(csv_of(rows.add(moments(batch)).result()));
      of_time.push_back(csv_of(time.add(moments(batch)).result()));
    }
  });
  const std::string head = "sensor,median_value,count\n", time_head = "sensor,median_value,nunique_value\n";
  CHECK(of_rows == std::vector<std::string>{head + "a,2.0,2\nb,2.0,1\n", head + "a,4.0,2\nb,9.0,1\n",
                                            head + "a,5.0,1\nb,8.0,2\n"});
  CHECK(of_time == std::vector<std::string>{time_head + "a,2.0,2\nb,2.0,1\n",
                                            time_head + "a,4.0,2\nb,5.5,2\n", time_head + "b,7.0,1\n"});
  CHECK(sentence_of([] { return RunningGroups({}, {count()}, Last{.time = "5s"}); }) ==
        "running_groups: a window of time must have a time and a column (got \"5s\" and \"\")");
  CHECK(sentence_of([] { return RunningGroups({}, {count()}, Last{.tables = 1, .rows = 2}); }) ==
        "running_groups: a window must be of tables, of rows or of time (got several)");
  RunningGroups text({}, {count()}, Last{.time = "5s", .column = "when"});
  CHECK(sentence_of([&] { return text.add(table_of(batches[0])).result(); }) ==
        "running_groups: the column of a window of time must be a datetime (got text of \"when\"); astype "
        "converts it");
}

TEST_CASE("batches go through the verbs of a frame, without tasks") {
  struct Place {
    std::string sensor, room;
  };
  const Frame places = from(std::vector<Place>{{"a", "hall"}, {"b", "roof"}});
  const Frame verbs = from(std::vector<Reading>{})
                          .fillna("value", 0.0)
                          .with("twice", col("value") * 2)
                          .merge(places, "sensor")
                          .filter(col("twice") > 1)
                          .group_by("room")
                          .agg(sum("twice"), count())
                          .sort_by("sum_twice", descending);
  const std::vector<Reading> rows{{"a", 1}, {"b", 2}, {"a", {}}, {"b", 4}, {"c", 9}};
  const Table result = verbs.applied(table_of(rows));
  in_cluster([&] {
    CHECK(csv_of(result) == "room,sum_twice,count\nroof,12.0,2\nhall,2.0,1\n");
    CHECK(csv_of(verbs.applied(table_of(std::vector<Reading>{}))) == "room,sum_twice,count\n");
    CHECK(csv_of(verbs.limit(1).drop("count").drop_duplicates().applied(table_of(rows))) ==
          "room,sum_twice\nroof,12.0\n");
    CHECK(sentence_of([&] { return verbs.applied(Table()); }) ==
          "applied: a table must have the columns of the frame (got , the frame has sensor text, value "
          "float64)");
    CHECK(sentence_of([&] { return from(rows).merge(places.persist(), "sensor").applied(table_of(rows)); }) ==
          "applied: a frame that is joined with a batch must be a table in memory (got rows on the workers); "
          "Frame(other.compute()) makes it one");
  });
}

TEST_CASE("a batch stands wherever the frame of the example does") {
  in_cluster([] {
    const Frame example = from(std::vector<Reading>{});
    const std::vector<Reading> rows{{"a", 1}, {"b", 2}, {"a", 5}};
    const std::vector<std::function<Frame(const Frame&)>> verbs{
        [](const Frame& f) { return f.merge(f.group_by("sensor").agg(mean("value")), "sensor"); },
        [](const Frame& f) {
          return concat({f, f.filter(col("value") > 1)});
        },
        [](const Frame& f) {
          return f.dropna().merge(f.dropna().group_by("sensor").agg(count()), "sensor");
        }};
    for (const auto& verb : verbs)
      CHECK(csv_of(verb(example).applied(table_of(rows))) == csv_of(verb(from(rows))));
  });
}

TEST_CASE("rolling windows count rows, with or without a column of that name") {
  in_cluster([] {
    const std::vector<Reading> rows{{"a", 1}, {"b", {}}, {"a", 5}};
    const Table counted = from(rows, 2).with(rolling(2, count()).at_least(1).as("rows")).compute();
    CHECK(csv_of(counted.slice(0, 3)) == "sensor,value,rows\na,1.0,1\nb,,2\na,5.0,2\n");
    const Frame named = from(rows).rename({{"value", "count"}});
    CHECK(csv_of(named.with(rolling(2, count()).at_least(1).as("rows")).select("rows")) == "rows\n1\n2\n2\n");
    RunningWindows running({rolling(2, count()).as("rows")});
    CHECK(csv_of(running.add(table_of(rows))) == "sensor,value,rows\na,1.0,1\nb,,2\na,5.0,2\n");
    const std::vector<Reading> missing{{"a", {}}, {"b", 1}, {"a", {}}, {"b", {}}};
    for (const Window& window : {rolling(2, count("value")), rolling(2, count("value")).at_least(0)})
      CHECK(csv_of(from(missing).with(window.as("n")).select("n")) == "n\n0\n1\n1\n0\n");
    CHECK(csv_of(from(missing).with(expanding(count("value")).as("n")).select("n")) == "n\n0\n1\n1\n1\n");
  });
}

TEST_CASE("each group has its largest and least rows") {
  in_cluster([] {
    const std::vector<Reading> rows{{"a", 1}, {"b", 2}, {"a", {}}, {"a", 7}, {"a", 4}, {"b", 2}, {"c", {}}};
    for (const std::size_t partitions : {1, 3}) {
      const Frame frame = from(rows, partitions);
      CHECK(csv_of(frame.group_by("sensor").nlargest(2, "value")) ==
            "sensor,value\na,7.0\na,4.0\nb,2.0\nb,2.0\nc,\n");
      CHECK(csv_of(frame.group_by("sensor").nsmallest(1, "value").select("value")) ==
            "value\n1.0\n2.0\n\"\"\n");
    }
    CHECK(sentence_of([&] { return from(rows).group_by("sensor").nlargest(2, "valu"); }) ==
          "nlargest: there must be a column of that name (got \"valu\"); did you mean \"value\"? The columns "
          "are: sensor, value");
  });
}

TEST_CASE("the spread of a window forgets what has left it, however far away that was") {
  in_cluster([] {
    const Frame frame(
        Table({"x", "k"}, {make_column(std::vector<double>{1, 1.25, 1e10, 1, 1.25, 1, 1, 1}),
                           make_column(std::vector<std::int64_t>{-7, 5, 5, -9007199254740993, 2, 2, 4, 4})}));
    const Table table = frame
                            .with(rolling(2, var("x")).as("x2"), rolling(1, stddev("k", 0)).as("k1"),
                                  rolling(2, stddev("k", 0)).as("k2"))
                            .compute();
    const auto x2 = table.column("x2").to<std::optional<double>>();
    CHECK(x2[1] == 0.03125);
    CHECK(*x2[3] > 1e19);
    CHECK(std::vector(x2.begin() + 4, x2.end()) ==
          std::vector<std::optional<double>>{0.03125, 0.03125, 0, 0});
    CHECK(table.column("k1").to<double>() == std::vector<double>(8, 0.0));
    const auto k2 = table.column("k2").to<std::optional<double>>();
    CHECK(std::vector(k2.begin() + 5, k2.end()) == std::vector<std::optional<double>>{0, 1, 0});
  });
}

TEST_CASE("windows of a stream go on from table to table") {
  using namespace std::chrono;
  struct Sale {
    sys_days day;
    std::optional<std::int64_t> count;
    double price;
  };
  std::vector<Sale> rows;
  for (int i = 0; i < 40; ++i)
    rows.push_back({sys_days{2020y / 1 / 1} + days{i * i % 3 + i},
                    i % 5 ? std::optional(i * 7 % 11) : std::nullopt, 0.5 * (i * 5 % 13)});
  const std::vector<Window> windows{cumsum("count"),
                                    cummin("price"),
                                    cummax("count"),
                                    shift("price", 3),
                                    diff("count", 2),
                                    rolling(4, mean("price")),
                                    rolling(3, sum("count")).at_least(1),
                                    rolling(5, median("price")).at_least(2).as("middle"),
                                    rolling(2, count()).as("rows"),
                                    rolling("4d", "day", nunique("count"))};
  std::sort(rows.begin(), rows.end(), [](const Sale& a, const Sale& b) { return a.day < b.day; });
  in_cluster([&] {
    const std::string at_once = csv_of(from(rows).with(windows));
    for (const std::size_t size : {1, 3, 7, 40}) {
      RunningWindows running(windows);
      std::vector<Table> parts{running.add(table_of(std::vector<Sale>{}))};
      for (std::size_t at = 0; at < rows.size(); at += size)
        parts.push_back(running.add(table_of(std::vector<Sale>(
            rows.begin() + static_cast<std::ptrdiff_t>(at),
            rows.begin() + static_cast<std::ptrdiff_t>(std::min(at + size, rows.size()))))));
      std::vector<Frame> frames;
      for (const Table& part : parts) frames.emplace_back(part);
      CHECK(csv_of(concat(frames)) == at_once);
    }
  });
}

TEST_CASE("what running windows cannot do they say, and stay as they were") {
  struct Sale {
    std::int64_t count;
  };
  CHECK(sentence_of([] { return RunningWindows({shift("count", -1)}); }) ==
        "running_windows: a window must not look at rows to come (got shift_count)");
  RunningWindows sums({cumsum("count")});
  CHECK(sums.add(table_of(std::vector<Sale>{{1}, {2}})).column("cumsum_count").int64s()[1] == 3);
  CHECK(
      sentence_of([&] {
        return sums.add(table_of(std::vector<Sale>{{5}, {INT64_MAX}}));
      }) ==
      "cumsum_count: the result must be a 64-bit integer (got 8 and 9223372036854775807); astype to float64 "
      "before computes it approximately");
  CHECK(sentence_of([&] { return sums.add(Table()); }) ==
        "running_windows: a table must have the columns of the first (got , the first had count int64)");
  CHECK(sums.add(table_of(std::vector<Sale>{{4}})).column("cumsum_count").int64s()[0] == 7);
  RunningWindows unknown({cumsum("cuont")});
  CHECK(
      sentence_of([&] { return unknown.add(table_of(std::vector<Sale>{})); }) ==
      "cumsum: there must be a column of that name (got \"cuont\"); did you mean \"count\"? The columns are: "
      "count");
}
