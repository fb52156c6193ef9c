// Arrays that are computed once, whatever ends the runs.
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "array/foreign_file.hpp"
#include "journal/journal.hpp"
#include "journal/pieces.hpp"
#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/shape.hpp"
#include "weir/journal.hpp"

using namespace weir;
using test::error_of;
using test::in_cluster;
using test::TemporaryFolder;

namespace fs = std::filesystem;

namespace {

std::atomic<int> calls{0};
std::atomic<double> limit{1e9};

}  // namespace

// They have names: arrays are found again by them.
xt::xarray<double> squared_below_limit(const xt::xarray<double>& x) {
  if (x(0) >= limit) throw std::runtime_error("the node is gone");
  ++calls;
  return x * x;
}
xt::xarray<double> squared_too(const xt::xarray<double>& x) { return x * x; }

namespace {

// Squares of 0 to 99, in ten chunks.
Array<double> squares(double from = 0) {
  return map_blocks<double>(squared_below_limit, arange<double>(from, from + 100, 1, {10}));
}

int calls_of(const std::function<void()>& body) {
  calls = 0;
  body();
  return calls;
}

void flip(const std::string& path, std::streamoff at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(at);
  const char old = static_cast<char>(file.get());
  file.seekp(at);
  file.put(static_cast<char>(old ^ 1));
}

bool is_right(const Array<double>& x) {
  const auto all = x.compute();
  for (std::size_t i = 0; i < 100; ++i)
    if (all(i) != static_cast<double>(i * i)) return false;
  return all.size() == 100;
}

}  // namespace

TEST_CASE("to_hdf5 with resume goes on with the chunks that are missing") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  in_cluster([&] {
    limit = 55;
    CHECK_THROWS_AS(squares().to_hdf5(path, "x", {.resume = true}), Error);
    limit = 1e9;
    CHECK_FALSE(fs::exists(path));
    REQUIRE(fs::exists(path + ".resume"));
    const auto pieces = detail::journal::read_pieces(path + ".pieces").value().pieces;
    REQUIRE(pieces.size() >= 1);
    REQUIRE(pieces.size() <= 6);
    flip(path + ".resume", static_cast<std::streamoff>(pieces[0].place) + 3);
    const auto missing = static_cast<int>(10 - pieces.size() + 1);
    CHECK(calls_of([&] { squares().to_hdf5(path, "x", {.resume = true}); }) == missing);
    CHECK(is_right(open_hdf5<double>(path, "x")));
    CHECK_FALSE(fs::exists(path + ".resume"));
    CHECK_FALSE(fs::exists(path + ".pieces"));
    CHECK(calls_of([&] { squares().to_hdf5(path, "x", {.resume = true}); }) == 0);
    // Another array is another file.
    CHECK(calls_of([&] { squares(0.5).to_hdf5(path, "x", {.resume = true}); }) == 10);
    CHECK(open_hdf5<double>(path, "x").compute()(1) == 2.25);
    // What was interrupted of another array is of no use.
    limit = 55;
    CHECK_THROWS_AS(squares(0.25).to_hdf5(path, "x", {.resume = true}), Error);
    limit = 1e9;
    CHECK(calls_of([&] { squares().to_hdf5(path, "x", {.resume = true}); }) == 10);
    CHECK(is_right(open_hdf5<double>(path, "x")));
  });
}

TEST_CASE("several arrays of one file go on, and two axes") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  in_cluster([&] {
    const auto write = [&] {
      const auto plane = reshape(arange<double>(0, 35, 1, {10}), {5, 7}).rechunk({2, 3});
      to_hdf5(path, named("a", squares(), {.resume = true}), named("/g/b", plane, {.resume = true}),
              named("none", zeros<double>({0, 3}), {.resume = true}));
    };
    limit = 55;
    CHECK_THROWS_AS(write(), Error);
    limit = 1e9;
    CHECK(calls_of(write) < 10);
    CHECK(is_right(open_hdf5<double>(path, "a")));
    const auto plane = open_hdf5<double>(path, "/g/b").compute();
    CHECK(plane(4, 6) == 34);
    CHECK(plane(0, 3) == 3);
    CHECK(open_hdf5<double>(path, "none").shape() == Shape{0, 3});
  });
}

