// Groups of tables that come one by one.
#include <catch2/catch.hpp>

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
  CHECK(
      sentence_of([] { return RunningGroups({"x"}, {median("y")}); }) ==
      "running_groups: an aggregation must not need all values (got median_y); collect the tables and use a "
      "frame");
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
        }) == "running_groups: what is merged must have no window (got one of 3 tables)");
  CHECK(sentence_of([] {
          RunningGroups({"y"}, {count()}).add(table_of(std::vector<Reading>{}));
          return 0;
        }) == "group_by: there must be a column of that name (got \"y\") The columns are: sensor, value");
}
