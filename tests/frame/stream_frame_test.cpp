// Frames of streams beside the frames of all their rows.
#include <catch2/catch.hpp>

#include "frame/support.hpp"
#include "weir/bridge/stream_frame.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Sample {
  std::string sensor;
  std::chrono::sys_time<std::chrono::nanoseconds> when;
  std::optional<double> value;
  std::int64_t count = 0;
};
struct Spot {
  std::string sensor, room;
};

std::vector<Sample> samples(int count) {
  std::vector<Sample> all;
  for (int i = 0; i < count; ++i)
    all.push_back(
        {std::string(1, static_cast<char>('a' + i * i % 5 % 3)),
         std::chrono::sys_days{std::chrono::year{2020} / 2 / 28} + std::chrono::milliseconds(700 * i),
         i % 7 == 3 ? std::nullopt : std::optional(0.5 * (i * 37 % 41)), i * 11 % 13});
  return all;
}

}  // namespace

TEST_CASE("groups and windows of a frame of a stream are those of all its rows, however they come") {
  in_cluster([] {
    const std::vector<Sample> all = samples(100);
    const Frame whole = from(all, 3).filter(col("count") > 1).with("twice", col("value") * 2);
    const std::size_t batch = GENERATE(1, 7, 1000);
    Stream<Sample> source;
    const StreamFrame frame =
        to_frame(source, batch).filter(col("count") > 1).with("twice", col("value") * 2);
    CHECK(frame.schema() == whole.schema());
    Table groups, one, rolled;
    std::vector<Table> batches, windows;
    frame.sink([&](const Table& rows) { batches.push_back(rows); });
    frame.group_by("sensor").agg(mean("twice"), max("count"), count()).sink([&](const Table& table) {
      groups = table;
    });
    frame.agg(std::vector<Aggregate>{sum("count"), min("when")}).sink([&](const Table& table) {
      one = table;
    });
    const StreamFrame further = frame.with(cumsum("count"), rolling(5, mean("value")).at_least(1));
    further.drop("when").sink([&](const Table& table) { windows.push_back(table); });
    for (const Sample& sample : all) source.emit(sample);
    source.close();
    CHECK(batches.size() == (100 + batch - 1) / batch);
    const auto joined = [](const std::vector<Table>& tables) {
      return concat(std::vector<Frame>(tables.begin(), tables.end())).compute();
    };
    CHECK(difference(joined(batches), whole.compute()) == "");
    CHECK(difference(groups, whole.group_by("sensor").agg(mean("twice"), max("count"), count()).compute()) ==
          "");
    CHECK(difference(one, whole.agg(sum("count"), min("when")).compute()) == "");
    CHECK(difference(
              joined(windows),
              whole.with(cumsum("count"), rolling(5, mean("value")).at_least(1)).drop("when").compute()) ==
          "");
  });
}

TEST_CASE("windows of a frame of a stream hold its last rows, and verbs behind agg see each result") {
  in_cluster([] {
    const std::vector<Sample> all = samples(60);
    Stream<std::vector<Sample>> source;
    const StreamFrame frame = to_frame(source);
    Table last, recent, best;
    frame.window(10).group_by("sensor").agg(median("value"), nunique("count")).sink([&](const Table& table) {
      last = table;
    });
    frame.window("5s", "when").agg(max("value")).sink([&](const Table& table) { recent = table; });
    frame.group_by("sensor")
        .agg(sum("count"))
        .filter(col("sum_count") > 1)
        .each([](const Frame& result) { return result.sort_by("sum_count", descending).limit(1); })
        .with("share", col("sum_count") / 100.0)
        .sink([&](const Table& table) { best = table; });
    for (std::size_t i = 0; i < all.size(); i += 6)
      source.emit(std::vector<Sample>(all.begin() + static_cast<std::ptrdiff_t>(i),
                                      all.begin() + static_cast<std::ptrdiff_t>(i + 6)));
    const Frame whole = from(all);
    CHECK(difference(
              last,
              Frame(whole.tail(10)).group_by("sensor").agg(median("value"), nunique("count")).compute()) ==
          "");
    CHECK(difference(recent, Frame(whole.tail(8)).agg(max("value")).compute()) == "");
    CHECK(difference(best, whole.group_by("sensor")
                               .agg(sum("count"))
                               .sort_by("sum_count", descending)
                               .limit(1)
                               .with("share", col("sum_count") / 100.0)
                               .compute()) == "");
  });
}

TEST_CASE("a frame of a stream joins frames, gives rows and takes tables") {
  in_cluster([] {
    const Frame spots = from(std::vector<Spot>{{"a", "hall"}, {"c", "roof"}});
    const Table example = table_of(samples(2));
    Stream<Table> source;
    const StreamFrame frame = to_frame(source, example);
    const auto rooms = frame.merge(spots, "sensor").select("sensor", "room").rows<Spot>().sink_to_list();
    const auto pairs = frame.rename({{"count", "n"}})
                           .dropna({"value"})
                           .fillna("value", 0)
                           .assign({{"n", col("n") + 1}})
                           .astype("n", ColumnType::float64)
                           .filter([](double n) { return n > 3; }, {"n"})
                           .with("m", [](double n) { return n / 2; }, {"n"})
                           .tables()
                           .sink_to_list();
    source.emit(table_of(samples(9)));
    CHECK(rooms.values().size() ==
          static_cast<std::size_t>(from(samples(9)).merge(spots, "sensor").count_rows()));
    CHECK(rooms.values().front().room == "hall");
    REQUIRE(pairs.values().size() == 1);
    CHECK(to_text(pairs.values().front().schema()) ==
          "sensor text, when datetime, value float64, n float64, m float64");
  });
}

