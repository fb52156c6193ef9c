// HDF5: what is written is read again, by all kinds of layouts; and what goes wrong says so.
#include <catch2/catch.hpp>

#include <hdf5.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "support/file_size_limit.hpp"
#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/random.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using weir::test::in_cluster;
using weir::test::TemporaryFolder;

namespace {

template <class T>
bool same(const xt::xarray<T>& a, const xt::xarray<T>& b) {
  return a.shape() == b.shape() && std::equal(a.begin(), a.end(), b.begin());
}

// The dataset as the library itself reads it.
std::vector<double> plain_read(const std::string& path, const char* dataset) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t set = H5Dopen2(file, dataset, H5P_DEFAULT);
  const hid_t space = H5Dget_space(set);
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data());
  H5Sclose(space);
  H5Dclose(set);
  H5Fclose(file);
  return values;
}

}  // namespace

TEST_CASE("to_hdf5 writes what the library and open_hdf5 read, compressed or not, in any chunks") {
  in_cluster([] {
    const TemporaryFolder folder;
    const auto values = Random(1).normal({37, 29}).compute();
    for (const Chunks& chunks : {Chunks{{37}, {29}}, Chunks{{10, 10, 10, 7}, {29}},
                                 Chunks{{16, 16, 5}, {8, 8, 8, 5}}, Chunks{{30, 7}, {1, 28}}})
      for (const int gzip : {0, 1, 6})
        for (const Shape& stored : {Shape{}, Shape{8, 8}, Shape{37, 1}}) {
          const auto x = from_xtensor(values, chunks);
          to_hdf5(
              x * 2, folder.path() + "/x.h5", "/group/data",
              {.chunks = stored, .gzip = gzip, .attributes = {{"unit", std::string("K")}, {"scale", 0.5}}});
          const std::vector<double> plain = plain_read(folder.path() + "/x.h5", "/group/data");
          REQUIRE(plain.size() == values.size());
          for (std::size_t i = 0; i < plain.size(); ++i) REQUIRE(plain[i] == values.data()[i] * 2);
          const auto y = open_hdf5<double>(folder.path() + "/x.h5", "/group/data");
          REQUIRE(same<double>((y / 2).compute(), values));
          REQUIRE(same<double>(y(range(3, 30, 2), range(nothing, nothing, -1)).compute(),
                               (x * 2)(range(3, 30, 2), range(nothing, nothing, -1)).compute()));
          const auto rows = open_hdf5<double>(folder.path() + "/x.h5", "/group/data", {.chunks = {5, -1}});
          REQUIRE(
              same<double>(rows.sum({.axis = 1}).compute(), y.rechunk({5, -1}).sum({.axis = 1}).compute()));
        }
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  });
}

TEST_CASE("open_hdf5 reads contiguous datasets and converts numbers") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/c.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t extents[] = {6, 5};
    const hid_t space = H5Screate_simple(2, extents, nullptr);
    float numbers[30];
    for (int i = 0; i < 30; ++i) numbers[i] = static_cast<float>(i);
    const hid_t set = H5Dcreate2(file, "big", H5T_IEEE_F32BE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
    const hid_t native =
        H5Dcreate2(file, "native", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(native, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers);
    H5Dclose(set);
    H5Dclose(native);
    H5Sclose(space);
    H5Fclose(file);
    for (const char* name : {"big", "native"}) {
      const auto x = open_hdf5<float>(path, name, {.chunks = {4, 2}});
      CHECK(x.chunks() == Chunks{{4, 2}, {2, 2, 1}});
      const xt::xarray<float> all_of_it = x.compute();
      for (int i = 0; i < 30; ++i) REQUIRE(all_of_it.data()[i] == static_cast<float>(i));
      CHECK(open_hdf5<double>(path, name)(5, 4).compute()() == 29);
    }
    CHECK_THROWS_WITH(open_hdf5<int>(path, "big"),
                      "open_hdf5: the dataset's elements must be convertible to int32 (got floating-point "
                      "numbers of 4 bytes in \"big\" of \"" +
                          path + "\"; open it as float64, whose astype<>() cuts fractions off)");
  });
}

