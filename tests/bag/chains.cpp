// Bags: what chains of operations make of elements, wherever the partitions are.
#include <catch2/catch.hpp>

#include "support/cluster_main.hpp"
#include "weir/bag.hpp"

namespace {

using weir::Bag;
using weir::from_sequence;
using Ints = std::vector<int>;
using Texts = std::vector<std::string>;

struct Event {
  std::string user;
  int bytes = 0;
};

Ints numbers(int count) {
  Ints all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}
int twice(int x) { return 2 * x; }

TEST_CASE("a bag gives its elements in order") {
  CHECK(from_sequence(numbers(10), 3).compute() == numbers(10));
  CHECK(from_sequence(numbers(10), 3).partitions() == 3);
  CHECK(from_sequence(numbers(1000)).partitions() == 100);
  CHECK(from_sequence(Ints{}).partitions() == 1);
  CHECK(from_sequence(Ints{}).compute().empty());
  CHECK(from_sequence(Ints{1}, 4).compute() == Ints{1});
  CHECK(from_sequence(std::vector<bool>{true, false}).compute() == std::vector<bool>{true, false});
  CHECK(weir::bag_range(5, 2).compute() == std::vector<std::int64_t>{0, 1, 2, 3, 4});
  CHECK_THROWS_WITH(weir::bag_range(5, 0), "bag_range: the number of partitions must be at least 1 (got 0)");
}

TEST_CASE("map, filter, remove, flatten and starmap are one task for a partition") {
  const Bag<int> bag = from_sequence(numbers(10), 3);
  CHECK(bag.map(twice).compute() == Ints{0, 2, 4, 6, 8, 10, 12, 14, 16, 18});
  CHECK(bag.map([](int x, int y) { return x + y; }, 100).take(2) == Ints{100, 101});
  CHECK(bag.map([](int x, const std::string& end) { return std::to_string(x) + end; }, "!").take(1) ==
        Texts{"0!"});
  CHECK(bag.filter([](const int& x) { return x % 4 == 0; }).compute() == Ints{0, 4, 8});
  CHECK(bag.remove([](int x, int y) { return x > y; }, 2).compute() == Ints{0, 1, 2});
  CHECK(bag.map([](int x) { return Ints(x % 3, x); }).flatten().compute() == Ints{1, 2, 2, 4, 5, 5, 7, 8, 8});
  CHECK(bag.map([](int x) { return std::pair(x, x + 1); })
            .starmap([](int a, int b) { return a * b; })
            .take(3) == Ints{0, 2, 6});
  CHECK(bag.map_partitions([](std::vector<int> part) { return Ints{static_cast<int>(part.size())}; })
            .compute() == Ints{3, 3, 4});
  CHECK_THROWS_WITH(bag.map(static_cast<int (*)(int)>(nullptr)),
                    "map: the function must not be empty (got a null pointer); pass one that can be called");
}

TEST_CASE("bools are elements like others") {
  using Bools = std::vector<bool>;
  const auto bools =
      from_sequence(std::vector<Bools>{{true, false}, {}, {true, true, false}}, 2).flatten().persist();
  CHECK(bools.compute() == Bools{true, false, true, true, false});
  CHECK(bools.take(3) == Bools{true, false, true});
  CHECK(bools.repartition(3).compute() == bools.compute());
  CHECK(bools.sum().compute() == 3);
  CHECK(bools.map_partitions([](Bools part) { return part; }).count().compute() == 5);
  const auto groups = bools.groupby([](bool b) { return b; }, 1).compute();
  CHECK(groups == std::vector<std::pair<bool, Bools>>{{true, {true, true, true}}, {false, {false, false}}});
}

TEST_CASE("pluck takes members, places and keys") {
  const auto events = from_sequence(std::vector<Event>{{"ada", 1}, {"bob", 2}}, 2);
  CHECK(events.pluck(&Event::user).compute() == Texts{"ada", "bob"});
  CHECK(from_sequence(std::vector<std::pair<int, std::string>>{{1, "a"}}).pluck<1>().compute() == Texts{"a"});
  const std::vector<std::map<std::string, int>> maps = {{{"a", 1}}, {{"b", 2}}};
  CHECK(from_sequence(maps).pluck("a", -1).compute() == Ints{1, -1});
  CHECK_THROWS_WITH(
      from_sequence(maps).pluck("a").compute(),
      Catch::Contains("pluck: every element must have the key 'a' (one has not); give a default"));
  const auto json =
      from_sequence(Texts{R"({"name": "ada", "age": 3})", R"({"name": null})"}).map(weir::Json::parse);
  CHECK(json.pluck("name").compute() == std::vector<weir::Json>{weir::Json::parse("\"ada\""), weir::Json()});
  CHECK(json.pluck("name", "nobody").compute() == Texts{"ada", "nobody"});
  CHECK(json.pluck("age", 0).compute() == Ints{3, 0});
  CHECK_THROWS_WITH(json.pluck("age").compute(),
                    Catch::Contains("Json: an object must have the key 'age' (it has 'name')"));
}

TEST_CASE("elements on which a function throws are left out where one says so") {
  const auto bag = from_sequence(Texts{"1", "x", "3"});
  const auto number = [](const std::string& text) { return std::stoi(text); };
  CHECK(bag.map(weir::OnError::skip, number).compute() == Ints{1, 3});
  CHECK_THROWS_WITH(bag.map(weir::OnError::raise, number).compute(), Catch::Contains("stoi"));
}

TEST_CASE("bags are put together") {
  const Bag<int> a = from_sequence(numbers(4), 2).map(twice);
  const Bag<int> b = from_sequence(Ints{7, 8, 9, 10}, 2);
  CHECK(a.concat(b).map(twice).compute() == Ints{0, 4, 8, 12, 14, 16, 18, 20});
  CHECK(a.zip(b).compute() == std::vector<std::pair<int, int>>{{0, 7}, {2, 8}, {4, 9}, {6, 10}});
  CHECK_THROWS_WITH(a.zip(from_sequence(Ints{1}, 1)),
                    "zip: both bags must have as many partitions (got 2 and 1); use repartition");
  CHECK_THROWS_WITH(
      a.zip(from_sequence(Ints{1, 2, 3}, 2)).compute(),
      Catch::Contains("zip: partitions must have as many elements as those they are zipped with "
                      "(got 2 and 1 in partition 0)"));
  CHECK(from_sequence(Ints{1, 2}, 2).product(from_sequence(Texts{"a", "b"}, 2)).compute() ==
        std::vector<std::pair<int, std::string>>{{1, "a"}, {1, "b"}, {2, "a"}, {2, "b"}});
  const auto users = from_sequence(std::vector<Event>{{"ada", 1}, {"bob", 2}, {"eve", 3}, {"ada", 4}}, 3);
  const auto ages =
      from_sequence(std::vector<std::pair<std::string, int>>{{"ada", 36}, {"eve", 9}, {"ada", 5}}, 2);
  const auto joined =
      users.join(ages, &Event::user, [](const std::pair<std::string, int>& one) { return one.first; });
  CHECK(joined
            .map([](const std::pair<Event, std::pair<std::string, int>>& both) {
              return both.first.user + std::to_string(both.first.bytes) + "-" +
                     std::to_string(both.second.second);
            })
            .compute() == Texts{"ada1-36", "ada1-5", "eve3-9", "ada4-36", "ada4-5"});
}

TEST_CASE("partitions are cut and put together in order") {
  const Bag<int> bag = from_sequence(numbers(23), 5);
  for (const std::size_t count : {1, 2, 3, 5, 7, 11, 23, 40}) {
    CHECK(bag.repartition(count).partitions() == count);
    CHECK(bag.repartition(count).compute() == numbers(23));
  }
  CHECK_THROWS_WITH(bag.repartition(0), "repartition: the number of partitions must be at least 1 (got 0)");
}

TEST_CASE("accumulate goes on from partition to partition") {
  CHECK(from_sequence(Ints{1, 2, 3, 4, 5}, 3).accumulate(std::plus<int>()).compute() ==
        Ints{1, 3, 6, 10, 15});
  CHECK(from_sequence(Ints{1, 2, 3}, 2)
            .accumulate([](std::string all, int x) { return all + std::to_string(x); }, "=")
            .compute() == Texts{"=1", "=12", "=123"});
  CHECK(from_sequence(Ints{}, 3).accumulate(std::plus<int>()).compute().empty());
}

TEST_CASE("random_sample takes the same elements for the same seed") {
  const auto bag = weir::bag_range(10000, 7);
  const auto sample = bag.random_sample(0.25, 42).compute();
  CHECK(sample == bag.random_sample(0.25, 42).compute());
  CHECK(sample != bag.random_sample(0.25, 43).compute());
  CHECK(sample.size() > 2300);
  CHECK(sample.size() < 2700);
  CHECK(bag.random_sample(1).count().compute() == 10000);
  CHECK(bag.random_sample(0).count().compute() == 0);
  CHECK_THROWS_WITH(bag.random_sample(1.5),
                    "random_sample: the probability must be between 0 and 1 (got 1.5)");
}

TEST_CASE("take reads no further than it must") {
  const auto bag = from_sequence(numbers(100), 10).map([](int x) {
    if (x > 15) throw std::runtime_error("too far");
    return x;
  });
  CHECK(bag.take(12) == numbers(12));
  CHECK(bag.take(0).empty());
  CHECK(from_sequence(numbers(3), 2).take(10) == numbers(3));
  CHECK_THROWS_WITH(bag.compute(), Catch::Contains("too far"));
}

TEST_CASE("a bag is made of tasks of which only a thread of this process may know") {
  for (int i = 0; i < 300; ++i)
    REQUIRE(weir::from_futures(weir::Client::current().map(numbers, Ints{1, 2, 3})).sum().compute() == 4);
}

TEST_CASE("results are kept, and come as futures") {
  const auto made = from_sequence(numbers(6), 2).map(twice);
  const auto futures = made.to_futures();
  REQUIRE(futures.size() == 2);
  CHECK(futures[1].result() == Ints{6, 8, 10});
  CHECK(weir::from_futures(futures).map(twice).compute() == Ints{0, 4, 8, 12, 16, 20});
  const auto kept = made.persist();
  CHECK(kept.compute() == made.compute());
  CHECK(kept.sum().compute() == 30);
  const auto graph = made.filter([](int) { return true; }).count().visualize();
  CHECK_THAT(graph, Catch::Contains("[label=\"from_sequence.map.filter.count\"]"));
  CHECK_THAT(graph, Catch::Contains("[label=\"merge count\"]"));
}

}  // namespace
