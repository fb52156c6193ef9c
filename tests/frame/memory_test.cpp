// Frames that are larger than the memory of the workers.
#include <catch2/catch.hpp>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

// Runs with 8 MB for results; a file of 7 MB makes about 16 MB of columns.
template <class Body>
void in_little_memory(Body body) {
  ::setenv("WEIR_MEMORY_LIMIT", "8MB", 1);
  std::exception_ptr thrown;
  try {
    in_cluster(body);
  } catch (...) {
    thrown = std::current_exception();
  }
  ::unsetenv("WEIR_MEMORY_LIMIT");
  if (thrown) std::rethrow_exception(thrown);
}

std::string large_csv(std::int64_t rows) {
  std::string text = "id,name,value\n";
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::string id = std::to_string(i * 7919 % rows);
    text += id + ",name of " + id + "," + std::to_string(i % 1000) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("rows that do not fit into memory are grouped, joined and sorted") {
  const Folder folder;
  constexpr std::int64_t rows = 250'000;
  const std::string path = folder.write("large.csv", large_csv(rows));
  in_little_memory([&] {
    const Frame all = read_csv(path, {.block = "500 kB"});
    const Frame groups = all.group_by("name").agg(sum("value"), count(), first("id"));
    CHECK(groups.count_rows() == rows);
    const Table joined = all.merge(groups.drop("count"), "name")
                             .agg(sum("sum_value").as("sums"), sum("value").as("values"), count())
                             .compute();
    CHECK(joined.column("count").int64s()[0] == rows);
    CHECK(joined.column("sums").int64s()[0] == joined.column("values").int64s()[0]);
    const auto paths = all.sort_by("id").to_csv(folder.path("sorted-*.csv"));
    CHECK(paths.size() > 1);
    std::int64_t next = 0;
    for (const std::string& sorted : paths) {
      const Table part = read_csv(sorted).compute();
      for (const std::int64_t id : part.column("id").int64s()) next += id == next;
    }
    CHECK(next == rows);
  });
}

TEST_CASE("the nearest rows of a side that does not fit into memory are those of one that does") {
  const Folder folder;
  std::string quotes = "at,key,quote\n", trades = "at,key,trade\n";
  std::uint64_t dice = 1;
  const auto next = [&](std::uint64_t most) {
    dice = dice * 6364136223846793005 + 1442695040888963407;
    return (dice >> 33) % most;
  };
  const auto line = [&](std::uint64_t most, int i) {
    const std::string at = next(50) ? std::to_string(next(most)) : "";
    return at + "," + (next(40) ? std::string(1, static_cast<char>('a' + next(5))) : "") + "," +
           std::to_string(i) + "\n";
  };
  for (int i = 0; i < 200'000; ++i) quotes += line(90'000, i);
  for (int i = 0; i < 30'000; ++i) trades += line(100'000, i);
  const Frame right = read_csv(folder.write("quotes.csv", quotes), {.block = "200 kB"});
  const Frame left = read_csv(folder.write("trades.csv", trades), {.block = "100 kB"});
  std::vector<MergeAsof> all;
  for (const Near direction : {Near::backward, Near::forward, Near::nearest})
    for (const bool exact : {true, false}) {
      all.push_back({.on = "at", .by = {"key"}, .direction = direction, .exact = exact});
      all.push_back({.on = "at", .direction = direction, .tolerance = "2", .exact = exact});
    }
  std::vector<std::string> expected, found;
  const auto results = [&](std::vector<std::string>& to) {
    for (const MergeAsof& how : all) {
      const Frame joined = left.merge_asof(right, how);
      to.push_back(csv_of(joined.compute()));
      to.push_back(csv_of(joined.agg(sum("quote"), count()).compute()));
    }
  };
  in_cluster([&] { results(expected); });
  in_little_memory([&] { results(found); });
  REQUIRE(expected.size() == found.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK((expected[i] == found[i]));
}

TEST_CASE("files of to_csv appear together, or none does") {
  const Folder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 200; ++i) text += std::to_string(i) + ",x\n";
  const std::string path = folder.write("a.csv", text + "1\n");
  in_cluster([&] {
    const Frame bad = read_csv(path, {.block = "200"});
    const std::string rule = "read_csv: " + path +
                             ":202: a line must have 2 fields (got 1: \"1\"); .on_error = OnError::skip "
                             "leaves such lines out";
    CHECK(sentence_of([&] { return bad.to_csv(folder.path("out-*.csv")); }) == rule);
    CHECK(sentence_of([&] { return bad.to_csv(folder.path("out.csv")); }) == rule);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path(""))) files += entry.exists();
    CHECK(files == 1);
  });
}

TEST_CASE("few rows in many partitions are joined with many rows") {
  constexpr std::int64_t rows = 2000, others = 60'000;
  std::vector<std::int64_t> key(rows), other(others), twice(others);
  for (std::int64_t i = 0; i < rows; ++i) key[static_cast<std::size_t>(i)] = i * 7919 % others;
  for (std::int64_t i = 0; i < others; ++i) {
    other[static_cast<std::size_t>(i)] = i;
    twice[static_cast<std::size_t>(i)] = 2 * i;
  }
  in_cluster([&] {
    const Frame few(Table({"key"}, {make_column(key)}), 1000);
    const Frame many(Table({"key", "twice"}, {make_column(other), make_column(twice)}), 3);
    const Table joined = few.merge(many, "key", Join::left).compute();
    REQUIRE(joined.rows() == rows);
    for (std::size_t i = 0; i < rows; ++i) {
      REQUIRE(joined.column("key").int64s()[i] == key[i]);
      REQUIRE(joined.column("twice").int64s()[i] == 2 * key[i]);
    }
    CHECK(many.merge(few, "key").count_rows() == rows);
    CHECK(few.agg(nunique("key")).compute().column("nunique_key").int64s()[0] == rows);
  });
}

TEST_CASE("a filter is not taken for one of a node that has gone") {
  std::vector<std::int64_t> values;
  for (std::int64_t i = 0; i < 60; ++i) values.push_back(i % 7 - 3);
  in_cluster([&] {
    const Frame rows(Table({"x", "b"}, {make_column(values), make_column(values)}), 2);
    const Frame more = rows.with("a", col("x") * 2).rename({{"x", "y"}});
    const auto is_there = col("b") >= 0;
    CHECK(concat({more, more.filter(is_there)}).filter(!is_there).count_rows() == 27);
    CHECK(concat({more, more.filter(is_there)}).filter(is_there).count_rows() == 66);
  });
}

TEST_CASE("a condition that may fail is asked only of rows that were left") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  in_cluster([&] {
    const Frame left(Table({"k", "v"}, {make_column(std::vector<std::int64_t>{1, 2, 3}),
                                        make_column(std::vector<std::int64_t>{most, 5, -5})}));
    const Frame right(Table({"k"}, {make_column(std::vector<std::int64_t>{2, 3})}));
    CHECK(left.merge(right, "k").filter(col("v") + 1 > 0).count_rows() == 1);
    CHECK(left.merge(right, "k", Join::semi).filter(col("v") * 2 > 0).count_rows() == 1);
    CHECK(left.filter(col("v") < 100).filter(col("v") + 1 > 0).count_rows() == 1);
    CHECK_THROWS_AS(left.filter(col("v") + 1 > 0).count_rows(), Error);
  });
}