namespace {

// A dataset of i, i + 1, ... that the library itself writes.
struct Stored {
  const char* name;
  hid_t type;
  std::vector<hsize_t> chunk;
  bool shuffle;
  int gzip;
  bool fletcher = false;
};
void store(hid_t file, const Stored& how, const std::vector<hsize_t>& extents) {
  const hid_t space = H5Screate_simple(static_cast<int>(extents.size()), extents.data(), nullptr),
              properties = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(properties, static_cast<int>(how.chunk.size()), how.chunk.data());
  if (how.shuffle) H5Pset_shuffle(properties);
  if (how.gzip) H5Pset_deflate(properties, static_cast<unsigned>(how.gzip));
  if (how.fletcher) H5Pset_fletcher32(properties);
  const hid_t set = H5Dcreate2(file, how.name, how.type, space, H5P_DEFAULT, properties, H5P_DEFAULT);
  std::vector<double> values(static_cast<std::size_t>(H5Sget_simple_extent_npoints(space)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 30'000);
  REQUIRE(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) >= 0);
  H5Dclose(set);
  H5Pclose(properties);
  H5Sclose(space);
}

}  // namespace

TEST_CASE("open_hdf5 reads across chunks of the file, whatever filters and type they are stored with") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/c.h5";
    const std::vector<hsize_t> extents{300, 411};
    const std::vector<Stored> all_of_them{{"plain", H5T_NATIVE_DOUBLE, {128, 300}, false, 0},
                                          {"rows", H5T_NATIVE_DOUBLE, {100, 411}, false, 0},
                                          {"tiny", H5T_NATIVE_DOUBLE, {3, 5}, false, 0},
                                          {"gzip", H5T_NATIVE_DOUBLE, {128, 300}, false, 4},
                                          {"both", H5T_NATIVE_DOUBLE, {70, 50}, true, 1},
                                          {"sorted", H5T_NATIVE_FLOAT, {70, 50}, true, 0},
                                          {"short", H5T_NATIVE_INT16, {128, 300}, true, 4},
                                          {"big", H5T_IEEE_F64BE, {70, 50}, true, 4},
                                          {"wide", H5T_NATIVE_LDOUBLE, {70, 50}, true, 1},
                                          {"turned", H5T_STD_I32BE, {290, 400}, false, 0},
                                          {"checked", H5T_NATIVE_DOUBLE, {70, 50}, true, 1, true}};
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (const Stored& how : all_of_them) store(file, how, extents);
    H5Fclose(file);
    const auto expected = reshape(arange<double>(0, 300 * 411), {300, 411}) % 30'000.0;
    const xt::xarray<double> everything = expected.compute(),
                             turned = expected(range(37, 251, 3), range(nothing, nothing, -1)).compute();
    for (const Stored& how : all_of_them)
      for (const ChunkSpec& chunks : {ChunkSpec(), ChunkSpec{-1, -1}, ChunkSpec{150, -1}, ChunkSpec{-1, 7},
                                      ChunkSpec{Chunks{{1, 199, 0, 100}, {300, 111}}}}) {
        INFO(how.name);
        const auto x = open_hdf5<double>(path, how.name, {.chunks = chunks});
        REQUIRE(same<double>(x.compute(), everything));
        REQUIRE(same<double>(x(range(37, 251, 3), range(nothing, nothing, -1)).compute(), turned));
        REQUIRE(same<float>(open_hdf5<float>(path, how.name, {.chunks = chunks}).compute(),
                            expected.astype<float>().compute()));
      }
    CHECK(same<std::int64_t>(open_hdf5<std::int64_t>(path, "short", {.chunks = {-1, 100}}).compute(),
                             expected.astype<std::int64_t>().compute()));
  });
}

