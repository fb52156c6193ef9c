// What is small is computed by the thread that asks for it: to the bits that tasks give, and by no task.
#include <catch2/catch.hpp>

#include <cstring>
#include <thread>

#include "array/lists.hpp"
#include "support/in_cluster.hpp"
#include "support/throws.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/linalg.hpp"
#include "weir/array/random.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::list;
using weir::test::sentence_of;

namespace {

template <class T>
Array<T> there(const Array<T>& x) {
  Array<T> kept = x.persist();
  Client::current().wait(kept.futures());
  return kept;
}

// Those that are counted.
std::uint64_t tasks_run() {
  std::uint64_t finished = 0;
  for (const WorkerInfo& worker : Client::current().workers()) finished += worker.finished;
  return finished;
}

// A worker that is at work just then makes it tasks all the same.
template <class T>
std::vector<T> without_tasks(const Array<T>& x) {
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t before = tasks_run();
    std::vector<T> elements = list(x);
    if (tasks_run() == before) return elements;
  }
  FAIL("each time tasks have computed it");
  return {};
}

template <class T>
void same_bits(const Array<T>& x) {
  const std::vector<T> mine = without_tasks(x);
  const xt::xarray<T> tasks = there(x).compute();
  REQUIRE(mine.size() == tasks.size());
  for (std::size_t i = 0; i < mine.size(); ++i) {
    const T one = mine[i], other = tasks.data()[i];
    CHECK(std::memcmp(&one, &other, sizeof one) == 0);
  }
}

}  // namespace

TEST_CASE("here: expressions, views and reductions of what is small give the bits of tasks") {
  in_cluster([] {
    for (const std::int64_t along : {7, 40}) {
      const ChunkSpec chunks{along, along};
      const auto x = there(Random(1).uniform({40, 40}, 0.0, 1.0, chunks)),
                 y = there(Random(2).uniform({40, 40}, 0.0, 1.0, chunks));
      same_bits(x + y * 2);
      same_bits(sin(transpose(x)) - y);
      same_bits(x(range(3, 20), range(5, 6)) + y(0, range(0, 9)));
      same_bits(x.sum());
      same_bits(x.mean({.axis = 0}));
      same_bits(x.var({.axis = 1}));
      same_bits(trace(x));
      same_bits(where(x > y, x, 0.0).max({.axis = 1, .keepdims = true}));
      same_bits(concatenate(std::vector{x, y}, 1));
      same_bits(x);
    }
    same_bits(arange(0.0, 30.0) + eye(30));
  });
}

TEST_CASE("here: of one chunk, element by element, whatever is folded within") {
  in_cluster([] {
    for (const std::int64_t n : {1, 2, 127, 129, 2049}) {
      const ChunkSpec one{n};
      const auto x = there(Random(6).uniform({n}, -1.0, 1.0, one)),
                 y = there(Random(7).uniform({n}, 0.0, 1.0, one));
      same_bits(x + y);
      same_bits(x * x - x * 3.0 + y * x);
      same_bits(where(x > y, x, 0.5).astype<float>());
      same_bits(x >= 0.25 || y < 0.1);
      same_bits(x.sum());
      same_bits((x * y + 1).sum());
      same_bits((x * x).sum({.keepdims = true}));
      same_bits(x.mean());
      same_bits(sqrt((x * x).sum()) / y.max());
      same_bits(x - x.mean());
      same_bits((x - x.mean()) / x.std());
      same_bits((x - y.min()) * (x.sum() + x.prod()));
      same_bits((x > 0).any());
      same_bits((x > 0).count_nonzero());
      same_bits(where(x > 0.5, x, std::nan("")).nansum());
      same_bits((x * 100).astype<std::int64_t>().sum());
      same_bits((x * 100).astype<std::int32_t>({.overflow = OutOfRange::clip}).max());
      same_bits(x.argmax());
    }
    // What two steps of a task would compute twice is kept by a plan of several.
    const auto x = there(Random(8).uniform({1000}, 0.0, 1.0, {1000})), costly = exp(x);
    same_bits(costly / costly.sum());
    same_bits((costly * costly).sum() + x);
    const auto z = there(Random(9).uniform({30, 40}, 0.0, 1.0, {30, 40}));
    same_bits(z * z + z);
    same_bits(z.sum());
    same_bits(z + there(Random(10).uniform({40}, 0.0, 1.0, {40})));
    same_bits(z / there(Random(11).uniform({30, 1}, 1.0, 2.0, {30, 1})));
    CHECK(list(x(range(5, 5)) + 1.0).empty());
    CHECK(list(x(range(5, 5)).sum()) == std::vector{0.0});
  });
}

TEST_CASE("here: a little of what is large") {
  in_cluster([] {
    const auto x = there(Random(3).uniform({1024, 1024}));
    same_bits(trace(x));
    same_bits(x(5) - x(700));
    const std::uint64_t before = tasks_run();
    (void)x.sum().item();
    CHECK(tasks_run() > before);
  });
}

TEST_CASE("here: what fails says what it says as a task") {
  in_cluster([] {
    const auto x = there(Random(4).uniform({20}, 300.0, 400.0));
    const auto bytes = x.astype<std::uint8_t>();
    const std::string sentence = sentence_of([&] { (void)bytes.compute(); });
    CHECK_THAT(sentence, Catch::Contains("array.astype") && Catch::Contains("at index (0,)"));
    const auto integers = there((x * 0.0 + 1).astype<std::int64_t>() * INT64_MAX);
    CHECK_THAT(sentence_of([&] { (void)integers.sum().item(); }),
               Catch::Contains("sum: the result must fit into int64"));
  });
}

TEST_CASE("here: functions of the user are called in tasks, and what is not there yet is waited for") {
  in_cluster([] {
    const auto x = there(Random(5).uniform({12}, 0.0, 1.0, {4}));
    const auto doubled = map_blocks<double>(
        [](const xt::xarray<double>& chunk) -> xt::xarray<double> {
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
          return 2 * chunk;
        },
        x);
    const std::uint64_t before = tasks_run();
    const auto coming = doubled.persist();
    CHECK(list(coming - x) == list(x));
    CHECK(list(doubled) == list(x + x));
    CHECK(tasks_run() >= before + 6);
  });
}
