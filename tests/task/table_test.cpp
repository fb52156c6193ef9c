// Records by task id.
#include "task/table.hpp"

#include <malloc.h>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>

using namespace weir;
using detail::task::TaskTable;

TEST_CASE("table finds what was put there, for each client") {
  TaskTable<std::string> table;
  CHECK(table.find(0) == nullptr);
  CHECK(table.find(make_task_id(5, 1)) == nullptr);
  CHECK(table.emplace(make_task_id(0, 3), "a").second);
  CHECK(table.emplace(make_task_id(5, 3), "b").second);
  const auto [record, fresh] = table.emplace(make_task_id(5, 3), "c");
  CHECK_FALSE(fresh);
  CHECK(*record == "b");
  CHECK(*table.find(make_task_id(0, 3)) == "a");
  CHECK(table.find(make_task_id(0, 4)) == nullptr);
  CHECK(table.find(make_task_id(4, 3)) == nullptr);
  CHECK(table.size() == 2);
}

TEST_CASE("table keeps records in place while others come and go") {
  TaskTable<std::string> table;
  std::string* first = table.emplace(1, "first").first;
  for (TaskId id = 2; id < 100'000; ++id) table.emplace(id, "other");
  CHECK(table.find(1) == first);
  for (TaskId id = 2; id < 100'000; ++id) table.erase(id);
  CHECK(table.find(1) == first);
  CHECK(*first == "first");
  CHECK(table.size() == 1);
}

TEMPLATE_TEST_CASE_SIG("table agrees with a map after many changes", "",
                       ((std::uint64_t block, std::uint64_t page), block, page), (1, 64), (4, 64), (8, 256),
                       (256, 256)) {
  std::mt19937_64 random(1);
  TaskTable<std::string, block, page> table;
  std::map<TaskId, std::string> expected;
  for (int i = 0; i < 50'000; ++i) {
    const TaskId id = make_task_id(static_cast<PeerId>(random() % 3), random() % 3000);
    if (random() % 2) {
      table.emplace(id, std::to_string(i));
      expected.emplace(id, std::to_string(i));
    } else if (expected.erase(id)) {
      table.erase(id);
    }
  }
  std::map<TaskId, std::string> seen;
  std::as_const(table).for_each([&](TaskId id, const std::string& text) { seen.emplace(id, text); });
  CHECK(seen == expected);
  CHECK(table.size() == expected.size());
  std::size_t of_one = 0;
  table.for_each_of(1, [&](TaskId id, std::string&) { of_one += task_client(id) == 1; });
  CHECK(of_one ==
        static_cast<std::size_t>(std::count_if(expected.begin(), expected.end(), [](const auto& entry) {
          return task_client(entry.first) == 1;
        })));
}

TEST_CASE("table needs no memory for tasks that have gone") {
  const auto in_use = [] { return mallinfo2().uordblks + mallinfo2().hblkhd; };
  TaskTable<int> table;
  table.emplace(1, 7);
  constexpr TaskId window = 1000, many = 4'000'000;
  std::size_t early = 0;
  for (TaskId id = 2; id < many; ++id) {
    table.emplace(id, 0);
    if (id > window + 1) table.erase(id - window);
    if (id == many / 10) early = in_use();
  }
  CHECK(in_use() < early + 16'000);  // a directory of all pages would have grown by 112,000
  CHECK(*table.find(1) == 7);
  CHECK(table.find(many / 2) == nullptr);
  CHECK(table.size() == window + 1);
}

TEST_CASE("table destroys every record once") {
  static int alive = 0;
  struct Counted {
    Counted() { ++alive; }
    ~Counted() { --alive; }
  };
  {
    TaskTable<Counted> table;
    for (TaskId id = 0; id < 1000; ++id) table.emplace(id);
    for (TaskId id = 0; id < 300; ++id) table.erase(id);
    CHECK(alive == 700);
    table.clear();
    CHECK(alive == 0);
    CHECK(table.size() == 0);
    table.emplace(5);
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST_CASE("ids of tasks name their client and their number") {
  const TaskId id = make_task_id(0xabcdef, (std::uint64_t{1} << 40) - 1);
  CHECK(task_client(id) == 0xabcdef);
  CHECK(task_number(id) == (std::uint64_t{1} << 40) - 1);
}