TEST_CASE("open_hdf5 gives the fill value where nothing was written, and says which dataset is damaged") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/f.h5";
    const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hsize_t extents[] = {100}, chunk[] = {10}, begin[] = {20}, count[] = {20};
    const hid_t space = H5Screate_simple(1, extents, nullptr), memory = H5Screate_simple(1, count, nullptr),
                properties = H5Pcreate(H5P_DATASET_CREATE);
    const double fill = 7;
    H5Pset_chunk(properties, 1, chunk);
    H5Pset_deflate(properties, 1);
    H5Pset_fill_value(properties, H5T_NATIVE_DOUBLE, &fill);
    const hid_t set = H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, begin, nullptr, count, nullptr);
    const std::vector<double> ones_of_them(20, 1);
    H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, ones_of_them.data());
    const hsize_t last[] = {90};
    const char nonsense[] = "no zlib stream";
    const hid_t other =
        H5Dcreate2(file, "damaged", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, properties, H5P_DEFAULT);
    H5Dwrite_chunk(other, H5P_DEFAULT, 0, last, sizeof nonsense, nonsense);
    // A chunk that was written without its filter.
    std::vector<double> numbers(10);
    for (std::size_t i = 0; i < 10; ++i) numbers[i] = static_cast<double>(i);
    H5Dwrite_chunk(set, H5P_DEFAULT, 1, last, 80, numbers.data());
    for (const hid_t one : {set, other}) H5Dclose(one);
    H5Pclose(properties);
    H5Sclose(memory);
    H5Sclose(space);
    H5Fclose(file);
    const auto x = open_hdf5<double>(path, "x", {.chunks = {50}}).compute();
    for (std::size_t i = 0; i < 100; ++i)
      REQUIRE(x(i) == (i >= 90 ? static_cast<double>(i - 90) : i >= 20 && i < 40 ? 1 : 7));
    CHECK(open_hdf5<double>(path, "x", {.chunks = {20}})(range(90, 100)).compute()(9) == 9);
    CHECK_THROWS_WITH(open_hdf5<double>(path, "damaged", {.chunks = {10}})(range(90, 100)).compute(),
                      Catch::Contains("open_hdf5: cannot read \"damaged\" of \"" + path +
                                      "\" (the bytes of a chunk are damaged)"));
  });
}

TEST_CASE("to_hdf5 keeps every element type, several arrays and regions") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/t.h5";
    using C = std::complex<double>;
    const auto z = from_xtensor(xt::xarray<std::complex<double>>{C(1, 2), C(3, 4), C(5, 6)}, {2});
    const auto b = from_xtensor(xt::xarray<bool>{true, false, true}, {2});
    const auto i = arange<std::int16_t>(0, 7, 1, {3});
    to_hdf5(path, named("z", z), named("b", b), named("i", i, {.gzip = 4}), named("none", zeros({0, 3})),
            named("number", ones({})));
    CHECK(same<std::complex<double>>(open_hdf5<std::complex<double>>(path, "z").compute(), z.compute()));
    CHECK(same<bool>(open_hdf5<bool>(path, "b").compute(), b.compute()));
    CHECK(same<std::int16_t>(open_hdf5<std::int16_t>(path, "i").compute(), i.compute()));
    CHECK(open_hdf5<double>(path, "none").compute().size() == 0);
    CHECK(double(open_hdf5<double>(path, "number").compute()) == 1);
    to_hdf5(ones({4}), path, "more", {.append = true});
    CHECK(double(open_hdf5<double>(path, "more").sum().compute()) == 4);
    CHECK_THROWS_WITH(to_hdf5(ones({4}), path, "more", {.append = true}),
                      Catch::Contains("to_hdf5: the dataset must be new (got \"more\""));
    to_hdf5_region(full({2}, 7.0), path, "more", {1});
    CHECK(same<double>(open_hdf5<double>(path, "more").compute(), {1, 7, 7, 1}));
    CHECK_THROWS_WITH(to_hdf5_region(full({2}, 7.0), path, "more", {3}),
                      Catch::Contains("to_hdf5_region: the region must lie in \"more\" of \"") &&
                          Catch::Contains("(got [3, 5) along axis 0, which has 4); a dataset written with "
                                          ".unlimited grows"));
  });
}

namespace {
xt::xarray<double> broken(const xt::xarray<double>&) { throw std::runtime_error("no value today"); }
}  // namespace

