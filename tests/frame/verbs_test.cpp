// Several frames at once, functions of partitions, shuffles, samples, and what windows refuse.
#include <atomic>
#include <catch2/catch.hpp>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

std::atomic<int> partitions_seen{0};

struct Reading {
  std::int64_t k = 0;
  double x = 0;
  std::string t;
};
std::vector<Reading> readings(std::int64_t count) {
  std::vector<Reading> all;
  for (std::int64_t i = 0; i < count; ++i)
    all.push_back({i % 7, static_cast<double>(i * i % 101), "t" + std::to_string(i % 3)});
  return all;
}

struct Mean {
  double total = 0;
  std::int64_t n = 0;
  void add(double x) { total += x, ++n; }
  void remove(double x) { total -= x, --n; }
  void merge(const Mean& other) { total += other.total, n += other.n; }
  [[nodiscard]] double result() const { return total / static_cast<double>(n); }
};

}  // namespace

TEST_CASE("frames that are computed at once share what they have in common") {
  in_cluster([] {
    partitions_seen = 0;
    const Frame seen = from(readings(50), 5).map_partitions([](const Table& table) {
      if (table.rows()) ++partitions_seen;
      return table;
    });
    const auto [sums, all, some] =
        compute(seen.group_by("k").agg(sum("x")), seen.agg(count()), seen.filter(col("k") == 3).select("x"));
    CHECK(partitions_seen == 5);
    CHECK(sums.rows() == 7);
    CHECK(all.column("count").int64s()[0] == 50);
    CHECK(some.rows() == 7);
    CHECK(sums == seen.group_by("k").agg(sum("x")).compute());
    CHECK(compute(std::vector<Frame>{Frame(), seen})[1].rows() == 50);
    const Folder folder;
    const std::string path = folder.write("a.csv", "a,b\n1,2\n3,x\n");
    const Frame file = read_csv(path, {.types = {{"a", ColumnType::int64}}});
    const auto [left, right] = compute(file.select("a"), file.select("b"));
    CHECK(csv_of(left) == "a\n1\n3\n");
    CHECK(csv_of(right) == "b\n2\nx\n");
  });
}

