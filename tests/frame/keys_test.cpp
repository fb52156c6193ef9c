// Rows with equal keys, whatever these are: short texts and integers, which are compared as words, and all
// others; beside the plainest way to find them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "frame/support.hpp"

using namespace weir;
using namespace weir::test;

namespace {

// Few values of a column, each many times; `length` is that of the longest text.
Column column_of(ColumnType type, std::size_t rows, std::size_t length, bool has_missing,
                 std::uint64_t seed) {
  std::vector<std::optional<std::string>> texts;
  std::vector<std::optional<std::int64_t>> integers;
  std::vector<std::optional<double>> reals;
  for (std::size_t i = 0; i < rows; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const auto value = static_cast<std::int64_t>((seed >> 33) % 23);
    const bool is_missing = has_missing && value == 7;
    // Texts of all lengths that differ only in how many zeros they end with, too.
    std::string text = std::string(static_cast<std::size_t>(value) % (length + 1), '\0');
    if (value % 3 == 0 && !text.empty()) text.front() = static_cast<char>('a' + value);
    texts.push_back(is_missing ? std::nullopt : std::optional(text));
    integers.push_back(is_missing ? std::nullopt : std::optional(value - 11));
    reals.push_back(is_missing ? std::nullopt
                               : std::optional(value % 2 ? -0.0 : static_cast<double>(value / 4)));
  }
  if (type == ColumnType::text) return make_column(texts);
  return type == ColumnType::int64 ? make_column(integers) : make_column(reals);
}

std::string key_of(const std::vector<Column>& keys, std::size_t row) {
  std::string key;
  for (const Column& column : keys) {
    if (column.is_na(row)) key += "missing";
    else if (column.type() == ColumnType::text)
      key += std::to_string(column.text(row).size()) + ":" + std::string(column.text(row));
    else if (column.type() == ColumnType::float64) key += std::to_string(column.float64s()[row] + 0.0);
    else key += column.show(row);
    key += '|';
  }
  return key;
}

}  // namespace

TEST_CASE("equal keys are found whatever their types, lengths and number") {
  in_cluster([] {
    using enum ColumnType;
    struct Case {
      std::vector<ColumnType> types;
      std::size_t length = 3;
      bool has_missing = false;
    };
    const Case cases[] = {{{int64}},
                          {{text}, 7},
                          {{text}, 8},
                          {{text}, 15},
                          {{text}, 22},
                          {{text}, 31},
                          {{text}, 40},
                          {{float64}},
                          {{text}, 7, true},
                          {{int64, text}, 7},
                          {{text, float64, int64}, 7},
                          {{text, text, int64}, 15},
                          {{int64, int64}, 3, true}};
    for (const Case& one : cases) {
      const std::size_t left_rows = 700, right_rows = 90;
      std::vector<Column> left, right;
      std::vector<std::string> names;
      for (std::size_t k = 0; k < one.types.size(); ++k) {
        left.push_back(column_of(one.types[k], left_rows, one.length, one.has_missing, k + 1));
        right.push_back(column_of(one.types[k], right_rows, one.length > 3 ? one.length - 2 : 3,
                                  one.has_missing, k + 50));
        names.push_back("k" + std::to_string(k));
      }
      std::map<std::string, std::int64_t> left_count, right_count;
      for (std::size_t i = 0; i < left_rows; ++i) ++left_count[key_of(left, i)];
      for (std::size_t i = 0; i < right_rows; ++i) ++right_count[key_of(right, i)];
      std::int64_t pairs = 0, partnerless = 0;
      for (const auto& [key, count] : left_count) {
        const auto found =
            key.find("missing") == std::string::npos ? right_count.find(key) : right_count.end();
        if (found == right_count.end()) partnerless += count;
        else pairs += count * found->second;
      }
      INFO(names.size() << " keys of at most " << one.length << " letters");
      const Frame a(Table(names, left)), b(Table(names, right));
      CHECK(a.group_by(names).keep_missing().agg(count()).compute().rows() == left_count.size());
      CHECK(a.merge(b, Merge{.on = names}).count_rows() == pairs);
      CHECK(a.merge(b, Merge{.on = names, .how = Join::left}).count_rows() == pairs + partnerless);
      CHECK(a.merge(b, Merge{.on = names, .how = Join::anti}).count_rows() == partnerless);
    }
  });
}