TEST_CASE("hdf5 says what is wrong, and leaves nothing that looks whole") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/e.h5";
    CHECK_THROWS_WITH(open_hdf5<double>(path, "x"), "open_hdf5: the file must exist (got \"" + path + "\")");
    std::ofstream(path) << "no HDF5 at all";
    CHECK_THROWS_WITH(open_hdf5<double>(path, "x"), Catch::Contains("must be an HDF5 file"));
    to_hdf5(ones({1000}, {100}), path, "x");
    CHECK_THROWS_WITH(open_hdf5<double>(path, "y"),
                      "open_hdf5: the dataset must exist (got \"y\" in \"" + path + "\")");
    const auto before = std::filesystem::last_write_time(path);
    CHECK_THROWS_WITH(to_hdf5(map_blocks<double>(broken, ones({10}, {2})), path, "x"),
                      Catch::Contains("no value today"));
    CHECK(std::filesystem::last_write_time(path) == before);
    CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    CHECK_THROWS_WITH(open_hdf5<double>(path, "x"), Catch::Contains("open_hdf5: the file is truncated"));
    CHECK_THROWS_WITH(to_hdf5(ones({3}), folder.path() + "/no/such/folder.h5", "x"),
                      Catch::Contains("to_hdf5: cannot create"));
    CHECK_THROWS_WITH(to_hdf5(ones({3}), path, "/"), "to_hdf5: a dataset must have a name (got \"/\")");
    CHECK_THROWS_WITH(to_hdf5(ones({3}), path, "x", {.gzip = 10}),
                      "to_hdf5: gzip must be in [0, 9] (got 10)");
    CHECK_THROWS_WITH(open_hdf5<double>(folder.path(), "x"),
                      "open_hdf5: \"" + folder.path() + "\" must be a file (got a folder)");
    CHECK_THROWS_WITH(to_hdf5_region(ones({3}), folder.path() + "/none.h5", "x", {0}),
                      "to_hdf5_region: the file must exist (got \"" + folder.path() + "/none.h5\")");
    if (access("/dev/full", W_OK) == 0) CHECK_THROWS(to_hdf5(ones({3}), "/dev/full", "x", {.append = true}));
  });
}

namespace {

std::size_t files_in(const TemporaryFolder& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

}  // namespace

TEST_CASE("to_hdf5 on a full disk says so and leaves what was there") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    to_hdf5(ones({1000}, {100}), path, "x");
    {
      const test::FileSizeLimit full(400'000);
      CHECK_THROWS_WITH(to_hdf5(ones({100'000}, {10'000}), path, "x"),
                        Catch::Contains("to_hdf5: cannot ") && Catch::Contains("File too large"));
      // What is compressed fills the disk half-way.
      CHECK_THROWS_WITH(to_hdf5(Random(1).uniform({100'000}, 0, 1, {10'000}), path, "x", {.gzip = 1}),
                        Catch::Contains("which has no room for ") && Catch::Contains("File too large"));
      CHECK_THROWS_WITH(to_hdf5(ones({100'000}, {10'000}), path, "y", {.append = true}),
                        Catch::Contains("to_hdf5: cannot "));
      CHECK_THROWS_WITH(
          to_hdf5(Random(1).uniform({100'000}, 0, 1, {10'000}), path, "z", {.append = true, .gzip = 1}),
          Catch::Contains("to_hdf5: cannot "));
    }
    CHECK(files_in(folder) == 1);
    CHECK(double(open_hdf5<double>(path, "x").sum().compute()) == 1000);
    CHECK_THROWS_WITH(open_hdf5<double>(path, "y"), Catch::Contains("the dataset must exist"));
    to_hdf5(ones({100'000}, {10'000}), path, "y", {.append = true});
    CHECK(double(open_hdf5<double>(path, "y").sum().compute()) == 100'000);
  });
}

