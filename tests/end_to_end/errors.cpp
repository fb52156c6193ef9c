// What goes wrong in a task comes out of its future, with all that is needed to understand it; nothing hangs.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "support/address_limit.hpp"
#include "support/cluster_main.hpp"

using namespace weir::test;
using weir::Error;
using weir::ErrorKind;
using weir::Future;
using weir::Options;
using weir::Status;
using weir::TaskError;

namespace {

struct OwnError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
struct Stranger {
  int code = 3;
};

int throw_it(std::string what) {
  if (what == "range") throw std::out_of_range("index 7 of 3");
  if (what == "alloc") throw std::bad_alloc();
  if (what == "own") throw OwnError("mine");
  if (what == "stranger") throw Stranger{};
  if (what == "int") throw 42;
  if (what == "text") throw "text";
  if (what == "file") return static_cast<int>(std::filesystem::file_size("/no/such/file"));
  if (what == "weir") throw Error(ErrorKind::io, "disk full");
  if (what == "vector") return std::vector<int>().at(0);
  return 0;
}
int inc(int x) { return x + 1; }
std::vector<double> count_up(std::size_t count) {
  std::vector<double> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  return numbers;
}

/// A value that goes wrong on its way, at a given moment.
struct Fragile {
  std::string when;
  std::vector<int> ballast = std::vector<int>(100, 7);
  template <class Archive>
  void save(Archive& archive) const {
    archive(when, ballast);
    if (when == "save") throw std::runtime_error("this value does not want to leave");
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(when, ballast);
    if (when == "load") throw std::runtime_error("this value does not want to arrive");
  }
};
Fragile fragile(std::string when) { return {when, std::vector<int>(100, 7)}; }
Fragile large_fragile(std::string when) { return {when, std::vector<int>(1'000'000, 7)}; }
std::size_t use(const Fragile& value) { return value.ballast.size(); }

/// Counts the bytes first and fails only when they are written.
struct Fickle {
  std::shared_ptr<int> times = std::make_shared<int>(0);
  std::vector<char> ballast = std::vector<char>(5000);
  template <class Archive>
  void save(Archive& archive) const {
    archive(ballast);
    if (++*times > 1) throw std::runtime_error("once is enough");
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(ballast);
  }
};
Fickle fickle() { return {}; }
std::size_t use_fickle(const Fickle& value) { return value.ballast.size(); }

int fail_first(int times, std::string file) {
  std::ofstream(file, std::ios::app) << '.';
  const auto calls = std::filesystem::file_size(file);
  if (calls <= static_cast<std::uintmax_t>(times)) throw std::runtime_error("call " + std::to_string(calls));
  return static_cast<int>(calls);
}
std::string fresh_file() {
  static int count = 0;
  const std::string path = std::filesystem::temp_directory_path() /
                           ("weir-errors-" + std::to_string(getpid()) + "-" + std::to_string(++count));
  std::filesystem::remove(path);
  return path;
}

std::string text_of(const std::string& what) {
  return message_of([&] { client().submit(throw_it, what).result(); });
}

}  // namespace

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("a result that does not fit into memory is an error, and the next one arrives whole") {
  if (!on_ranks()) return;
  const auto large = client().submit(count_up, 50'000'000), small = client().submit(count_up, 1'000'000);
  client().wait(std::vector{large, small});
  {
    const AddressLimit limit(200 << 20);
    CHECK_THROWS_WITH(large.result(), Catch::StartsWith("no memory for a value of 400"));
  }
  const std::vector<double>& numbers = small.result();
  REQUIRE(numbers.size() == 1'000'000);
  CHECK((numbers[1] == 1 && numbers[999'999] == 999'999));
  CHECK_THROWS_WITH(large.result(), Catch::StartsWith("no memory for a value of 400"));
}
#endif

TEST_CASE("an exception travels with its type, message, task and worker") {
  CHECK_THAT(text_of("range"), Catch::Contains("throw_it") && Catch::Contains("failed on worker ") &&
                                   Catch::Contains("std::out_of_range: index 7 of 3"));
  CHECK_THAT(text_of("alloc"), Catch::Contains("std::bad_alloc"));
  CHECK_THAT(text_of("own"), Catch::Contains("OwnError: mine"));
  CHECK_THAT(text_of("stranger"),
             Catch::Contains("Stranger") && Catch::Contains("an exception that is no std::exception"));
  CHECK_THAT(text_of("int"), Catch::Contains("int: 42"));
  CHECK_THAT(text_of("text"), Catch::Contains("char const*"));
  CHECK_THAT(text_of("file"), Catch::Contains("std::filesystem") && Catch::Contains("filesystem_error") &&
                                  Catch::Contains("/no/such/file"));
  CHECK_THAT(text_of("weir"), Catch::Contains("weir::Error: disk full"));
  CHECK_THAT(text_of("vector"), Catch::Contains("vector::_M_range_check"));
}

TEST_CASE("a failure is known by its parts") {
  const auto future = client().submit(Options{.name = "load data"}, throw_it, "range");
  CHECK_FALSE(future.exception());
  future.wait();
  CHECK(future.status() == Status::error);
  REQUIRE(future.exception());
  const weir::Failure failure = future.exception()->failure();
  CHECK(failure.kind == ErrorKind::task_failed);
  CHECK(failure.type == "std::out_of_range");
  CHECK(failure.message == "index 7 of 3");
  CHECK(failure.task == future.id());
  CHECK_THAT(failure.task_name, Catch::StartsWith("load data-"));
  CHECK_THAT(failure.worker, Catch::StartsWith("worker "));
  CHECK(failure.attempt == 1);
}

TEST_CASE("dependents fail with the first error and a line of context each") {
  const auto bad = client().submit(Options{.name = "first"}, throw_it, "range");
  const auto middle = client().submit(Options{.name = "middle"}, inc, bad);
  const auto last = client().submit(Options{.name = "last"}, inc, middle);
  CHECK_THAT(message_of([&] { last.result(); }),
             Catch::Contains("index 7 of 3\n  needed by middle-") && Catch::Contains("\n  needed by last-"));
  CHECK(last.exception()->failure().task == bad.id());
}

TEST_CASE("retries run a task again and the attempts are counted") {
  const std::string file = fresh_file();
  CHECK(client().submit(Options{.retries = 3}, fail_first, 3, file).result() == 4);
  std::filesystem::remove(file);
  const auto future = client().submit(Options{.retries = 2}, fail_first, 100, file);
  CHECK_THAT(message_of([&] { future.result(); }),
             Catch::Contains("(attempt 3)") && Catch::Contains("call 3"));
  std::filesystem::remove(file);
}

TEST_CASE("a result that cannot be written is an error of its task") {
  for (const auto& future : {client().submit(fragile, "save"), client().submit(large_fragile, "save")}) {
    const std::string text = message_of([&] { future.result(); });
    CHECK_THAT(text, Catch::Contains("its result cannot be serialized") &&
                         Catch::Contains("does not want to leave") && Catch::Contains("fragile"));
    CHECK(future.exception()->kind() == ErrorKind::serialization);
    CHECK_THROWS_AS(client().submit(use, future).result(), TaskError);
  }
}

TEST_CASE("a result that cannot be written half-way, when it is sent, is an error of its task") {
  const auto future = client().submit(fickle);
  future.wait();
  if (on_ranks()) CHECK_THAT(message_of([&] { future.result(); }), Catch::Contains("once is enough"));
  const auto again = client().submit(fickle);
  std::vector<Future<std::size_t>> uses;
  for (const weir::WorkerInfo& worker : client().workers())
    uses.push_back(client().submit(Options{.workers = {worker.name}}, use_fickle, again));
  client().wait(uses);
  for (const auto& each : uses)
    if (each.status() == Status::error)
      CHECK_THAT(each.exception()->what(), Catch::Contains("once is enough"));
  CHECK(client().submit(inc, 1).result() == 2);
}

TEST_CASE("a result that cannot be read back is an error where it is used") {
  for (const auto& future : {client().submit(fragile, "load"), client().submit(large_fragile, "load")}) {
    if (on_ranks()) {
      try {
        future.result();
        FAIL("nothing was thrown");
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::serialization);
        CHECK_THAT(error.what(),
                   Catch::Contains("cannot be read back") && Catch::Contains("does not want to arrive"));
      }
    }
    std::vector<Future<std::size_t>> uses;
    for (const weir::WorkerInfo& worker : client().workers())
      uses.push_back(client().submit(Options{.workers = {worker.name}}, use, future));
    client().wait(uses);
    std::size_t failed = 0;
    for (const auto& each : uses) {
      failed += each.status() == Status::error;
      if (each.status() == Status::error)
        CHECK_THAT(each.exception()->what(), Catch::Contains("does not want to arrive"));
    }
    CHECK(failed == uses.size() - 1);
  }
}

