// Exceptions of tasks, as the stream's program gets them.
#include <stdexcept>

#include "end_to_end/streams/support.hpp"

using namespace weir;

namespace {

int refuse_two(int x) {
  if (x == 2) throw std::out_of_range("two");
  return x;
}
int refuse_three(int x) {
  if (x == 3) throw std::runtime_error("three");
  return x;
}

int refuse_with_text(int x) {
  if (x == 2) throw std::string("no twos");
  return x;
}

}  // namespace

TEST_CASE("what a function on the cluster throws says what it is, also where it is no exception") {
  Stream<int> source;
  source.scatter().map(refuse_with_text).gather().sink([](int) {});
  feed(source, 1, 4);
  CHECK_THROWS_WITH(source.drain(), Catch::Contains("std::string: no twos"));
}

TEST_CASE("an exception of the standard library keeps its type from a task through drain") {
  Stream<int> source;
  const auto out = source.scatter().map(refuse_two).gather().sink_to_list();
  feed(source, 1, 4);
  CHECK_THROWS_AS(source.drain(), std::out_of_range);
  CHECK(out.values() == Ints{1, 3});
}

TEST_CASE("another exception is a TaskError that names it") {
  Stream<int> source;
  source.scatter().map(refuse_three).gather().sink([](int) {});
  feed(source, 1, 4);
  try {
    source.drain();
    FAIL("drain must throw");
  } catch (const TaskError& error) {
    CHECK(error.type() == "std::runtime_error");
  }
}
