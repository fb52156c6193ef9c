// Streams to and from HDF5 files.
#include "weir/array/hdf5_stream.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/file_size_limit.hpp"
#include "support/process.hpp"

using namespace weir;
using test::TemporaryFolder;

namespace {

xt::xarray<double> frame(double first) {
  return {{first, first + 1, first + 2}, {first + 3, first + 4, first + 5}};
}

// All elements of a dataset, in order.
std::vector<double> all_of(const std::string& path, const std::string& dataset, std::int64_t rows = 0) {
  auto source = from_hdf5<double>(path, dataset, {.rows = rows});
  std::vector<double> values;
  source.sink([&](const xt::xarray<double>& x) { values.insert(values.end(), x.begin(), x.end()); });
  source.start();
  source.drain();
  return values;
}
std::vector<double> counted(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i);
  return values;
}

}  // namespace

TEST_CASE("sink_to_hdf5 appends numbers and from_hdf5 gives them back in pieces") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  {
    Stream<double> source;
    source.apply(op::sink_to_hdf5(path, "run/x", {.chunk = 8}));
    for (const double x : counted(20)) source.emit(x);
    source.close();
  }
  CHECK(all_of(path, "run/x") == counted(20));
  CHECK(all_of(path, "run/x", 7) == counted(20));
}

TEST_CASE("sink_to_hdf5 continues a dataset, entry by entry or by rows") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  for (const int run : {0, 1}) {
    Stream<xt::xarray<double>> source;
    source.apply(op::sink_to_hdf5(path, "frames", {.chunk = 4, .gzip = run}));
    for (int i = 0; i < 5; ++i) source.emit(frame((5 * run + i) * 6));
    source.close();
  }
  {
    Stream<xt::xarray<double>> source;
    source.apply(op::sink_to_hdf5(path, "frames", {.rows = true}));
    xt::xarray<double> two = xt::xarray<double>::from_shape({2, 2, 3});
    for (std::size_t i = 0; i < 12; ++i) two.data()[i] = static_cast<double>(60 + i);
    source.emit(two);
    source.close();
  }
  CHECK(all_of(path, "frames", 5) == counted(72));
}

TEST_CASE("sink_to_hdf5 leaves a file that is marked until it is drained") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  Stream<double> source;
  source.apply(op::sink_to_hdf5(path, "x"));
  source.emit(1);
  CHECK_THROWS_WITH((from_hdf5<double>(path, "x")), Catch::Contains("the dataset must be complete"));
  source.drain();
  CHECK(all_of(path, "x") == std::vector<double>{1});
  source.emit(2);
  CHECK_THROWS_WITH((from_hdf5<double>(path, "x")), Catch::Contains("the dataset must be complete"));
  source.close();
  CHECK(all_of(path, "x") == std::vector<double>{1, 2});
}

TEST_CASE("sink_to_hdf5 on a full disk says so and leaves a dataset that is marked") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  std::string error;
  {
    const test::FileSizeLimit full(400'000);
    Stream<double> source;
    source.apply(op::sink_to_hdf5(path, "x", {.chunk = 10'000}));
    try {
      for (const double x : counted(100'000)) source.emit(x);
    } catch (const Error& refused) {
      error = refused.what();
    }
    CHECK_THROWS(source.close());
  }
  CHECK_THAT(error, Catch::Contains("sink_to_hdf5: cannot write \"" + path + "\", which has no room for ") &&
                        Catch::Contains("File too large"));
  CHECK_THROWS_WITH((from_hdf5<double>(path, "x")), Catch::Contains("the dataset must be complete"));
  const test::FileSizeLimit full(1'000);
  Stream<double> source;
  source.apply(op::sink_to_hdf5(folder.path() + "/y.h5", "x"));
  CHECK_THROWS_WITH(source.emit(1),
                    Catch::Contains("sink_to_hdf5: cannot write \"" + folder.path() + "/y.h5\""));
}

TEST_CASE("hdf5 streams say what is wrong") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  CHECK_THROWS_WITH(op::sink_to_hdf5(path, "x", {.gzip = 10})(Stream<double>()),
                    "sink_to_hdf5: gzip must be in [0, 9] (got 10)");
  CHECK_THROWS_WITH(op::sink_to_hdf5(path, "/")(Stream<double>()),
                    "sink_to_hdf5: a dataset must have a name (got \"/\")");
  {
    Stream<xt::xarray<double>> source;
    source.apply(op::sink_to_hdf5(path, "frames"));
    source.emit(frame(0));
    CHECK_THROWS_WITH(
        source.emit(xt::xarray<double>{1, 2}),
        Catch::Contains(
            "sink_to_hdf5: elements must have the shape (2, 3) of the dataset's entries (got (2,))"));
    source.emit(frame(6));
    source.close();
  }
  CHECK(all_of(path, "frames") == counted(12));
  {
    Stream<int> source;
    source.apply(op::sink_to_hdf5(path, "frames"));
    CHECK_THROWS_WITH(source.emit(1), Catch::Contains("must be a dataset of int32"));
  }
  {
    Stream<double> source;
    source.apply(op::sink_to_hdf5(folder.path() + "/no/such/folder.h5", "x"));
    CHECK_THROWS_WITH(source.emit(1), Catch::Contains("sink_to_hdf5: cannot create"));
  }
  CHECK_THROWS_WITH((from_hdf5<double>(path, "y")), Catch::Contains("the dataset must exist"));
  CHECK_THROWS_WITH((from_hdf5<double>(path, "frames", {.rows = -1})),
                    "from_hdf5: rows must not be negative (got -1)");
}
