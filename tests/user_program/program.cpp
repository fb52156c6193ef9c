// A user's program with tasks, streams on both sides and arrays, which must compile without a warning of
// Weir's headers by the flags that users have.
#include <iostream>
#include <map>
#include <string>
#include <vector>
#include <weir/array.hpp>
#include <weir/bag.hpp>
#include <weir/weir.hpp>

namespace {

using namespace std::chrono_literals;

struct Point {
  double x = 0;
  double y = 0;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(x, y);
  }
};

double norm(const Point& point) { return point.x * point.x + point.y * point.y; }
int add(int a, int b) { return a + b; }
bool is_even(int number) { return number % 2 == 0; }
std::vector<std::string> words_of(const std::string& line) { return {line, line}; }

double tasks(weir::Client& client) {
  const weir::Future<Point> point = client.scatter(Point{3, 4});
  const std::vector<weir::Future<double>> norms = client.map(norm, std::vector<Point>{{1, 2}, {3, 4}});
  const weir::Future<int> three = client.submit({.priority = 2, .retries = 1}, add, 1, 2);
  double sum = client.submit(norm, point).result() + three.result();
  for (const auto& one : norms) sum += one.result();
  return sum;
}

std::size_t streams_here() {
  std::vector<int> seen;
  weir::Stream<int> numbers;
  numbers.filter(is_even).accumulate(add, 0).sliding_window(2).sink(
      [&](const std::vector<int>& window) { seen.push_back(window.back()); });
  numbers.map([](int n) { return std::to_string(n); })
      .map(words_of)
      .flatten()
      .partition(2)
      .flatten()
      .buffer(4)
      .unique()
      .frequencies()
      .sink([](const auto&) {});
  numbers.zip(numbers.map([](int n) { return 0.5 * n; }))
      .starmap([](int, double) { return 1; })
      .sink([](int) {});
  numbers.timed_window("10ms").sink([](const std::vector<int>&) {});
  for (int i = 0; i < 8; ++i) numbers.emit(i);
  numbers.drain();
  return seen.size();
}

int streams_on_the_cluster() {
  int last = 0;
  weir::Stream<int> numbers;
  auto there = numbers.scatter();
  auto squares = there.map([](int n) { return n * n; });
  squares.filter(is_even).accumulate(add, 0).gather().sink([&](int sum) { last = sum; });
  there.zip(squares).starmap(add).partition(2).flatten().gather().buffer(8).sink([](int) {});
  for (int i = 0; i < 8; ++i) numbers.emit(i);
  numbers.drain();
  return last;
}

double arrays() {
  const weir::Array<double> x = weir::arange(0.0, 1000.0);
  const weir::Array<double> y = 2 * x + 1.0;
  return y.sum().compute()() + y.std().compute()();
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client& client) {
    std::cout << tasks(client) << ' ' << streams_here() << ' ' << streams_on_the_cluster() << ' ' << arrays()
              << '\n';
  });
}
