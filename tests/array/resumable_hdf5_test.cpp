// HDF5 as source and sink of a stream that goes on in the next run.
#include <catch2/catch.hpp>

#include "support/process.hpp"
#include "weir/array/hdf5_stream.hpp"
#include "weir/resumable.hpp"

using namespace weir;
using weir::test::TemporaryFolder;

namespace {

std::vector<double> values_in(const std::string& path) {
  std::vector<double> all;
  RowsOf<double> rows(path, "x", 1000);
  while (const auto some = rows.next()) all.insert(all.end(), some->begin(), some->end());
  return all;
}

std::vector<double> up_to(int count) {
  std::vector<double> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

/// Feeds what the journal says is missing of 0 to 9, and stops like a program that is killed at `stop`.
void run_once(const std::string& folder, double stop) {
  Stream<double> numbers;
  Resumable job(folder, "job", std::chrono::nanoseconds(1));
  const auto bounded = numbers.map([stop](double x) {
    if (x >= stop) throw std::runtime_error("killed");
    return x;
  });
  job.sink_to(bounded, IntoHdf5<double>(folder + "/out.h5", "x"));
  std::vector<double> items = up_to(100);
  job.feed(ItemsOf(items), numbers);
}

}  // namespace

TEST_CASE("a dataset has each element once, whatever ended the runs") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/out.h5";
  CHECK_THROWS(run_once(folder.path(), 40));
  // Committed each 16 elements; the end of a run folds what is committed, and no more.
  CHECK(values_in(out) == up_to(32));
  CHECK_THROWS(run_once(folder.path(), 70));
  CHECK(values_in(out) == up_to(64));
  run_once(folder.path(), 1000);
  CHECK(values_in(out) == up_to(100));
  CHECK_FALSE(std::filesystem::exists(out + ".tail"));
  run_once(folder.path(), 1000);  // nothing is left to do
  CHECK(values_in(out) == up_to(100));
}

TEST_CASE("a dataset is taken back to what was committed") {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/out.h5";
  detail::array::Hdf5Committed first, second;
  {
    IntoHdf5<double> into(out, "x");
    into.go_on(std::nullopt);
    for (int i = 0; i < 5; ++i) into.put(i);
    first = into.commit();
    for (int i = 5; i < 9; ++i) into.put(i);
    second = into.commit();
    std::filesystem::copy(out + ".tail", out + ".saved");
  }
  CHECK(first.entries == 5);
  CHECK(values_in(out) == up_to(9));
  {  // killed before the second commit was on the disk, but after its entries had been folded
    IntoHdf5<double> into(out, "x");
    into.go_on(first);
  }
  CHECK(values_in(out) == up_to(5));
  std::filesystem::rename(out + ".saved", out + ".tail");
  std::filesystem::remove(out);
  {  // killed before anything was folded, with more in the tail
    IntoHdf5<double> into(out, "x");
    into.go_on(first);
    into.put(5);
    CHECK(into.commit().entries == 6);
  }
  CHECK(values_in(out) == up_to(6));
  std::filesystem::remove(out);
  CHECK_THROWS_WITH(IntoHdf5<double>(out, "x").go_on(second),
                    "IntoHdf5: \"" + out +
                        "\" and what lies beside it must have the 9 entries that were committed (got 0 and "
                        "0); put them back, or begin anew with another name");
}

TEST_CASE("a dataset is a source with an offset") {
  const TemporaryFolder folder;
  const std::string in = folder.path() + "/in.h5", out = folder.path() + "/out.h5";
  {
    IntoHdf5<double> into(in, "x", {.rows = true});
    into.go_on(std::nullopt);
    into.put(xt::xarray<double>{{0, 1}, {2, 3}, {4, 5}});
    static_cast<void>(into.commit());
    CHECK_THROWS_WITH(into.put(xt::xarray<double>{{0, 1, 2}}),
                      "IntoHdf5: elements must have the shape (2,) of the dataset's entries (got (3,))");
  }
  CHECK(values_in(in) == up_to(6));
  for (int run = 0; run < 2; ++run) {
    {
      Stream<xt::xarray<double>> frames;
      Resumable job(folder.path(), "copy");
      job.sink_to(frames, IntoHdf5<double>(out, "x", {.rows = true}));
      job.feed(RowsOf<double>(in, "x", 2), frames);
    }
    CHECK(values_in(out) == up_to(6));
  }
  RowsOf<double> rows(in, "x");
  CHECK_THROWS_WITH(rows.seek(4), "RowsOf: the dataset \"x\" of \"" + in +
                                      "\" must be as long as it was (got 3 entries, and 4 have been read); "
                                      "it is another file");
}