TEST_CASE("integer keys are grouped alike whether they are close together or far apart") {
  in_cluster([] {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
    const std::vector<std::vector<std::int64_t>> cases = {{5, 3, 4},
                                                          {-1, 0, 1},
                                                          {least, least + 1, least + 65'535},
                                                          {greatest, greatest - 2, greatest - 65'536},
                                                          {least, 0, greatest},
                                                          {least, greatest}};
    for (const auto& keys : cases) {
      std::vector<std::int64_t> key, value;
      std::map<std::int64_t, std::int64_t> expected;
      for (std::size_t i = 0; i < 1000; ++i) {
        key.push_back(keys[i * i % keys.size()]);
        value.push_back(static_cast<std::int64_t>(i));
        expected[key.back()] += value.back();
      }
      const Frame rows(Table({"k", "v"}, {make_column(key), make_column(value)}), 2);
      const Table sums = rows.group_by("k").agg(sum("v")).compute();
      std::map<std::int64_t, std::int64_t> found;
      for (std::size_t i = 0; i < sums.rows(); ++i)
        found[sums.column("k").int64s()[i]] = sums.column("sum_v").int64s()[i];
      CHECK(found == expected);
    }
  });
}

TEST_CASE("integer keys are joined alike whether they are close together or far apart, once or often") {
  in_cluster([] {
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
    const std::vector<std::vector<std::int64_t>> cases = {{5, 3, 4, 9, 8, 7, 6},
                                                          {least, least + 1, least + 65'535},
                                                          {greatest, greatest - 2, greatest - 65'536},
                                                          {least, 0, greatest}};
    for (const auto& keys : cases)
      for (const std::size_t times : {1, 3}) {
        std::vector<std::int64_t> left, right, expected, without, places(50);
        for (std::size_t i = 0; i < places.size(); ++i)
          left.push_back(i % 5 ? keys[i * i % keys.size()] : 77);
        for (std::size_t i = 0; i < times * (keys.size() - 1); ++i)
          right.push_back(keys[i % (keys.size() - 1)]);
        std::iota(places.begin(), places.end(), 0);
        for (std::size_t i = 0; i < left.size(); ++i) {
          const std::size_t before = expected.size();
          for (std::size_t j = 0; j < right.size(); ++j)
            if (left[i] == right[j]) expected.push_back(static_cast<std::int64_t>(1000 * i + j));
          if (before == expected.size()) without.push_back(static_cast<std::int64_t>(i));
        }
        std::vector<std::int64_t> others(right.size());
        std::iota(others.begin(), others.end(), 0);
        const Frame a(Table({"k", "i"}, {make_column(left), make_column(places)}));
        const Frame b(Table({"k", "j"}, {make_column(right), make_column(others)}));
        const Table inner = a.merge(b, "k").with("pair", col("i") * 1000 + col("j")).compute();
        CHECK(std::ranges::equal(inner.column("pair").int64s(), expected));
        const Table anti = a.merge(b, "k", Join::anti).compute();
        CHECK(std::ranges::equal(anti.column("i").int64s(), without));
        CHECK(a.merge(b, "k", Join::left).count_rows() == std::ssize(expected) + std::ssize(without));
        const std::set<std::int64_t> known(left.begin(), left.end());
        const auto alone =
            std::ranges::count_if(right, [&](std::int64_t key) { return !known.contains(key); });
        CHECK(a.merge(b, "k", Join::right).count_rows() == std::ssize(expected) + alone);
      }
  });
}

TEST_CASE("the first rows of each group are those of its order, equal ones as they were") {
  in_cluster([] {
    const Column group = column_of(ColumnType::int64, 500, 3, true, 3);
    for (const ColumnType type : {ColumnType::int64, ColumnType::float64, ColumnType::text}) {
      const Column value = column_of(type, 500, 12, true, 9);
      std::vector<std::int64_t> places(500);
      std::iota(places.begin(), places.end(), 0);
      const Frame frame(Table({"g", "v", "i"}, {group, value, make_column(places)}), 3);
      for (const bool is_descending : {true, false}) {
        const Table sorted = frame.sort_by("v", is_descending ? descending : ascending).compute();
        std::map<std::string, std::vector<std::string>> expected, found;
        for (std::size_t i = 0; i < sorted.rows(); ++i)
          if (auto& of = expected[sorted.column("g").show(i)]; !sorted.column("g").is_na(i) && of.size() < 3)
            of.push_back(sorted.column("i").show(i));
        std::erase_if(expected, [](const auto& one) { return one.second.empty(); });
        const GroupBy groups = frame.group_by("g");
        const Table first = (is_descending ? groups.nlargest(3, "v") : groups.nsmallest(3, "v")).compute();
        for (std::size_t i = 0; i < first.rows(); ++i)
          found[first.column("g").show(i)].push_back(first.column("i").show(i));
        CHECK(found == expected);
      }
    }
  });
}

TEST_CASE("numbers of few digits are exact") {
  in_cluster([] {
    const std::string numbers[] = {"0.1",
                                   "-0.3",
                                   "123.456789",
                                   "9999999999999999",
                                   "0.000000000001",
                                   "5.",
                                   "-0",
                                   "99999999999999.9",
                                   "1e5",
                                   "0.30000000000000004",
                                   "7.0000000000000"};
    std::string text = "x\n";
    for (const std::string& number : numbers) text += number + "\n";
    const Table table = read_csv(Folder().write("n.csv", text)).astype("x", ColumnType::float64).compute();
    REQUIRE(table.rows() == std::size(numbers));
    for (std::size_t i = 0; i < table.rows(); ++i) {
      INFO(numbers[i]);
      CHECK(table.column("x").float64s()[i] == std::stod(numbers[i]));
      CHECK(std::signbit(table.column("x").float64s()[i]) == std::signbit(std::stod(numbers[i])));
    }
  });
}

TEST_CASE("texts that begin alike are different keys where their ends are") {
  in_cluster([] {
    for (const std::string prefix : {"", "id", "Station", "Station ", "Station 1", "a long name of "}) {
      std::vector<std::string> names;
      std::vector<std::int64_t> ones;
      std::map<std::string, std::int64_t> expected;
      for (int i = 0; i < 3000; ++i) {
        const std::string name = prefix + std::to_string(i * 7 % 411).substr(i % 2) + (i % 5 ? "" : prefix);
        names.push_back(name);
        ones.push_back(1);
        ++expected[name];
      }
      const Frame frame(Table({"name", "one"}, {make_column(names), make_column(ones)}), 3);
      const Table sums = frame.filter(col("name") != "").group_by("name").agg(sum("one").as("n")).compute();
      expected.erase("");
      REQUIRE(sums.rows() == expected.size());
      std::size_t right = 0;
      for (std::size_t i = 0; i < sums.rows(); ++i)
        right += expected.at(std::string(sums.column("name").text(i))) == sums.column("n").int64s()[i];
      CHECK(right == expected.size());
    }
  });
}

// Widths of keys are guessed from some of the rows.
TEST_CASE("keys of few rows may be longer, shorter or begin in another way") {
  in_cluster([] {
    constexpr std::size_t rows = 20'000;
    for (const std::string usual : {"id0000", "", "a name that takes three "}) {
      for (const std::string odd : {"ie00001", "id", "", "id0000000001 and much that is behind", "\xFFid"}) {
        for (const std::size_t place : {std::size_t{777}, rows - 1}) {
          std::vector<std::string> keys;
          for (std::size_t i = 0; i < rows; ++i) keys.push_back(usual + std::to_string(i * 31 % 500));
          keys[place] = odd;
          std::map<std::string, std::int64_t> counts;
          for (const std::string& key : keys) ++counts[key];
          const Frame frame(Table({"key"}, {make_column(keys)}));
          const Table table = frame.group_by("key").agg(count()).sort_by("key").compute();
          INFO(usual << " " << odd << " in row " << place);
          REQUIRE(table.rows() == counts.size());
          std::size_t row = 0;
          for (const auto& [key, count] : counts) {
            CHECK(table.column("key").text(row) == key);
            CHECK(table.column("count").int64s()[row++] == count);
          }
        }
      }
    }
  });
}

// Partitions in memory, so many that neighbours are summed up together, and the same rows as one.
TEST_CASE("groups are the same whether partitions are summed up together or alone") {
  in_cluster([] {
    using enum ColumnType;
    struct Case {
      std::vector<ColumnType> types;
      std::size_t length;
      bool has_missing;
    };
    const Case cases[] = {{{int64}, 3, false},        {{text}, 7, false}, {{text}, 40, false},
                          {{text, int64}, 15, false}, {{text}, 7, true},  {{float64, text}, 12, true},
                          {{boolean}, 0, false},      {{int64}, 3, true}};
    constexpr std::size_t rows = 3000;
    for (const Case& one : cases) {
      std::vector<std::string> names;
      std::vector<Column> columns;
      for (std::size_t k = 0; k < one.types.size(); ++k) {
        names.push_back("k" + std::to_string(k));
        const Column key = column_of(one.types[k] == boolean ? int64 : one.types[k], rows, one.length,
                                     one.has_missing, k + 1);
        columns.push_back(one.types[k] == boolean ? make_column(std::vector<bool>(rows, true)) : key);
      }
      const std::vector<std::string> keys = names;
      std::vector<std::int64_t> whole, large;
      std::vector<double> reals;
      std::vector<bool> flags;
      for (std::size_t i = 0; i < rows; ++i) {
        whole.push_back(static_cast<std::int64_t>(i * 7919 % 1009) - 500);
        large.push_back(std::numeric_limits<std::int64_t>::max() / 2 * (i % 2 ? 1 : -1) + whole.back());
        reals.push_back(i % 97 == 3 ? std::nan("") : static_cast<double>(whole.back()) / 4);
        flags.push_back(i % 3 == 0);
      }
      const std::vector<std::pair<std::string, Column>> values = {
          {"whole", make_column(whole)},
          {"large", make_column(large)},
          {"reals", make_column(reals)},
          {"flags", make_column(flags)},
          {"missing", column_of(int64, rows, 3, true, 77)},
          {"text", column_of(text, rows, 9, true, 78)}};
      for (const auto& [name, column] : values) {
        names.push_back(name);
        columns.push_back(column);
      }
      const Table all(names, columns);
      const auto asked = [&](const Frame& frame) {
        return frame.filter(col("whole") > -490)
            .group_by(keys)
            .keep_missing()
            .agg(count(), sum("whole"), mean("large"), sum("missing"), count("missing"), min("whole"),
                 max("whole"), min("reals"), max("reals"), sum("flags"), max("flags"), min("missing"),
                 max("text"), first("text"), last("missing"), var("whole"), stddev("missing"),
                 weir::product("flags"))
            .sort_by(keys)
            .compute();
      };
      INFO(keys.size() << " keys of at most " << one.length << " letters");
      const Frame many = Frame(all, 60).persist();
      static_cast<void>(many.count_rows());
      CHECK(difference(asked(many), asked(Frame(all, 1))) == "");
      // Of keys that hardly repeat each partition is summed up alone.
      const Frame own = many.with("own", col("whole") * 100'000 + col("missing")).persist();
      const Frame once = Frame(all, 1).with("own", col("whole") * 100'000 + col("missing"));
      static_cast<void>(own.count_rows());
      const auto by_own = [](const Frame& frame) {
        return frame.group_by("own").agg(count(), sum("reals")).sort_by("own").compute();
      };
      CHECK(difference(by_own(own), by_own(once)) == "");
    }
  });
}