TEST_CASE(
    "to_hdf5_region and streams on a full disk say so, keep what was there and mark what is not complete") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    to_hdf5(path, named("keep", ones({1000}, {100})), named("gzip", zeros({100'000}, {10'000}), {.gzip = 9}),
            named("none", zeros({100'000}, {10'000}), {.gzip = 1}));
    const auto size = std::filesystem::file_size(path);
    {
      const test::FileSizeLimit limit(size + 200'000);
      CHECK_THROWS_WITH(
          to_hdf5_region(Random(1).uniform({100'000}, 0, 1, {10'000}), path, "gzip", {0}),
          Catch::Contains("to_hdf5_region: cannot write \"" + path + "\", which has no room for ") &&
              Catch::Contains("File too large"));
      // In the file it does not need more room.
      to_hdf5_region(weir::full({1000}, 3.0), path, "keep", {0});
    }
    CHECK_THROWS_WITH(open_hdf5<double>(path, "gzip"),
                      Catch::Contains("open_hdf5: the dataset must be complete (\"gzip\" of"));
    CHECK(double(open_hdf5<double>(path, "keep").sum().compute()) == 3000);
    CHECK(double(open_hdf5<double>(path, "none").sum().compute()) == 0);
    to_hdf5_region(ones({100'000}, {10'000}), path, "gzip", {0});
    CHECK(double(open_hdf5<double>(path, "gzip").sum().compute()) == 100'000);
    CHECK(files_in(folder) == 1);
  });
}

TEST_CASE("errors name the file that the user named") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/no/x.h5";
    CHECK_THROWS_WITH(
        to_hdf5(ones({3}), path, "x"),
        Catch::Contains("to_hdf5: cannot create \"" + path + "\" for writing (No such file or directory)"));
    const std::string there = folder.path() + "/x.h5";
    to_hdf5(ones({10}), there, "x");
    {
      struct Back {
        std::filesystem::path path = std::filesystem::current_path();
        ~Back() { std::filesystem::current_path(path); }
      } const back;
      std::filesystem::current_path(folder.path());
      CHECK_THROWS_WITH(open_hdf5<double>("x.h5", "no"),
                        "open_hdf5: the dataset must exist (got \"no\" in \"x.h5\")");
      to_hdf5(weir::full({2}, 300), "x.h5", "wide", {.append = true});
      CHECK_THROWS_WITH(open_hdf5<std::uint8_t>("x.h5", "wide").compute(),
                        Catch::Contains("the number 300 at (0,) of \"wide\" in \"x.h5\" does not fit uint8"));
      CHECK_THROWS_WITH(
          to_hdf5(ones({2}), "x.h5", "x/y", {.append = true}),
          "to_hdf5: a dataset must lie in a group (got \"x/y\"; \"x\" is a dataset of \"x.h5\")");
    }
    const test::FileSizeLimit full(20'000);
    for (const bool append : {false, true}) {
      CHECK_THROWS_WITH(to_hdf5(ones({100'000}, {10'000}), there, "y", {.append = append}),
                        Catch::Contains("\"" + there + "\"") && !Catch::Contains(".part-"));
      CHECK_THROWS_WITH(
          to_hdf5(Random(1).uniform({100'000}, 0, 1, {10'000}), there, "y", {.append = append, .gzip = 1}),
          Catch::Contains("\"" + there + "\"") && !Catch::Contains(".part-"));
    }
  });
}

TEST_CASE("to_hdf5 into an existing file gives a dataset its name when it is complete") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    to_hdf5(ones({10}), path, "x");
    CHECK_THROWS_WITH(to_hdf5(map_blocks<double>(broken, ones({10}, {2})), path, "group/y", {.append = true}),
                      Catch::Contains("no value today"));
    CHECK_THROWS_WITH(open_hdf5<double>(path, "group/y"), Catch::Contains("the dataset must exist"));
    to_hdf5(ones({10}), path, "group/y", {.append = true});
    CHECK(double(open_hdf5<double>(path, "group/y").sum().compute()) == 10);
    CHECK(double(open_hdf5<double>(path, "x").sum().compute()) == 10);
  });
}

TEST_CASE("to_hdf5_region marks a dataset until it is complete") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    to_hdf5(zeros({10}), path, "x");
    CHECK_THROWS_WITH(to_hdf5_region(map_blocks<double>(broken, ones({4}, {2})), path, "x", {0}),
                      Catch::Contains("no value today"));
    CHECK(double(open_hdf5<double>(path, "x").sum().compute()) == 0);  // nothing had been written
    const auto half = concatenate<double>({ones({2}), map_blocks<double>(broken, ones({2}))}, 0);
    CHECK_THROWS_WITH(to_hdf5_region(half, path, "x", {0}), Catch::Contains("no value today"));
    CHECK_THROWS_WITH(open_hdf5<double>(path, "x"),
                      Catch::Contains("open_hdf5: the dataset must be complete (\"x\" of"));
    to_hdf5_region(ones({10}), path, "x", {0});
    CHECK(double(open_hdf5<double>(path, "x").sum().compute()) == 10);
    CHECK_THROWS_WITH(to_hdf5_region(ones({10}), path, "y", {0}),
                      Catch::Contains("to_hdf5_region: the dataset must exist"));
  });
}

