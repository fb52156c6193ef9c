// Files that other programs have made are read right, or refused with a sentence.
#include <catch2/catch.hpp>
#include <cfloat>
#include <climits>
#include <cmath>
#include <cstring>
#include <filesystem>

#include "array/foreign_file.hpp"
#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"

using namespace weir;
using test::error_of;
using test::ForeignFile;
using test::in_cluster;
using test::listed;
using test::TemporaryFolder;

namespace {

std::vector<double> counted(std::size_t count, double from = 0) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = from + static_cast<double>(i);
  return values;
}
std::vector<double> read_all(const std::string& path, const std::string& name, const OpenHdf5& how = {}) {
  return listed<double>(open_hdf5<double>(path, name, how).compute());
}

}  // namespace

TEST_CASE("open_hdf5 reads the file that links lead to, not the one that was named") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string master = folder.path() + "/master.h5";
    std::filesystem::create_directory(folder.path() + "/data");
    {
      ForeignFile target(folder.path() + "/data/target.h5");
      target.write("x", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {100'000}, counted(100'000));
      target.write("chunked", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {100'000}, counted(100'000, 5), {50'000});
      target.write("gzip", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {100'000}, counted(100'000, 9), {50'000}, 1);
      ForeignFile file(master);
      file.write("own", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {200'000}, std::vector<double>(200'000, 7.0));
      for (const char* name : {"x", "chunked", "gzip"})
        H5Lcreate_external("data/target.h5", name, file.file, name, H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("/x", file.file, "soft", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("/round", file.file, "round", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("/nowhere", file.file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_soft("/gone", file.file, "soft_gone", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_external("data/none.h5", "x", file.file, "gone", H5P_DEFAULT, H5P_DEFAULT);
      H5Lcreate_external("data/target.h5", "none", file.file, "renamed", H5P_DEFAULT, H5P_DEFAULT);
      H5Gclose(H5Gcreate2(file.file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    }
    for (int again = 0; again < 2; ++again) {
      CHECK((read_all(folder.path() + "/data/target.h5", "x") == counted(100'000)));  // now it is open
      CHECK((read_all(master, "x") == counted(100'000)));
      CHECK((read_all(master, "soft") == counted(100'000)));
      CHECK((read_all(master, "chunked") == counted(100'000, 5)));
      CHECK((read_all(master, "gzip") == counted(100'000, 9)));
    }
    const std::string of = "\" of \"" + master + "\" ";
    for (const char* name : {"gone", "soft_gone"})
      CHECK(error_of([&] { (void)open_hdf5<double>(master, name); }) ==
            "open_hdf5: \"" + std::string("/").substr(std::strcmp(name, "gone") == 0) + "gone" + of +
                "leads to \"x\" of \"data/none.h5\", which cannot be opened (No such file or directory)");
    CHECK(error_of([&] { (void)open_hdf5<double>(master, "renamed"); }) ==
          "open_hdf5: \"renamed" + of +
              "leads to \"none\" of \"data/target.h5\", which cannot be opened (it is not there)");
    CHECK(error_of([&] { (void)open_hdf5<double>(master, "dangling"); }) ==
          "open_hdf5: \"dangling" + of + "leads to \"/nowhere\", which is not there");
    CHECK(error_of([&] { (void)open_hdf5<double>(master, "round"); }) ==
          "open_hdf5: \"/round" + of + "leads to \"/round\", from link to link without end");
    CHECK(error_of([&] { (void)open_hdf5<double>(master, "group"); }) ==
          "open_hdf5: \"group" + of + "must be a dataset (got a group)");
    // What it leads to is replaced.
    std::filesystem::remove(folder.path() + "/data/target.h5");
    {
      ForeignFile target(folder.path() + "/data/target.h5");
      target.write("x", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {100'000}, counted(100'000, 1));
    }
    CHECK((read_all(master, "x") == counted(100'000, 1)));
  });
}

TEST_CASE("files with a user block before them are read and appended to right") {
  in_cluster([] {
    const TemporaryFolder folder;
    for (const hsize_t block : {512, 4096}) {
      const std::string path = folder.path() + "/" + std::to_string(block) + ".h5";
      {
        ForeignFile file(path, block);
        file.write("plain", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {200'000}, counted(200'000));
        file.write("chunked", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {200'000}, counted(200'000), {100'000});
        file.write("gzip", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {200'000}, counted(200'000), {100'000}, 1);
      }
      const auto x = arange<double>(0, 200'000, 1, {50'000});
      to_hdf5(x + 3, path, "added", {.append = true});
      to_hdf5(ones({}), path, "number", {.append = true});
      to_hdf5(x + 4, path, "packed", {.append = true, .gzip = 1});
      for (const char* name : {"plain", "chunked", "gzip"}) {
        CHECK((read_all(path, name) == counted(200'000)));
        CHECK((test::plain_read(path, name) == counted(200'000)));
      }
      CHECK((read_all(path, "added") == counted(200'000, 3)));
      CHECK((test::plain_read(path, "added") == counted(200'000, 3)));
      CHECK((test::plain_read(path, "packed") == counted(200'000, 4)));
      CHECK((test::plain_read(path, "number") == std::vector<double>{1}));
    }
  });
}

TEST_CASE("virtual datasets read their sources as they are, and name those that are missing") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string master = folder.path() + "/virtual.h5";
    const auto source = [&](const std::string& name, int first) {
      ForeignFile file(folder.path() + "/" + name);
      file.write("d", H5T_NATIVE_INT, H5T_NATIVE_INT, {4},
                 std::vector<int>{first, first + 1, first + 2, first + 3});
    };
    source("a.h5", 10);
    source("b.h5", 20);
    {
      ForeignFile file(master);
      test::Ids ids;
      const hsize_t extent = 8, count = 4;
      const hid_t space = ids(H5Screate_simple(1, &extent, nullptr)),
                  part = ids(H5Screate_simple(1, &count, nullptr)),
                  properties = ids(H5Pcreate(H5P_DATASET_CREATE));
      const int fill = -5;
      H5Pset_fill_value(properties, H5T_NATIVE_INT, &fill);
      hsize_t start = 0;
      for (const char* name : {"a.h5", "b.h5"}) {
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, nullptr, &count, nullptr);
        H5Pset_virtual(properties, space, name, "d", part);
        start += 4;
      }
      H5Sselect_all(space);
      ids(H5Dcreate2(file.file, "v", H5T_NATIVE_INT, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    }
    const std::vector<int> both{10, 11, 12, 13, 20, 21, 22, 23};
    CHECK(error_of([&] { to_hdf5_region(ones<int>({2}), master, "v", {0}); }) ==
          "to_hdf5_region: the dataset must have elements of its own (got the virtual dataset \"v\" of \"" +
              master + "\"); write to its sources");
    const auto v = open_hdf5<int>(master, "v", {.chunks = {4}});
    CHECK(listed<int>(v.compute()) == both);
    CHECK(listed<int>(open_hdf5<int>(folder.path() + "/a.h5", "d").compute()) ==
          std::vector<int>{10, 11, 12, 13});
    CHECK(listed<int>(v.compute()) == both);  // also when a source is open
    source("b.h5", 30);
    CHECK(listed<int>(v.compute()) == std::vector<int>{10, 11, 12, 13, 30, 31, 32, 33});
    std::filesystem::remove(folder.path() + "/b.h5");
    CHECK(listed<int>(v(range(0, 4)).compute()) == std::vector<int>{10, 11, 12, 13});
    const std::string sentence = "open_hdf5: \"v\" of \"" + master +
                                 "\" is made of \"d\" of \"b.h5\", which cannot be opened (No such file or "
                                 "directory); .fill_missing = true reads fill values in its place";
    CHECK_THROWS_WITH(v.compute(), Catch::Contains(sentence));
    CHECK(error_of([&] { (void)open_hdf5<int>(master, "v"); }) == sentence);
    CHECK(listed<int>(open_hdf5<int>(master, "v", {.fill_missing = true}).compute()) ==
          std::vector<int>{10, 11, 12, 13, -5, -5, -5, -5});
  });
}

namespace {

struct Pair {
  double a, b;
};
void write_pairs(ForeignFile& file, const char* name, const char* first, const char* second, hid_t part) {
  test::Ids ids;
  const std::size_t size = H5Tget_size(part);
  const hid_t memory = ids(H5Tcreate(H5T_COMPOUND, sizeof(Pair))),
              stored = ids(H5Tcreate(H5T_COMPOUND, 2 * size));
  H5Tinsert(memory, first, 0, H5T_NATIVE_DOUBLE);
  H5Tinsert(memory, second, 8, H5T_NATIVE_DOUBLE);
  H5Tinsert(stored, first, 0, part);
  H5Tinsert(stored, second, size, part);
  file.write(name, memory, stored, {3}, std::vector<Pair>{{1, 2}, {3, 4}, {5, 6}});
}

}  // namespace

TEST_CASE("complex numbers are read and written under any of their usual names, other pairs refused") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/c.h5";
    using C = std::complex<double>;
    const std::vector<C> usual{C(1, 2), C(3, 4), C(5, 6)}, swapped{C(2, 1), C(4, 3), C(6, 5)};
    {
      ForeignFile file(path);
      write_pairs(file, "ri", "r", "i", H5T_NATIVE_DOUBLE);
      write_pairs(file, "reim", "re", "im", H5T_NATIVE_DOUBLE);
      write_pairs(file, "real", "real", "imag", H5T_NATIVE_FLOAT);
      write_pairs(file, "long", "real", "imaginary", H5T_IEEE_F64BE);
      write_pairs(file, "turned", "i", "r", H5T_NATIVE_DOUBLE);
      write_pairs(file, "other", "x", "y", H5T_NATIVE_DOUBLE);
      test::Ids own;
      const hid_t pair = own(H5Tcreate(H5T_COMPOUND, 16)), outer = own(H5Tcreate(H5T_COMPOUND, 16));
      H5Tinsert(pair, "r", 0, H5T_NATIVE_DOUBLE);
      H5Tinsert(pair, "i", 8, H5T_NATIVE_DOUBLE);
      H5Tinsert(outer, "c", 0, pair);
      file.write("nested", outer, outer, {1}, std::vector<double>{1, 2});
    }
    for (const char* name : {"ri", "reim", "real", "long"}) {
      CHECK(listed<C>(open_hdf5<C>(path, name).compute()) == usual);
      CHECK(open_hdf5<std::complex<float>>(path, name)(1).compute()() == std::complex<float>(3, 4));
    }
    CHECK(listed<C>(open_hdf5<C>(path, "turned").compute()) == swapped);
    CHECK(error_of([&] { (void)open_hdf5<C>(path, "other"); }) ==
          "open_hdf5: the dataset's elements must be convertible to complex128 (got compounds of \"x\" and "
          "\"y\" in \"other\" of \"" +
              path +
              "\"; complex numbers are pairs of r and i, re and im, real and imag, or real and "
              "imaginary)");
    for (const char* name : {"reim", "real", "turned"}) {
      to_hdf5_region(from_xtensor(xt::xarray<C>{C(7, 8)}), path, name, {1});
      CHECK(open_hdf5<C>(path, name)(1).compute()() == C(7, 8));
    }
    // Members of compounds.
    CHECK(read_all(path, "other", {.member = "y"}) == std::vector<double>{2, 4, 6});
    CHECK(error_of([&] { (void)open_hdf5<double>(path, "other", {.member = "z"}); }) ==
          "open_hdf5: the dataset's elements must have the member \"z\" (got compounds of \"x\" and \"y\" in "
          "\"other\" of \"" +
              path + "\")");
    CHECK(
        error_of([&] { (void)open_hdf5<double>(path, "nested", {.member = "c"}); }) ==
        "open_hdf5: the dataset's elements must be convertible to float64 (got compounds of \"r\" and \"i\" "
        "in \"c\" of \"nested\" of \"" +
            path + "\"; only numbers are read out of compounds)");
    CHECK(
        error_of([&] { (void)open_hdf5<double>(path, "other"); }) ==
        "open_hdf5: the dataset's elements must be convertible to float64 (got compounds of \"x\" and \"y\" "
        "in \"other\" of \"" +
            path + "\"; `.member` names the one to read)");
  });
}

TEST_CASE("what was never written is zero or the fill value") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/f.h5";
    {
      ForeignFile file(path);
      test::Ids ids;
      const hsize_t extent = 1000, chunk = 100;
      const hid_t space = ids(H5Screate_simple(1, &extent, nullptr));
      for (const bool chunked : {false, true})
        for (const bool filled : {false, true}) {
          const hid_t properties = ids(H5Pcreate(H5P_DATASET_CREATE));
          H5Pset_fill_time(properties, H5D_FILL_TIME_NEVER);
          const float fill = 2.5;
          if (filled) H5Pset_fill_value(properties, H5T_NATIVE_FLOAT, &fill);
          if (chunked) H5Pset_chunk(properties, 1, &chunk);
          ids(H5Dcreate2(file.file, (std::string(chunked ? "c" : "p") + (filled ? "f" : "n")).c_str(),
                         H5T_NATIVE_FLOAT, space, H5P_DEFAULT, properties, H5P_DEFAULT));
        }
    }
    for (const char* name : {"pn", "cn", "pf", "cf"}) {
      INFO(name);
      CHECK(read_all(path, name) == std::vector<double>(1000, name[1] == 'f' ? 2.5 : 0));
      CHECK(listed<float>(open_hdf5<float>(path, name).compute()) ==
            std::vector<float>(1000, name[1] == 'f' ? 2.5f : 0));
    }
  });
}

TEST_CASE("numbers that the type does not hold are an error with their place, or clipped") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/n.h5";
    {
      ForeignFile file(path);
      file.write("u64", H5T_NATIVE_UINT64, H5T_STD_U64LE, {2, 2},
                 std::vector<std::uint64_t>{1, 2, 3, 1ull << 63});
      file.write("i8", H5T_NATIVE_INT8, H5T_STD_I8LE, {2}, std::vector<std::int8_t>{5, -1});
      file.write("f64", H5T_NATIVE_DOUBLE, H5T_IEEE_F64BE, {4},
                 std::vector<double>{1.5, 1e300, INFINITY, -1e300});
      file.write("packed", H5T_NATIVE_INT, H5T_STD_I32BE, {4}, std::vector<int>{1, 2, 3, 70'000}, {2}, 1);
      file.write("bits", H5T_NATIVE_UINT8, H5T_STD_U8LE, {3}, std::vector<std::uint8_t>{0, 1, 2});
    }
    const std::string in = " in \"" + path + "\" does not fit ";
    const auto refused = [&]<class T>(std::type_identity<T>, const char* name) {
      return error_of([&] { (void)open_hdf5<T>(path, name).compute(); });
    };
    CHECK_THAT(refused(std::type_identity<int>{}, "u64"),
               Catch::Contains("open_hdf5: the number 9223372036854775808 at (1, 1) of \"u64\"" + in +
                               "int32; open it as uint64 or with .overflow = OutOfRange::clip"));
    CHECK_THAT(refused(std::type_identity<std::uint8_t>{}, "i8"),
               Catch::Contains("the number -1 at (1,) of \"i8\"" + in + "uint8; open it as int64 or"));
    CHECK_THAT(
        refused(std::type_identity<float>{}, "f64"),
        Catch::Contains("the number 1e+300 at (1,) of \"f64\"" + in + "float32; open it as float64 or"));
    CHECK_THAT(refused(std::type_identity<std::int16_t>{}, "packed"),
               Catch::Contains("the number 70000 at (3,) of \"packed\"" + in + "int16"));
    CHECK_THAT(refused(std::type_identity<bool>{}, "bits"),
               Catch::Contains("the number 2 at (2,) of \"bits\"" + in + "bool"));
    const OpenHdf5 clip{.overflow = OutOfRange::clip};
    CHECK(listed<int>(open_hdf5<int>(path, "u64", clip).compute()) == std::vector<int>{1, 2, 3, INT_MAX});
    CHECK(listed<std::uint8_t>(open_hdf5<std::uint8_t>(path, "i8", clip).compute()) ==
          std::vector<std::uint8_t>{5, 0});
    CHECK(listed<float>(open_hdf5<float>(path, "f64", clip).compute()) ==
          std::vector<float>{1.5, FLT_MAX, INFINITY, -FLT_MAX});
    // The part that fits does not mind the rest; and bytes of 0 and 1 are bools.
    CHECK(open_hdf5<int>(path, "u64")(0, 1).compute()() == 2);
    CHECK(listed<bool>(open_hdf5<bool>(path, "bits")(range(0, 2)).compute()) ==
          std::vector<bool>{false, true});
    // One dataset as two types in one expression.
    CHECK((open_hdf5<std::int64_t>(path, "i8").astype<double>() +
           open_hdf5<float>(path, "i8").astype<double>())(1)
              .compute()() == -2);

    to_hdf5(arange<int>(0, 4), path, "ints", {.append = true});
    const auto values = from_xtensor(xt::xarray<double>{2.75, 1e300});
    CHECK_THAT(
        error_of([&] { to_hdf5_region(values, path, "ints", {1}); }),
        Catch::Equals("to_hdf5_region: the number 1e+300 at (2,) does not fit the int32 of \"ints\" in \"" +
                      path + "\"; write it with .overflow = OutOfRange::clip, or to a dataset of float64"));
    CHECK((read_all(path, "ints") == counted(4)));  // as it was, and not marked
    to_hdf5_region(values, path, "ints", {1}, {.overflow = OutOfRange::clip});
    CHECK(read_all(path, "ints") == std::vector<double>{0, 2, INT_MAX, 3});
  });
}

TEST_CASE("elements that people have: enumerations, bit fields, half floats") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/e.h5";
    {
      ForeignFile file(path);
      const hid_t colours = file.ids(H5Tenum_create(H5T_STD_I16BE));
      const hid_t memory = file.ids(H5Tenum_create(H5T_NATIVE_INT16));
      for (const auto& [name, value] : {std::pair{"RED", 7}, {"BLUE", 300}}) {
        const auto native = static_cast<std::int16_t>(value);
        std::int16_t turned = native;
        H5Tconvert(H5T_NATIVE_INT16, H5T_STD_I16BE, 1, &turned, nullptr, H5P_DEFAULT);
        H5Tenum_insert(colours, name, &turned);
        H5Tenum_insert(memory, name, &native);
      }
      file.write("enum", memory, colours, {3}, std::vector<std::int16_t>{7, 300, 7});
      file.write("bits", H5T_NATIVE_B16, H5T_STD_B16BE, {2}, std::vector<std::uint16_t>{1, 0x8001});
      const hid_t half = file.ids(H5Tcopy(H5T_IEEE_F32LE));
      H5Tset_fields(half, 15, 10, 5, 0, 10);
      H5Tset_size(half, 2);
      H5Tset_ebias(half, 15);
      file.write("half", H5T_NATIVE_DOUBLE, half, {3}, std::vector<double>{1.5, -2, 65504});
      const hid_t text = file.ids(H5Tcopy(H5T_C_S1));
      H5Tset_size(text, 5);
      file.write("text", text, text, {2}, std::vector<char>(10, 'x'));
      test::Ids ids;
      ids(H5Dcreate2(file.file, "null", H5T_NATIVE_INT, ids(H5Screate(H5S_NULL)), H5P_DEFAULT, H5P_DEFAULT,
                     H5P_DEFAULT));
    }
    CHECK(listed<int>(open_hdf5<int>(path, "enum").compute()) == std::vector<int>{7, 300, 7});
    CHECK(listed<std::uint16_t>(open_hdf5<std::uint16_t>(path, "bits").compute()) ==
          std::vector<std::uint16_t>{1, 0x8001});
    CHECK(listed<float>(open_hdf5<float>(path, "half").compute()) == std::vector<float>{1.5, -2, 65504});
    CHECK(error_of([&] { (void)open_hdf5<int>(path, "text"); }) ==
          "open_hdf5: the dataset's elements must be convertible to int32 (got text of 5 bytes in \"text\" "
          "of \"" +
              path + "\"; `hdf5_text` reads them)");
    CHECK(error_of([&] { (void)open_hdf5<int>(path, "null"); }) ==
          "open_hdf5: the dataset must have elements (got a null dataspace in \"null\" of \"" + path + "\")");
  });
}