TEST_CASE("what cannot be resumed is refused") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  in_cluster([&] {
    CHECK(error_of([&] { squares().to_hdf5(path, "x", {.gzip = 4, .resume = true}); }) ==
          "to_hdf5: resume does not go with gzip, filters or unlimited, whose chunks have no place of their "
          "own (got \"x\")");
    CHECK(error_of([&] { squares().to_hdf5(path, "x", {.append = true, .resume = true}); }) ==
          "to_hdf5: resume is of a new file, and does not go with append; give the array a file of its own");
    const auto unnamed =
        map_blocks<double>([](const xt::xarray<double>& x) { return xt::xarray<double>(x + 1); },
                           arange<double>(0, 100, 1, {10}));
    CHECK_THAT(error_of([&] { unnamed.to_hdf5(path, "x", {.resume = true}); }),
               Catch::StartsWith("to_hdf5: a lambda has no name by which another run finds its results; name "
                                 "it: make it a function (got "));
    CHECK_FALSE(fs::exists(path + ".pieces"));
  });
}

TEST_CASE("persist(cached) finds an array in the journal") {
  const TemporaryFolder folder;
  const std::string kept = folder.path() + "/j";
  const auto in_journal = [&](const std::function<void()>& body) {
    return calls_of([&] {
      in_cluster([&] {
        journal(kept);
        body();
      });
    });
  };
  CHECK(in_journal([] { CHECK(is_right(squares().persist(cached{}))); }) == 10);
  CHECK(in_journal([] {
          const Array<double> found = squares().persist(cached{});
          CHECK(found.chunks() == Chunks{std::vector<std::int64_t>(10, 10)});
          CHECK(is_right(found));
        }) == 0);
  // The same numbers by another function, from other arguments, and in another version.
  CHECK(in_journal([] {
          CHECK(is_right(map_blocks<double>(squared_too, arange<double>(0, 100, 1, {10})).persist(cached{})));
        }) == 0);
  CHECK(in_journal([] { (void)squares(1).persist(cached{}); }) == 10);
  limit = 55;
  CHECK(in_journal([] { CHECK_THROWS_AS(squares().persist(cached{.version = 2}), Error); }) < 10);
  limit = 1e9;
  CHECK(in_journal([] { CHECK(is_right(squares().persist(cached{.version = 2}))); }) < 10);
  // An array that the workers hold counts by its elements, another one that was found by its key.
  const auto of_held = [] {
    const auto held = arange<double>(0, 100, 1, {10}).persist();
    CHECK(is_right(map_blocks<double>(squared_below_limit, held).persist(cached{})));
    (void)(squares().persist(cached{}) + 1.0).persist(cached{});
  };
  CHECK(in_journal(of_held) == 10);
  CHECK(in_journal(of_held) == 0);

  using detail::journal::Access;
  using detail::journal::Entry;
  detail::journal::Journal journal(kept, Access::write);
  std::vector<Entry> arrays;
  journal.for_each([&](const Entry& entry) { arrays.push_back(entry); });
  REQUIRE(arrays.size() == 6);
  CHECK((arrays[0].file && arrays[0].function.name == "persist" && arrays[0].bytes == 800));
  CHECK(journal.verify().empty());
  const std::string file = journal.find_file(arrays[0].key);
  const auto place =
      static_cast<std::streamoff>(detail::journal::read_pieces(file + ".pieces").value().pieces[4].place);
  flip(file, place);
  REQUIRE(journal.verify().size() == 1);
  CHECK(journal.verify()[0].second ==
        "journal: " + file + " is not what was written, at byte " + std::to_string(place));
  flip(file, place);
  detail::journal::Journal other(folder.path() + "/k", Access::write);
  CHECK(journal.copy_to(other, [](const Entry&) { return true; }) == 6);
  CHECK(other.verify().empty());
  CHECK(fs::exists(other.find_file(arrays[0].key)));
  CHECK(journal.keep_within(3000) >= 3);  // but not the one that is in use
  CHECK(fs::exists(file));
  journal.forget(arrays[0].key);
  CHECK(journal.find_file(arrays[0].key).empty());
  CHECK_FALSE(fs::exists(file));
  CHECK_FALSE(fs::exists(file + ".pieces"));
}

TEST_CASE("without a journal persist(cached) is persist") {
  in_cluster([] { CHECK(calls_of([] { CHECK(is_right(squares().persist(cached{}))); }) == 10); });
}
