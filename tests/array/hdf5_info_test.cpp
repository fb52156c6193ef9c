// What hdf5_info tells of a file, texts, and rows of compressed chunks one by one.
#include "weir/array/hdf5_info.hpp"

#include <catch2/catch.hpp>

#include "array/foreign_file.hpp"
#include "support/in_cluster.hpp"
#include "support/process.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/shape.hpp"

using namespace weir;
using test::error_of;
using test::ForeignFile;
using test::in_cluster;
using test::TemporaryFolder;

TEST_CASE("hdf5_info lists datasets, attributes and links") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    const std::map<std::string, Hdf5Attribute> attributes{
        {"unit", std::string("K")},
        {"none", std::string()},
        {"scale", 0.5},
        {"count", std::int64_t{3}},
        {"grid", std::vector<double>{1, 2.5}},
        {"ids", std::vector<std::int64_t>{7, 8}},
        {"words", std::vector<std::string>{"a", "", "ccc"}}};
    to_hdf5(path, named("group/packed", ones({20, 10}, {10, 10}), {.gzip = 4, .attributes = attributes}),
            named("flags", ones({3}) > 0), named("number", ones({})));
    {
      test::Ids ids;
      const hid_t access = ids(H5Pcreate(H5P_FILE_ACCESS));
      H5Pset_file_locking(access, false, true);
      const hid_t file = ids(H5Fopen(path.c_str(), H5F_ACC_RDWR, access));
      H5Lcreate_external("other.h5", "/y", file, "elsewhere", H5P_DEFAULT, H5P_DEFAULT);
      const hid_t scalar = ids(H5Screate(H5S_SCALAR)),
                  attribute = ids(H5Acreate_by_name(file, "number", "big", H5T_STD_U64BE, scalar, H5P_DEFAULT,
                                                    H5P_DEFAULT, H5P_DEFAULT));
      const std::uint64_t big = (std::uint64_t{1} << 53) + 1;  // no double
      H5Awrite(attribute, H5T_NATIVE_UINT64, &big);
    }
    const Hdf5Info info = hdf5_info(path);
    REQUIRE(info.datasets.size() == 3);
    const Hdf5Dataset& packed = info.datasets[1];
    CHECK(packed.name == "/group/packed");
    CHECK(packed.type == "float64");
    CHECK(packed.shape == Shape{20, 10});
    CHECK(packed.chunks == Shape{10, 10});
    CHECK(packed.filters == std::vector<std::string>{"shuffle", "deflate 4"});
    CHECK(packed.layout == "chunked");
    CHECK(packed.is_complete);
    CHECK(packed.stored_bytes > 0);
    CHECK(packed.stored_bytes < 1600);
    CHECK((packed.attributes == attributes));
    CHECK(info.datasets[0].type == "bool");
    CHECK(info.datasets[2].shape.empty());
    CHECK((info.datasets[2].attributes.at("big") == Hdf5Attribute((std::int64_t{1} << 53) + 1)));
    CHECK((info.links == std::map<std::string, std::string>{{"/elsewhere", "/y of other.h5"}}));
    const std::vector<Hdf5Problem> problems = check_hdf5(path);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].what == "\"/elsewhere\" leads to /y of other.h5, which cannot be opened");
    CHECK(error_of([] { (void)hdf5_info("/no/such.h5"); }) ==
          "hdf5_info: the file must exist (got \"/no/such.h5\")");
  });
}

TEST_CASE("hdf5_text reads texts of fixed and any length") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/t.h5";
  {
    ForeignFile file(path);
    const hid_t any = file.ids(H5Tcopy(H5T_C_S1)), fixed = file.ids(H5Tcopy(H5T_C_S1)),
                spaces = file.ids(H5Tcopy(H5T_FORTRAN_S1));
    H5Tset_size(any, H5T_VARIABLE);
    H5Tset_size(fixed, 4);
    const hid_t padded = file.ids(H5Tcopy(fixed));
    H5Tset_strpad(padded, H5T_STR_NULLPAD);
    file.write("padded", padded, padded, {1}, std::vector<char>{'a', 0, 'b', 0});
    H5Tset_size(spaces, 4);
    file.write("any", any, any, {2, 2}, std::vector<const char*>{"one", "", "three", "a longer one"});
    file.write("fixed", fixed, fixed, {2}, std::vector<char>{'a', 'b', 0, 0, 'f', 'u', 'l', 'l'});
    file.write("spaces", spaces, spaces, {1}, std::vector<char>{'x', ' ', ' ', ' '});
    file.write("numbers", H5T_NATIVE_INT, H5T_STD_I32LE, {1}, std::vector<int>{1});
  }
  const auto any = hdf5_text(path, "any");
  CHECK(any.shape().size() == 2);
  CHECK(any(1, 1) == "a longer one");
  CHECK(any(0, 1).empty());
  CHECK(hdf5_text(path, "fixed")(0) == "ab");
  CHECK(hdf5_text(path, "fixed")(1) == "full");
  CHECK(hdf5_text(path, "spaces")(0) == "x");
  CHECK(hdf5_text(path, "padded")(0) == std::string("a\0b", 3));
  CHECK(error_of([&] { (void)hdf5_text(path, "numbers"); }) ==
        "hdf5_text: the dataset's elements must be texts (got integers of 4 bytes in \"numbers\" of \"" +
            path + "\")");
}

TEST_CASE("rows of compressed chunks one by one are those of the whole, also when the file is replaced") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    for (const double first : {0.0, 1000.0}) {
      to_hdf5(reshape(arange<double>(first, first + 600), {30, 20}).rechunk({15, 20}), path, "x",
              {.chunks = {15, 20}, .gzip = 1});
      const auto x = open_hdf5<double>(path, "x", {.chunks = {1, -1}});
      for (int row = 0; row < 30; ++row) {
        const xt::xarray<double> values = x(row).compute();
        for (std::size_t i = 0; i < 20; ++i) REQUIRE(values(i) == first + 20 * row + static_cast<double>(i));
      }
    }
  });
}

TEST_CASE("a dataset whose filter HDF5 does not have is refused with the filter's number") {
  in_cluster([] {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/x.h5";
    constexpr H5Z_filter_t number = 40'000;
    H5Z_class2_t copies{};
    copies.version = H5Z_CLASS_T_VERS;
    copies.id = number;
    copies.encoder_present = copies.decoder_present = 1;
    copies.name = "copies";
    copies.filter = [](unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) {
      return bytes;
    };
    REQUIRE(H5Zregister(&copies) >= 0);
    {
      ForeignFile file(path);
      test::Ids ids;
      const hsize_t extent = 10;
      const hid_t space = ids(H5Screate_simple(1, &extent, nullptr)),
                  properties = ids(H5Pcreate(H5P_DATASET_CREATE));
      H5Pset_chunk(properties, 1, &extent);
      H5Pset_filter(properties, number, 0, 0, nullptr);
      ids(H5Dcreate2(file.file, "x", H5T_NATIVE_INT, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    }
    REQUIRE(H5Zunregister(number) >= 0);
    CHECK_THAT(
        error_of([&] { (void)open_hdf5<int>(path, "x"); }),
        Catch::StartsWith("open_hdf5: \"x\" of \"" + path +
                          "\" is stored with the filter 40000 (copies), which HDF5 must have on every rank; "
                          "plugins are looked for in HDF5_PLUGIN_PATH ("));
  });
}
