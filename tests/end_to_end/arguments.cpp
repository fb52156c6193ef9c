// Futures nested in containers as arguments, and the values that travel with them.
#include <catch2/catch.hpp>
#include <numeric>
#include <sstream>

#include "support/cluster_main.hpp"

using namespace weir::test;
using weir::Future;

namespace {

int inc(int x) { return x + 1; }
std::string name_of(int x) { return std::string("n") + static_cast<char>('0' + x); }

int sum(std::vector<int> numbers) { return std::accumulate(numbers.begin(), numbers.end(), 0); }
int sum_of_reference(const std::vector<int>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0);
}
int sum_of_rows(std::vector<std::vector<int>> rows) {
  int total = 0;
  for (const auto& row : rows) total += sum(row);
  return total;
}
std::string text_of(int number) {
  std::ostringstream out;
  out << number;
  return out.str();
}
std::string pair_text(std::pair<int, std::string> pair) { return pair.second + text_of(pair.first); }
std::string tuple_text(std::tuple<int, std::string, double> tuple) {
  return text_of(std::get<0>(tuple)) + std::get<1>(tuple) + text_of(static_cast<int>(std::get<2>(tuple)));
}
int map_sum(std::map<std::string, int> map) {
  int total = 0;
  for (const auto& [key, value] : map) total += value * static_cast<int>(key.size());
  return total;
}
int unordered_sum(std::unordered_map<int, int> map) {
  int total = 0;
  for (const auto& [key, value] : map) total += key * value;
  return total;
}
int optional_or(std::optional<int> value) { return value.value_or(-1); }
int array_sum(std::array<int, 3> values) { return values[0] + 10 * values[1] + 100 * values[2]; }
int deep(std::map<std::string, std::vector<std::pair<int, std::optional<int>>>> all) {
  int total = 0;
  for (const auto& [key, row] : all)
    for (const auto& [a, b] : row) total += a + b.value_or(1000);
  return total;
}
int vector_and_more(int before, std::vector<int> numbers, std::string after) {
  return before + sum(numbers) + static_cast<int>(after.size());
}

}  // namespace

TEST_CASE("a vector of futures becomes a vector of results") {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 300; ++i) futures.push_back(client().submit(inc, i));
  CHECK(client().submit(sum, futures).result() == 300 * 301 / 2);
  CHECK(client().submit(sum_of_reference, futures).result() == 300 * 301 / 2);
  CHECK(client().submit(sum, std::vector<Future<int>>{}).result() == 0);
  CHECK(client().submit(sum, std::vector<Future<int>>{futures[0], futures[0], futures[1]}).result() == 4);
  CHECK(client().submit(vector_and_more, 5, futures, "abc").result() == 300 * 301 / 2 + 8);
}

TEST_CASE("futures nest in vectors of vectors, pairs, tuples, maps, optionals and arrays") {
  const auto one = client().submit(inc, 0), two = client().submit(inc, 1), three = client().submit(inc, 2);
  const auto name = client().submit(name_of, 7);
  CHECK(
      client().submit(sum_of_rows, std::vector<std::vector<Future<int>>>{{one, two}, {}, {three}}).result() ==
      6);
  CHECK(client().submit(pair_text, std::pair(one, name)).result() == "n71");
  CHECK(client().submit(pair_text, std::pair(5, name)).result() == "n75");
  CHECK(client().submit(tuple_text, std::tuple(two, name, 3.0)).result() == "2n73");
  CHECK(client().submit(map_sum, std::map<std::string, Future<int>>{{"a", one}, {"bb", two}}).result() == 5);
  CHECK(
      client().submit(unordered_sum, std::unordered_map<int, Future<int>>{{10, one}, {20, three}}).result() ==
      70);
  CHECK(client().submit(optional_or, std::optional<Future<int>>(three)).result() == 3);
  CHECK(client().submit(optional_or, std::optional<Future<int>>()).result() == -1);
  CHECK(client().submit(array_sum, std::array<Future<int>, 3>{one, two, three}).result() == 321);
  std::map<std::string, std::vector<std::pair<int, std::optional<Future<int>>>>> all;
  all["x"] = {{1, one}, {2, std::nullopt}};
  all["y"] = {{3, three}};
  CHECK(client().submit(deep, all).result() == 1 + 1 + 2 + 1000 + 3 + 3);
}

TEST_CASE("an error in one of many nested inputs is the task's error") {
  std::vector<Future<int>> futures{
      client().submit(inc, 1),
      client().submit([](int) -> int { throw std::logic_error("the second one"); }, 1)};
  CHECK_THAT(message_of([&] { client().submit(sum, futures).result(); }),
             Catch::Contains("std::logic_error: the second one") && Catch::Contains("needed by"));
}

TEST_CASE("large arguments travel with the task") {
  std::vector<double> numbers(3'000'000, 0.5);
  CHECK(client()
            .submit([](const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); },
                    numbers)
            .result() == 1'500'000);
}