TEST_CASE("frames are members of streams of rows, of lists of them and of tables") {
  in_cluster([] {
    Stream<Spot> source;
    std::vector<std::size_t> rows;
    const auto keep = [&](const Table& table) { rows.push_back(table.rows()); };
    source.to_frame().sink(keep);
    source.to_frame<Spot>(3).sink(keep);
    source.to_frame(2, "1h").sink(keep);
    const auto lists = source.partition(3);
    lists.to_frame<Spot>().sink(keep);
    lists.map([](const std::vector<Spot>& spots) { return table_of(spots); })
        .to_frame(table_of(std::vector<Spot>{}))
        .filter(col("room") == "x")
        .sink(keep);
    for (int i = 0; i < 3; ++i) source.emit({"a", i ? "x" : "y"});
    source.close();
    std::sort(rows.begin(), rows.end());
    CHECK(rows == std::vector<std::size_t>{1, 1, 1, 1, 2, 2, 3, 3});
  });
}

TEST_CASE("a frame of a stream goes on behind a batch that failed as if it had not come") {
  struct Number {
    std::string k;
    std::int64_t n;
  };
  in_cluster([] {
    const auto run = [](bool has_bad) {
      Stream<Number> source;
      const StreamFrame frame = source.to_frame();
      std::string said;
      const auto keep = [&](const Table& table) { said += csv_of(table); };
      frame.with(cumsum("n").as("c"), rolling(2, sum("n")).at_least(1).as("r")).sink(keep);
      frame.with("m", col("n") + 1).group_by("k").agg(sum("n").as("s"), count(), weir::max("m")).sink(keep);
      source.emit({"a", 5});
      source.emit({"b", 6});
      if (has_bad)
        CHECK(sentence_of([&] {
                source.emit({"a", INT64_MAX});
              }).find("must be a 64-bit") != std::string::npos);
      said.clear();
      source.emit({"a", -1});
      return said;
    };
    CHECK(run(false) == "k,n,c,r\na,-1,10,5\nk,s,count,max_m\na,4,2,6\nb,6,1,7\n");
    CHECK(run(true) == run(false));
  });
}

TEST_CASE("what a frame of a stream cannot do it says at the verb") {
  in_cluster([] {
    Stream<Sample> source;
    const StreamFrame frame = to_frame(source);
    CHECK(sentence_of([&] { return frame.filter(col("valeu") > 1); }).find("did you mean \"value\"") !=
          std::string::npos);
    CHECK(sentence_of([&] { return frame.group_by("sensor").agg(mean("sensor")); }).find("sensor") !=
          std::string::npos);
    CHECK(sentence_of([&] { return frame.group_by("sensor").agg(median("value")); }).find("median") !=
          std::string::npos);
    CHECK(sentence_of([&] { return frame.window("5s", "value").agg(count()); }).find("value") !=
          std::string::npos);
    CHECK(sentence_of([&] { return frame.window(0); }) == "window: rows must be at least 1 (got 0)");
    CHECK(sentence_of([&] { return frame.with(shift("value", -1)); }).find("shift") != std::string::npos);
    CHECK(sentence_of([&] { return frame.agg(count()).window(3); }).starts_with("window: must be of rows"));
    CHECK(sentence_of([&] { return frame.rows<Spot>(); }).find("room") != std::string::npos);
    CHECK(sentence_of([&] { return frame.sink_to_points("a.txt"); }) ==
          "sink_to_points: the file must be called .json, .jsonl or .csv (got 'a.txt')");
    CHECK(sentence_of([&] { return to_frame(source, 0); }).find("partition") != std::string::npos);
  });
}

TEST_CASE("points for plots are a file of the last rows that is whole at any time") {
  in_cluster([] {
    const Folder folder;
    struct Point {
      std::string name;
      std::chrono::sys_time<std::chrono::nanoseconds> when;
      std::optional<double> y;
      bool is_set = false;
    };
    Stream<Point> source;
    const StreamFrame frame = to_frame(source, 2);
    frame.sink_to_points(folder.path("p.json"), {.last = 3, .every = "1ms"});
    frame.sink_to_points(folder.path("p.jsonl"), {.last = 1});
    frame.group_by("name").agg(sum("y")).sink_to_points(folder.path("p.csv"), {.every = "1ms"});
    const std::chrono::sys_time<std::chrono::nanoseconds> day{
        std::chrono::sys_days{std::chrono::year{2015} / 3 / 1}};
    for (int i = 0; i < 5; ++i)
      source.emit({i == 3 ? "q\"\n\xff" : "p", day + std::chrono::milliseconds(1500 * i),
                   i == 2   ? std::nullopt
                   : i == 3 ? std::optional(std::nan(""))
                            : std::optional(i / 2.0),
                   i % 2 == 0});
    source.close();
    CHECK(text_of(folder.path("p.json")) ==
          "[{\"name\":\"p\",\"when\":\"2015-03-01T00:00:03Z\",\"y\":null,\"is_set\":true},\n"
          " {\"name\":\"q\\\"\\n\xEF\xBF\xBD\",\"when\":\"2015-03-01T00:00:04.5Z\",\"y\":null,\"is_set\":"
          "false},\n"
          " {\"name\":\"p\",\"when\":\"2015-03-01T00:00:06Z\",\"y\":2.0,\"is_set\":true}]\n");
    CHECK(text_of(folder.path("p.jsonl")) ==
          "{\"name\":\"p\",\"when\":\"2015-03-01T00:00:06Z\",\"y\":2.0,\"is_set\":true}\n");
    CHECK(text_of(folder.path("p.csv")).starts_with("name,sum_y\np,2.5\n"));
  });
}