TEST_CASE("partitions become what a function makes of them") {
  in_cluster([] {
    const Frame frame = from(readings(40), 4);
    const Frame counts = frame.map_partitions([](const Table& table) {
      return Table({"rows"},
                   {make_column(std::vector<std::int64_t>{static_cast<std::int64_t>(table.rows())})});
    });
    CHECK(csv_of(counts) == "rows\n10\n10\n10\n10\n");
    CHECK(sentence_of([&] {
            return frame.map_partitions([](const Table& table) -> Table {
              if (table.rows() == 0) throw std::runtime_error("no rows");
              return table;
            });
          }) ==
          "map_partitions: the function must take a table without rows, which says the columns of its "
          "result (it threw: no rows)");
    const std::string said = sentence_of([&] {
      return frame
          .map_partitions(
              [](const Table& table) { return table.rows() ? Table({"z"}, {table.column("k")}) : table; })
          .compute();
    });
    CHECK(
        said.find("map_partitions: every partition must become a table of the same columns (got z int64, of "
                  "no rows it made k int64, x float64, t text)") != std::string::npos);
    // Equal keys are in one partition: each is seen once.
    const Frame keys = frame.shuffle({"k"}, 3).map_partitions([](const Table& table) {
      std::vector<std::int64_t> different;
      for (const std::int64_t k : table.column("k").int64s())
        if (std::find(different.begin(), different.end(), k) == different.end()) different.push_back(k);
      return Table({"k"}, {make_column(different)});
    });
    CHECK(keys.count_rows() == 7);
    const Frame many = from(readings(2000), 4);
    const Table chosen = many.sample(0.25, 3).compute();
    CHECK(chosen.rows() > 400);
    CHECK(chosen.rows() < 600);
    CHECK(chosen == many.sample(0.25, 3).compute());
    CHECK_FALSE(chosen == many.sample(0.25, 4).compute());
    std::vector<std::int64_t> numbers(600'000);
    for (std::size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = static_cast<std::int64_t>(i * i * 7919 % 1009);
    const Frame rows(Table({"k", "x"}, {make_column(numbers), make_column(numbers)}), 8);
    CHECK(rows.group_by("k").agg(median("x"), nunique("x")).compute() ==
          rows.group_by("k").agg(median("x"), nunique("x")).sort_by("k").compute());
    CHECK(frame.shuffle("k", 3).drop_duplicates("k").dropna("x").count_rows() ==
          frame.shuffle({"k"}).drop_duplicates({"k"}).dropna({"x"}).count_rows());
    CHECK(csv_of(frame.limit(1).assign({{"k", col("k") + 1}, {"y", col("k") * 2}})) ==
          "k,x,t,y\n1,0.0,t0,0\n");
  });
}

TEST_CASE("own aggregations are grouped, merged and rolled; what is wrong is named") {
  in_cluster([] {
    const Frame frame = from(readings(60), 6);
    const Table ours = frame.group_by("k").agg(aggregate<Mean>("x").as("m"), mean("x")).compute();
    CHECK(ours.column("m") == ours.column("mean_x"));
    const Table rolled =
        frame.with(rolling(4, aggregate<Mean>("x")).as("m"), rolling(4, mean("x"))).compute();
    CHECK(rolled.column("m").na_count() == 3);
    CHECK(rolled.column("m") == rolled.column("rolling_mean_x"));
    CHECK(sentence_of([&] { return frame.group_by("k").agg(aggregate<Mean>("t")); }) ==
          "aggregate: add must take the values of its column (got text from t, add takes float64); astype "
          "converts them");
    CHECK(sentence_of([&] { return frame.with(cumsum("t")); }) ==
          "cumsum: the values must be numbers (got text of \"t\"); astype converts them");
    CHECK(sentence_of([&] {
            return frame.with(shift("y"));
          }).starts_with("shift: there must be a column of that name (got \"y\"); the columns are"));
    CHECK(sentence_of([] { return rolling(0, mean("x")); }) == "rolling: rows must be at least 1 (got 0)");
    CHECK(sentence_of([] { return rolling(-1, mean("x")); }) ==
          "rolling: rows must be at least 1 (got -1); expanding takes all rows so far");
    CHECK(sentence_of([&] { return frame.head(-1); }) == "head: rows must be at least 0 (got -1)");
    CHECK(sentence_of([&] { return frame.tail(-2); }) == "tail: rows must be at least 0 (got -2)");
    CHECK(sentence_of([&] { return frame.limit(-1); }) == "limit: rows must be at least 0 (got -1)");
    CHECK(sentence_of([&] { return frame.nlargest(-1, "x"); }) ==
          "nlargest: rows must be at least 0 (got -1)");
    CHECK(sentence_of([&] { return frame.group_by("k").nsmallest(-3, "x"); }) ==
          "nsmallest: rows must be at least 0 (got -3)");
    CHECK(frame.head(0).rows() == 0);
    CHECK(sentence_of([&] { return frame.with(rolling("5s", "k", mean("x"))); }) ==
          "rolling: a window of time needs a column of dates or times (got int64 of \"k\"); astype converts "
          "it");
    CHECK(sentence_of([&] { return frame.resample("1h", "x"); }) ==
          "resample: the column must be of dates or times (got float64 of \"x\"); astype converts it");
    const Folder dates;
    const Frame months =
        read_csv(dates.write("m.csv", "d,x\n1969-11-30,1\n1970-01-31,2\n1969-12-01,3\n1970-02-01 12:30,4\n"));
    CHECK(months.resample("2mo", "d").agg(sum("x")).compute().show() ==
          "                  d  sum_x\n           datetime  int64\n1969-11-01 00:00:00      4\n"
          "1970-01-01 00:00:00      6\n");
    CHECK(
        months.resample("1mo", "d").agg(count()).compute().show().ends_with("1970-02-01 00:00:00      1\n"));
    CHECK(months.resample("1y", "d").agg(max("x")).compute().rows() == 2);
    CHECK(months.resample("2mo", "d").agg(first("d"), max("d"), nunique("d")).compute().show() ==
          "                  d              first_d                max_d  nunique_d\n"
          "           datetime             datetime             datetime      int64\n"
          "1969-11-01 00:00:00  1969-11-30 00:00:00  1969-12-01 00:00:00          2\n"
          "1970-01-01 00:00:00  1970-01-31 00:00:00  1970-02-01 12:30:00          2\n");
    for (const char* step : {"2mo", "1y", "36h"}) {
      const Table none = months.filter(col("x") > 9).resample(step, "d").agg(sum("x")).compute();
      CHECK(none.schema()[0].type == ColumnType::datetime);
      CHECK(none.rows() == 0);
    }
    const Frame ages = read_csv(dates.write("old.csv", "d,x\n1582-10-15,1\n1990-01-31,2\n2262-04-30,3\n"));
    CHECK(ages.filter(col("x") > 1).resample("1mo", "d").agg(count()).compute().rows() == 3268);
    const std::string old = sentence_of([&] { return ages.with(rolling("2d", "d", sum("x"))).compute(); });
    CHECK(old.find("rolling: days must be of 1677-09-22 to 2262-04-11 in a window of time (got 1582-10-15") !=
          std::string::npos);
    const Frame five(Table({"x"}, {make_column(std::vector<std::int64_t>{1, 2, 3, 4, 5})}), 3);
    CHECK(five.with(rolling(INT64_MAX, sum("x")).at_least(1).as("s"))
              .compute()
              .column("s")
              .to<std::int64_t>() == std::vector<std::int64_t>{1, 3, 6, 10, 15});
    for (const char* step : {"1mo", "5y"})
      CHECK(sentence_of([&] {
              return ages.resample(step, "d").agg(count()).compute();
            }).find("months and years must begin from 1677-10 to 2262-04 (got 15") != std::string::npos);
    CHECK(sentence_of([&] { return months.resample("0mo", "d"); }) ==
          "resample: a step must be 1 to 12000 months or years (got \"0mo\")");
    CHECK(sentence_of([&] { return frame.merge_asof(frame, {.on = "t"}); }) ==
          "merge_asof: on must be a column of numbers, days or times (got text of \"t\")");
    const Frame days = read_csv(dates.write("d.csv", "d,x\n2015-01-02,1\n2015-01-01,2\n"));
    const std::string falls = sentence_of([&] { return days.with(rolling("2d", "d", sum("x"))).compute(); });
    CHECK(falls.find("rolling: rows must be in order of their time") != std::string::npos);
  });
}

TEST_CASE("the nearest of times that are nanoseconds apart is found") {
  const Folder folder;
  const std::string left = folder.write("left.csv", "at,n\n2015-03-01 10:00:00.000000100,1\n");
  const std::string right = folder.write(
      "right.csv", "at,q\n2015-03-01 10:00:00.000000001,early\n2015-03-01 10:00:00.000000102,late\n");
  in_cluster([&] {
    CHECK(csv_of(read_csv(left)
                     .merge_asof(read_csv(right), {.on = "at", .direction = Near::nearest})
                     .select("q")) == "q\nlate\n");
  });
}

TEST_CASE("many small partitions give what one gives, and come out as few") {
  in_cluster([] {
    std::vector<std::int64_t> keys, places;
    std::vector<double> values;
    for (std::int64_t i = 0; i < 600'000; ++i) {
      keys.push_back(i * 7919 % 300'007);
      values.push_back(0.25 * static_cast<double>(i % 1000));
      places.push_back(i);
    }
    const Table rows({"key", "x", "place"}, {make_column(keys), make_column(values), make_column(places)});
    const Frame small(rows, 2500), one(rows, 1);
    const auto in_order = [](const Frame& frame) { return frame.sort_by({"key", "place"}); };
    CHECK(small.sort_by("key").compute() == one.sort_by("key").compute());  // equal keys keep their order
    CHECK(small.sort_by("key").to_futures().size() > 1);
    CHECK(small.sort_by("key").to_futures().size() < 50);
    CHECK(in_order(small.drop_duplicates({"key"})).compute() ==
          in_order(one.drop_duplicates({"key"})).compute());
    CHECK(in_order(small.shuffle({"key"})).compute() == in_order(one).compute());
    for (const Aggregate& last : {first("place").as("place"), nunique("place").as("place")})
      CHECK(small.group_by("key").agg(sum("x"), last).sort_by("key").compute() ==
            one.group_by("key").agg(sum("x"), last).sort_by("key").compute());
  });
}

TEST_CASE("a name that sorts twice decides once, and a product of no values is 1") {
  const Folder folder;
  in_cluster([&] {
    const Frame rows(Table({"k", "v"}, {make_column(std::vector<std::int64_t>{2, 1, 2, 1}),
                                        make_column(std::vector<double>{1, 2, 3, 4})}),
                     3);
    CHECK(rows.sort_by({"k", "k"}).compute() == rows.sort_by("k").compute());
    CHECK(rows.sort_by({"k", "v", "k"}, {ascending, descending, descending}).compute() ==
          rows.sort_by({"k", "v"}, {ascending, descending}).compute());
    CHECK(rows.sort_by({"v", "v"}).limit(2).compute() == rows.sort_by("v").limit(2).compute());
    const Frame times =
        read_csv(folder.write("t.csv", "t,i,x\n2015-01-01,2,0.5\n2015-01-01,3,4\n2015-01-03,5,3\n"));
    CHECK(csv_of(times.resample("1d", "t").agg(product("i"), product("x"), max("i"))) ==
          "t,product_i,product_x,max_i\n2015-01-01 00:00:00,6,2.0,3\n2015-01-02 00:00:00,1,1.0,\n"
          "2015-01-03 00:00:00,5,3.0,5\n");
  });
}

TEST_CASE("the values of a column called count are counted") {
  in_cluster([] {
    const Frame rows(Table({"count", "x"}, {make_column(std::vector<std::int64_t>{2, 1, 2}),
                                            make_column(std::vector<double>{1, 2, 3})}));
    CHECK(csv_of(rows.value_counts("count")) == "count,count_count\n2,2\n1,1\n");
    CHECK(csv_of(rows.value_counts("x")) == "x,count\n1.0,1\n2.0,1\n3.0,1\n");
  });
}

TEST_CASE("the last rows are those of the last partitions that have any") {
  const Folder folder;
  in_cluster([&] {
    std::string text = "a,b\n";
    for (int i = 0; i < 100; ++i) text += std::to_string(i) + ",\"x\ny\"\n";
    const Frame file = read_csv(folder.write("a.csv", text), {.block = "60"});
    const Table all = file.compute();
    for (const Frame& frame : {file, Frame(all, 7), file.persist(), concat({file.limit(3), file})})
      for (const std::size_t n : {0, 1, 3, 50, 99, 100, 200}) {
        const Table whole = frame.compute();
        const std::size_t taken = std::min<std::size_t>(n, whole.rows());
        CHECK(frame.tail(n) == whole.slice(whole.rows() - taken, taken));
      }
    CHECK(file.filter(col("a") < 3).tail(2) == all.slice(1, 2));
    CHECK(file.filter(col("a") > 300).tail(2) == all.slice(0, 0));
    CHECK(file.sort_by("a", descending).tail(1) == all.slice(0, 1));
    file.to_parquet(folder.path("a.parquet"));
    CHECK(read_parquet(folder.path("a.parquet")).filter(col("a") < 60).tail(3) == all.slice(57, 3));
    CHECK(Frame().tail(3).rows() == 0);
  });
}

TEST_CASE("frames that are put together one by one are as those put together at once") {
  in_cluster([] {
    const auto row = [](std::int64_t n) {
      return Frame(Table({"n"}, {make_column(std::vector<std::int64_t>{n})}));
    };
    Frame all;
    std::vector<Frame> parts;
    for (std::int64_t i = 0; i < 300; ++i) {
      all = concat({all, row(i)});
      parts.push_back(row(i));
    }
    CHECK(all.compute() == concat(parts).compute());
    CHECK(all.show().find("concat of 300") != std::string::npos);
    const Frame wide = concat({all, Frame(Table({"n"}, {make_column(std::vector<double>{0.5})}))});
    CHECK(wide.compute().column("n").float64s()[300] == 0.5);
    CHECK(wide.filter(col("n") > 298).compute().rows() == 1);
    CHECK(concat({wide, row(7), wide}).count_rows() == 603);
    CHECK(concat({Frame(), Frame()}).compute().rows() == 0);
    CHECK(concat({all, all}).count_rows() == 600);
  });
}

TEST_CASE("terms and plans that are too deep are refused with a sentence") {
  in_cluster([] {
    const Frame rows(Table({"x"}, {make_column(std::vector<double>{1})}));
    Expression sum = col("x");
    const std::string said = sentence_of([&] {
      for (int i = 0; i < 100'000; ++i) sum = sum + 1;
      return sum;
    });
    CHECK(said.starts_with("expression: operations must be nested at most 5000 times (got one more)"));
    CHECK(rows.with("y", sum).compute().column("y").float64s()[0] == 5001);
    Frame deep = rows;
    CHECK(sentence_of([&] {
            for (int i = 0; i < 100'000; ++i) deep = deep.with("x", col("x") + 1);
            return deep;
          }).starts_with("frame: a plan must be at most 2000 verbs deep (got one more)"));
    CHECK(deep.compute().column("x").float64s()[0] == 2001);
    CHECK(deep.persist().with("x", col("x") + 1).compute().column("x").float64s()[0] == 2002);
  });
}

TEST_CASE("whether values are missing, aggregations of all rows so far, and columns of days and times") {
  in_cluster([] {
    using namespace std::chrono;
    const sys_days day = 2015y / 3 / 2;
    const sys_time<nanoseconds> time = day + 5h + 7ns;
    const Frame rows(Table({"x", "d", "t"},
                           {make_column(std::vector<std::optional<double>>{1, {}, 3}),
                            make_column(std::vector<sys_days>{day, day + days(1), day}),
                            make_column(std::vector<std::optional<sys_time<nanoseconds>>>{time, {}, time})}),
                     2);
    CHECK(rows.schema()[1].type == ColumnType::date);
    CHECK(rows.compute().column("d").to<sys_days>()[1] == day + days(1));
    CHECK(rows.compute().column("t").to<std::optional<sys_time<nanoseconds>>>()[2] == time);
    CHECK(csv_of(rows.isna()) == "x,d,t\nfalse,false,false\ntrue,false,true\nfalse,false,false\n");
    CHECK(csv_of(rows.with(expanding(mean("x")), expanding(count("x")), expanding(max("d")).as("latest"))
                     .drop("d", "t")) ==
          "x,expanding_mean_x,expanding_count_x,latest\n1.0,1.0,1,2015-03-02\n,1.0,1,2015-03-03\n"
          "3.0,2.0,2,2015-03-03\n");
    const Frame next = rows.with("next", [](sys_days d) { return d + days(1); }, {"d"})
                           .with("begin",
                                 [](std::optional<sys_time<nanoseconds>> t) {
                                   return t ? std::optional(sys_time<nanoseconds>(floor<hours>(*t))) : t;
                                 },
                                 {"t"});
    CHECK(next.schema()[3].type == ColumnType::date);
    CHECK(next.compute().column("next").to<sys_days>()[0] == day + days(1));
    CHECK(next.compute().column("begin").to<std::optional<sys_time<nanoseconds>>>()[2] == day + 5h);
  });
}
