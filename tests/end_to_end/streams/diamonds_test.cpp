// Ways that part and meet on the cluster: the order is that of one thread. Runs as threads and as ranks.
#include <catch2/catch.hpp>

#include "end_to_end/streams/support.hpp"

using namespace weir;

namespace {
int negative(int x) { return -x; }
int tenfold(int x) { return 10 * x; }
Ints twice(int x) { return {x, 100 + x}; }
int sum_of(const std::tuple<int, int>& both) { return 100 * std::get<0>(both) + std::get<1>(both); }
}  // namespace

TEST_CASE("a join on the cluster takes what has come through other joins in the order of one thread") {
  Stream<int> source;
  const auto c = source.scatter();
  const auto a = c.accumulate(std::plus<int>{}, 0).cut();
  const auto b = a.map(negative).cut();
  const auto j = a.merge(b).cut();
  const auto merged = j.merge(c).gather().sink_to_list();
  const auto latest = j.combine_latest(c).map(sum_of).gather().sink_to_list();
  feed(source, 1, 4);
  source.drain();
  CHECK(merged.values() == Ints{-1, 1, 1, -3, 3, 2, -6, 6, 3});
  CHECK(latest.values() == Ints{101, -299, 301, 302, -598, 602, 603});
}
TEST_CASE("a merge of a stream with what is above it, item by item, in chunks of any size") {
  Stream<int> source;
  const auto items = source.scatter().map(twice).flatten().cut();
  const auto out =
      items.merge(items.map(negative).filter([](int x) { return x % 2 != 0; })).gather().sink_to_list();
  feed(source, 0, 3000);
  source.drain();
  Ints expected;
  for (int i = 0; i < 3000; ++i) {
    for (const int x : twice(i)) {
      if (x % 2 != 0) expected.push_back(-x);
      expected.push_back(x);
    }
  }
  CHECK((out.values() == expected));
}
TEST_CASE("ways on the cluster keep the turn of their first operator, whenever they are used") {
  Stream<int> source;
  const auto numbers = source.scatter().map(std::identity{}).cut();
  const auto first = numbers.map(negative), second = numbers.map(tenfold);
  const auto other = second.gather().sink_to_list();  // the second one is made before the first
  const auto out = second.merge(first).gather().sink_to_list();
  feed(source, 1, 3);
  source.drain();
  CHECK(out.values() == Ints{-1, 10, -2, 20});
  CHECK(other.values() == Ints{10, 20});
}
TEST_CASE("an input of a merge that is over does not end the others, and the merge ends with the last") {
  Stream<int> source, more;
  const auto both = source.scatter().take(2).merge(more.scatter().take(3));
  const auto out = both.gather().sink_to_list();
  const auto batches = both.partition(4).gather().sink_to_list();
  feed(source, 0, 5);
  feed(more, 10, 15);
  source.drain();
  CHECK(out.values() == Ints{0, 1, 10, 11, 12});
  CHECK(batches.values() == std::vector<Ints>{{0, 1, 10, 11}, {12}});
}
TEST_CASE("a join that is over does not end the merge below it") {
  Stream<int> source, more;
  const auto numbers = source.scatter().cut();
  const auto zipped = numbers.zip(numbers).map(sum_of).cut();
  const auto held = more.scatter().partition(2).flatten().cut();
  const auto out = held.merge(zipped).gather().sink_to_list();
  source.emit(1);
  source.close();
  source.drain();
  more.emit(7);
  more.close();
  more.drain();
  CHECK(out.values() == Ints{101, 7});
}
