// Delayed calls: graphs that run when they are asked to, each part once.
#include <atomic>
#include <catch2/catch.hpp>

#include "support/cluster_main.hpp"
#include "weir/delayed.hpp"

namespace {

using weir::Delayed;
using weir::delayed;

int add(int a, int b) { return a + b; }
int twice(int x) { return 2 * x; }
std::string load(const std::string& name) { return "<" + name + ">"; }
std::size_t process(const std::string& text) { return text.size(); }
std::size_t summarize(const std::vector<std::size_t>& sizes) {
  std::size_t sum = 0;
  for (const std::size_t size : sizes) sum += size;
  return sum;
}

TEST_CASE("a loop builds a graph that runs at the end") {
  std::vector<Delayed<std::size_t>> results;
  for (const char* file : {"a", "bb", "ccc"}) results.push_back(delayed(process)(delayed(load)(file)));
  CHECK(delayed(summarize)(results).compute() == 12);
  CHECK(weir::compute(results) == std::vector<std::size_t>{3, 4, 5});
}

TEST_CASE("delayed values are arguments, alone and in containers") {
  const Delayed<int> one = delayed(add)(0, 1);
  const Delayed<int> two = delayed(twice)(one);
  CHECK(delayed(add)(one, two).compute() == 3);
  CHECK(two.then(add, 10).compute() == 12);
  CHECK(delayed([](const std::map<std::string, int>& all) { return all.at("one") + all.at("two"); })(
            std::map<std::string, Delayed<int>>{{"one", one}, {"two", two}})
            .compute() == 3);
  CHECK(delayed([](const std::pair<int, std::string>& both) {
          return both.second + std::to_string(both.first);
        })(std::pair(two, std::string("x")))
            .compute() == "x2");
  CHECK(
      delayed([](std::optional<int> x) { return x.value_or(7); })(std::optional<Delayed<int>>()).compute() ==
      7);
  CHECK(delayed([](int x) { return std::pair(x, std::to_string(x)); })(one).get<1>().compute() == "1");
  delayed([](int) {})(one).compute();  // of nothing
}

TEST_CASE("what several results share runs once") {
  // The task counts itself: it gives the time at which it ran.
  const auto now = delayed([] { return std::chrono::steady_clock::now().time_since_epoch().count(); })();
  const auto same = [](auto x) { return x; };
  const auto [a, b] = weir::compute(now.then(same), now.then(same));
  CHECK(a == b);
  const auto [c, d] = weir::compute(now, delayed(twice)(4));
  CHECK(c != a);  // another computation
  CHECK(d == 8);
  const auto kept = now.persist();
  CHECK(kept.compute() == kept.then(same).compute());
}

TEST_CASE("a delayed call fails when it runs, with its name") {
  const auto bad = delayed(weir::Options{.name = "my part"},
                           [](int x) -> int { throw std::out_of_range("no " + std::to_string(x)); })(3);
  CHECK_THROWS_WITH(bad.then(twice).compute(), Catch::Contains("no 3") && Catch::Contains("my part"));
  CHECK_THROWS_WITH(weir::compute(delayed(twice)(1), bad), Catch::Contains("no 3"));
  CHECK_THROWS_WITH(
      delayed(static_cast<int (*)(int)>(nullptr)),
      "delayed: the function must not be empty (got a null pointer); pass one that can be called");
  CHECK_THROWS_WITH(delayed(weir::Options{.retries = -1}, twice), Catch::Contains("retries"));
}

TEST_CASE("visualize shows calls and who is given their results") {
  const auto one = delayed(weir::Options{.name = "one \"1\""}, [] { return 1; })();
  const auto sum =
      delayed(weir::Options{.name = "sum"}, add)(one, delayed(weir::Options{.name = "twice"}, twice)(one));
  CHECK(sum.visualize() ==
        "digraph weir {\n  rankdir=BT;\n  node [shape=box];\n"
        "  n0 [label=\"sum\"];\n  n1 -> n0;\n  n2 -> n0;\n"
        "  n1 [label=\"one \\\"1\\\"\"];\n"
        "  n2 [label=\"twice\"];\n  n1 -> n2;\n}\n");
}

TEST_CASE("a chain of many calls needs no stack") {
  Delayed<int> last = delayed(twice)(0);
  for (int i = 0; i < 50000; ++i) last = delayed(add)(last, 1);
  CHECK(last.compute() == 50000);
}

}  // namespace
