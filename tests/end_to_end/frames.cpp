// Frames on threads and on ranks: columns travel between processes, in blocks and as bytes.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "support/cluster_main.hpp"
#include "weir/frame.hpp"

using namespace weir;
using namespace weir::test;

namespace {

struct Reading {
  std::string sensor;
  std::optional<std::int64_t> value;
};

std::vector<Reading> readings(std::int64_t count) {
  std::vector<Reading> rows;
  for (std::int64_t i = 0; i < count; ++i)
    rows.push_back({"s" + std::to_string(i % 7), i % 10 ? std::optional(i) : std::nullopt});
  return rows;
}

}  // namespace

TEST_CASE("columns of every kind travel as they are") {
  const Frame all = from(readings(50'000), 4);
  const Table back = all.persist().compute();
  CHECK(back == Table({"sensor", "value"}, {all.compute().column("sensor"), all.compute().column("value")}));
  CHECK(back.rows() == 50'000);
  CHECK(back.column("value").na_count() == 5'000);
  CHECK(back.column("sensor").text(49'999) == "s" + std::to_string(49'999 % 7));
}

TEST_CASE("files are read, grouped, joined and written by all workers") {
  const std::string folder =
      std::filesystem::temp_directory_path() / ("weir_frames_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  from(readings(100'000), 3).to_csv(folder + "/in-*.csv");
  const Frame all = read_csv(folder + "/in-*.csv", {.block = "100 kB"});
  struct Row {
    std::string sensor;
    std::int64_t sum_value, count;
  };
  std::int64_t rows = 0, sum = 0;
  for (const Row& row : all.group_by("sensor").agg(weir::sum("value"), count()).collect<Row>()) {
    rows += row.count;
    sum += row.sum_value;
  }
  CHECK(rows == 100'000);
  CHECK(sum == 100'000LL * 99'999 / 2 - 10LL * 10'000 * 9'999 / 2);
  const Frame doubled = all.with("twice", [](std::int64_t value) { return 2 * value; }, {"value"});
  CHECK(doubled.merge(all.agg(max("value").as("value")), "value").compute().column("twice").int64s()[0] ==
        2 * 99'999);
  CHECK(all.sort_by("value", descending).head(1).column("value").int64s()[0] == 99'999);
  CHECK(
      message_of([&] { static_cast<void>(all.filter(col("valeu") > 1)); }) ==
      "filter: there must be a column of that name (got \"valeu\"); did you mean \"value\"? The columns are: "
      "sensor, value");
  std::filesystem::remove_all(folder);
}