TEST_CASE(
    "an argument that cannot be written throws where it is submitted, one that cannot be read fails its "
    "task") {
  CHECK_THAT(message_of([] { client().submit(use, fragile("save")); }),
             Catch::Contains("does not want to leave"));
  CHECK_THAT(message_of([] { client().submit(use, fragile("load")).result(); }),
             Catch::Contains("does not want to arrive"));
  CHECK(client().submit(inc, 1).result() == 2);
}

TEST_CASE("scattered data that cannot be written throws where it is scattered") {
  CHECK_THAT(message_of([] { (void)client().scatter(fragile("save")); }),
             Catch::Contains("does not want to leave"));
  CHECK(client().submit(inc, 1).result() == 2);
}

TEST_CASE("a callback that throws hurts nobody") {
  const auto future = client().submit(inc, 1);
  future.on_done([](const Future<int>&) {
    throw std::runtime_error("from a callback (this line belongs to the test)");
  });
  CHECK(future.result() == 2);
  CHECK(client().submit(inc, 2).result() == 3);
}

TEST_CASE("many errors among many tasks") {
  std::vector<Future<int>> futures;
  for (int i = 0; i < 1000; ++i) futures.push_back(client().submit(throw_it, i % 3 ? "fine" : "int"));
  client().wait(futures);
  for (int i = 0; i < 1000; ++i) REQUIRE(futures[i].status() == (i % 3 ? Status::finished : Status::error));
}

TEST_CASE("a function that is not there is refused where it is submitted") {
  int (*const none)(int) = nullptr;
  const std::vector<int> xs{1, 2};
  CHECK(message_of([&] { client().submit(none, 1); }) ==
        "submit: the function must not be empty (got a null pointer); pass one that can be called");
  CHECK(message_of([&] { client().submit(Options{}, none, 1); }) ==
        "submit: the function must not be empty (got a null pointer); pass one that can be called");
  CHECK(message_of([&] { client().map(none, xs); }) ==
        "map: the function must not be empty (got a null pointer); pass one that can be called");
  CHECK(message_of([&] { client().run_on_workers(none, 1); }) ==
        "run_on_workers: the function must not be empty (got a null pointer); pass one that can be called");
  CHECK(message_of([&] { client().scatter(1).then(none); }) ==
        "then: the function must not be empty (got a null pointer); pass one that can be called");
}