TEST_CASE("to_hdf5 applies filters by their number") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/f.h5";
    const auto x = from_xtensor(Random(3).integers({50, 40}, 0, 100).compute(), {{20, 20, 10}, {40}});
    for (const std::vector<Hdf5Filter>& filters :
         {std::vector<Hdf5Filter>{{3}}, {{2}, {1, {9}}}, {{2}, {1, {1}}, {3}}}) {
      to_hdf5(x, path, "x", {.filters = filters});
      CHECK(same<std::int64_t>(open_hdf5<std::int64_t>(path, "x").compute(), x.compute()));
    }
    CHECK_THROWS_WITH(to_hdf5(x, path, "x", {.filters = {{31999}}}),
                      "to_hdf5: HDF5 must have the filter 31999 on every rank (plugins are looked for in "
                      "HDF5_PLUGIN_PATH)");
    if (H5Zfilter_avail(32026) <= 0)
      CHECK_THROWS_WITH(to_hdf5(x, path, "x", {.filters = {{32026}}}),
                        Catch::Contains("HDF5 must have the filter 32026 (blosc2) on every rank"));
    CHECK_THROWS_WITH(to_hdf5(x, path, "x", {.gzip = 4, .filters = {{3}}}),
                      Catch::Contains("to_hdf5: gzip must be 0 where filters are given"));
    CHECK(files_in(folder) == 1);
  });
}

namespace {

// What `body` gives in a process of a user who is not root, since root may do everything.
template <class Body>
std::string as_somebody(Body body) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) {
    constexpr unsigned nobody = 65534;
    std::string text;
    if (geteuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0)) text = "cannot become another user";
    try {
      if (text.empty()) text = body();
    } catch (const std::exception& error) {
      text = error.what();
    }
    [[maybe_unused]] const auto written = write(ends[1], text.data(), text.size());
    _exit(0);
  }
  close(ends[1]);
  std::string text(4096, ' ');
  std::size_t size = 0;
  for (ssize_t got = 0;
       size < text.size() && (got = read(ends[0], text.data() + size, text.size() - size)) > 0;)
    size += static_cast<std::size_t>(got);
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  text.resize(size);
  return text;
}

template <class F>
std::string error_of(F work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("hdf5 without permission says so") {
  const std::string text = as_somebody([] {
    std::string errors;
    in_cluster([&] {
      const TemporaryFolder folder;
      const std::string path = folder.path() + "/x.h5";
      to_hdf5(ones({10}), path, "x");
      std::filesystem::permissions(path, std::filesystem::perms::owner_read);
      errors += "append " + error_of([&] { to_hdf5(ones({10}), path, "y", {.append = true}); }) + "\n";
      std::filesystem::permissions(path, std::filesystem::perms::none);
      errors += "open " + error_of([&] { (void)open_hdf5<double>(path, "x"); }) + "\n";
      std::filesystem::permissions(folder.path(),
                                   std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
      errors += "new " + error_of([&] { to_hdf5(ones({10}), folder.path() + "/new.h5", "x"); }) + "\n";
      errors += "files " + std::to_string(files_in(folder));
      std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
    });
    return errors;
  });
  CHECK_THAT(text, Catch::Contains("append to_hdf5: cannot open ") &&
                       Catch::Contains("open open_hdf5: cannot read ") &&
                       Catch::Contains("new to_hdf5: cannot create ") && Catch::EndsWith("files 1"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  std::size_t denied = 0;
  for (std::size_t at = text.find("Permission denied"); at != std::string::npos;
       at = text.find("Permission denied", at + 1))
    ++denied;
  CHECK(denied == 3);
}
