// Datasets that grow: sinks that are killed, and readers that follow.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <mutex>

#include "array/foreign_file.hpp"
#include "support/process.hpp"
#include "weir/array/hdf5_info.hpp"
#include "weir/array/hdf5_stream.hpp"

using namespace weir;
using test::error_of;
using test::TemporaryFolder;

namespace {

struct Heard {
  std::mutex mutex;
  std::vector<double> values;
  void add(const xt::xarray<double>& x) {
    const std::lock_guard hold(mutex);
    values.insert(values.end(), x.begin(), x.end());
  }
  bool has(std::size_t count) {
    const std::lock_guard hold(mutex);
    return values.size() >= count;
  }
};
std::vector<double> counted(std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<double>(i);
  return values;
}
FromHdf5 following() { return {.follow = true, .source = {.poll_interval = std::chrono::milliseconds(5)}}; }

}  // namespace

TEST_CASE("sink_to_hdf5 that is killed leaves what it had flushed, marked until somebody says otherwise") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  const pid_t child = fork();
  if (child == 0) {
    Stream<double> source;
    source.apply(op::sink_to_hdf5(path, "x", {.gzip = 1, .flush = std::chrono::seconds(0)}));
    for (const double x : counted(100)) source.emit(x);
    ::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(test::plain_read(path, "x") == counted(100));
  const auto refused = [&] { return error_of([&] { (void)from_hdf5<double>(path, "x"); }); };
  CHECK_THAT(refused(), Catch::StartsWith("from_hdf5: the dataset must be complete (\"x\" of "));
  {
    Stream<double> source;
    source.apply(op::sink_to_hdf5(path, "x"));
    source.emit(100);
    source.close();
  }
  CHECK_THAT(refused(), Catch::StartsWith("from_hdf5: the dataset must be complete"));
  const std::string told =
      "\"/x\" is marked as incomplete: a write of it did not end, or is going on; it has the shape (101,)";
  REQUIRE(check_hdf5(path).size() == 1);
  CHECK(check_hdf5(path)[0].what == told);
  CHECK(check_hdf5(path, true)[0].is_repaired);
  CHECK(check_hdf5(path).empty());
  auto source = from_hdf5<double>(path, "x");
  Heard all;
  source.sink([&](const xt::xarray<double>& x) { all.add(x); });
  source.start();
  source.drain();
  CHECK(all.values == counted(101));
}

TEST_CASE("from_hdf5 follows what a sink appends") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  Stream<double> source;
  source.apply(op::sink_to_hdf5(path, "x", {.chunk = 4, .flush = std::chrono::seconds(0)}));
  source.emit(0);
  Heard all;
  auto followed = from_hdf5<double>(path, "x", following());
  followed.sink([&](const xt::xarray<double>& x) { all.add(x); });
  followed.start();
  CHECK(test::eventually([&] { return all.has(1); }));
  for (int i = 1; i < 10; ++i) source.emit(i);
  CHECK(test::eventually([&] { return all.has(10); }));
  source.close();
  followed.stop();
  CHECK(all.values == counted(10));
}

TEST_CASE("from_hdf5 follows what another program writes in SWMR mode, which open_hdf5 refuses") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  int ready[2], more[2];
  REQUIRE((pipe(ready) == 0 && pipe(more) == 0));
  const pid_t child = fork();
  if (child == 0) {
    close(ready[0]);
    close(more[1]);
    test::Ids ids;
    const hid_t access = ids(H5Pcreate(H5P_FILE_ACCESS)), properties = ids(H5Pcreate(H5P_DATASET_CREATE));
    H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    const hid_t file = ids(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, access));
    const hsize_t none = 0, most = H5S_UNLIMITED, chunk = 3;
    H5Pset_chunk(properties, 1, &chunk);
    const hid_t space = ids(H5Screate_simple(1, &none, &most)),
                set = ids(
                    H5Dcreate2(file, "x", H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Fstart_swmr_write(file);
    char byte = 0;
    for (hsize_t done = 0; done < 10; done += 5) {
      const hsize_t extent = done + 5, count = 5;
      H5Dset_extent(set, &extent);
      const std::vector<double> all = counted(10);
      const hid_t whole = ids(H5Dget_space(set)), memory = ids(H5Screate_simple(1, &count, nullptr));
      H5Sselect_hyperslab(whole, H5S_SELECT_SET, &done, nullptr, &count, nullptr);
      H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, whole, H5P_DEFAULT, all.data() + done);
      H5Dflush(set);
      if (write(ready[1], &byte, 1) != 1 || read(more[0], &byte, 1) != 1) break;
    }
    _exit(0);  // as a crash
  }
  char byte = 0;
  close(ready[1]);
  close(more[0]);
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK_THAT(error_of([&] { (void)open_hdf5<double>(path, "x"); }),
             Catch::Equals("open_hdf5: \"" + path +
                           "\" is being written by another program, or was left by one that crashed; if none "
                           "writes it, `h5clear -s " +
                           path + "` clears the mark, and `from_hdf5` with .follow reads what SWMR writes"));
  Heard all;
  auto followed = from_hdf5<double>(path, "x", following());
  followed.sink([&](const xt::xarray<double>& x) { all.add(x); });
  followed.start();
  CHECK(test::eventually([&] { return all.has(5); }));
  CHECK(write(more[1], &byte, 1) == 1);
  REQUIRE(read(ready[0], &byte, 1) == 1);
  CHECK(test::eventually([&] { return all.has(10); }));
  followed.stop();
  CHECK(all.values == counted(10));
  close(ready[0]);
  close(more[1]);
  waitpid(child, nullptr, 0);
}
