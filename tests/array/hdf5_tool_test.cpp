// `weir hdf5 ls` and `weir hdf5 check`.
#include <catch2/catch.hpp>

#include "array/foreign_file.hpp"
#include "support/process.hpp"

using namespace weir;
using test::run;
using test::TemporaryFolder;

TEST_CASE("weir hdf5 lists a file, checks and repairs it") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  {
    test::ForeignFile file(path);
    file.write("b", H5T_NATIVE_INT, H5T_STD_I32LE, {2, 3}, std::vector<int>{1, 2, 3, 4, 5, 6}, {1, 3}, 4);
    file.write("a", H5T_NATIVE_DOUBLE, H5T_NATIVE_DOUBLE, {3}, std::vector<double>{1, 2, 3});
    test::Ids ids;
    const hid_t set = ids(H5Dopen2(file.file, "a", H5P_DEFAULT)), scalar = ids(H5Screate(H5S_SCALAR));
    ids(H5Acreate2(set, "weir_incomplete", H5T_NATIVE_INT8, scalar, H5P_DEFAULT, H5P_DEFAULT));
    const hid_t scale = ids(H5Acreate2(set, "scale", H5T_NATIVE_DOUBLE, scalar, H5P_DEFAULT, H5P_DEFAULT));
    const double half = 0.5;
    H5Awrite(scale, H5T_NATIVE_DOUBLE, &half);
  }
  const test::Finished listed = run({WEIR_TOOL, "hdf5", "ls", path});
  CHECK(listed.status == 0);
  CHECK_THAT(listed.out, Catch::StartsWith("/a  float64  (3,)  contiguous  24 B  INCOMPLETE\n"
                                           "    @scale = 0.5\n"
                                           "/b  int32  (2, 3)  chunked (1, 3)  deflate 4  "));
  const std::string told =
      "\"/a\" is marked as incomplete: a write of it did not end, or is going on; it has the shape (3,)";
  const test::Finished checked = run({WEIR_TOOL, "hdf5", "check", path});
  CHECK(checked.status == 1);
  CHECK(checked.out == told + "\n");
  const test::Finished repaired = run({WEIR_TOOL, "hdf5", "check", "--repair", path});
  CHECK(repaired.status == 0);
  CHECK(repaired.out == told + " (repaired)\n" + path + " is well\n");
  CHECK(run({WEIR_TOOL, "hdf5", "check", path}).out == path + " is well\n");
  const test::Finished missing = run({WEIR_TOOL, "hdf5", "ls", folder.path() + "/none.h5"});
  CHECK(missing.status == 2);
  CHECK(missing.err == "weir hdf5: hdf5_info: the file must exist (got \"" + folder.path() + "/none.h5\")\n");
}
