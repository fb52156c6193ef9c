// Arrays on threads and on ranks: where chunks travel between processes, and where they are computed by tasks
// of tasks.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <filesystem>

#include <weir/array.hpp>

#include "support/cluster_main.hpp"
#include "support/process.hpp"

using namespace weir::test;
using weir::range;

namespace {

// Row by row: i * columns + j.
weir::Array<double> counted(std::int64_t rows, std::int64_t columns, const weir::ChunkSpec& chunks) {
  return weir::reshape(weir::arange<double>(0, static_cast<double>(rows * columns), 1), {rows, columns})
      .rechunk(chunks);
}

bool is_counted(const xt::xarray<double>& values, double factor = 1) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values.data()[i] != factor * static_cast<double>(i)) return false;
  return true;
}

xt::xarray<double> constant(int value) { return xt::ones<double>({100}) * value; }

double sum_inside(std::int64_t n) {
  const auto x = weir::arange<double>(0, static_cast<double>(n), 1, {n / 4}).persist();
  return double((x + 1).sum().compute()) + double(x(range(1, 3)).compute()(0));
}

// Whether rows and columns are right that a long list takes, some counted from the end.
bool takes_rows() {
  const auto x = counted(300, 20, {64, 11}).persist();
  const auto places = (weir::arange<std::int64_t>(0, 40'000, 1, {7000}) * 7919 % 600 - 300).persist();
  const xt::xarray<std::int64_t> told = places.compute();
  const xt::xarray<double> rows = x(places).compute(),
                           columns = weir::transpose(x).persist()(weir::all, places).compute();
  for (std::size_t i = 0; i < told.size(); ++i)
    for (std::size_t j = 0; j < 20; ++j) {
      const auto expected =
          static_cast<double>((told(i) < 0 ? told(i) + 300 : told(i)) * 20) + static_cast<double>(j);
      if (rows(i, j) != expected || columns(j, i) != expected) return false;
    }
  return true;
}

weir::Array<double> there(const weir::Array<double>& x) {
  const weir::Array<double> kept = x.persist();
  weir::Client::current().wait(kept.futures());
  return kept;
}

// Those that workers have told of.
std::uint64_t tasks_run() {
  std::uint64_t finished = 0;
  for (const weir::WorkerInfo& worker : client().workers()) finished += worker.finished;
  return finished;
}

// A worker in this process that is at work just then makes it tasks all the same.
bool comes_without_tasks(const weir::Array<double>& x) {
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t before = tasks_run();
    (void)x.compute();
    if (tasks_run() == before) return true;
  }
  return false;
}

bool has_bits_of_tasks(const weir::Array<double>& x) {
  const xt::xarray<double> tasks = x.persist().compute(), first = x.compute(), later = x.compute();
  const auto is_same = [&](const xt::xarray<double>& mine) {
    return mine.shape() == tasks.shape() &&
           std::memcmp(mine.data(), tasks.data(), mine.size() * sizeof(double)) == 0;
  };
  return is_same(first) && is_same(later);
}

std::vector<xt::xarray<double>> factored(std::int64_t rows) {
  const auto noise = there(weir::Random(9).uniform({rows, rows}, 0.0, 1.0)),
             x = there(noise + weir::eye(rows) * double(rows));
  return {weir::inv(x).compute(), weir::solve(x, noise(weir::all, 3)).compute(), weir::det(noise).compute(),
          weir::cholesky(x + weir::transpose(x)).compute()};
}

}  // namespace

TEST_CASE("small arrays on workers come once, and then need no tasks") {
  for (const std::int64_t along : {1000, 300}) {
    const auto x = there(weir::Random(5).uniform({1000}, -1.0, 1.0, {along})),
               y = there(weir::Random(6).uniform({1000}, 0.0, 1.0, {along}));
    CHECK(has_bits_of_tasks(x + y * 2.0));
    CHECK(has_bits_of_tasks((x - x.mean()) / x.std()));
    CHECK(has_bits_of_tasks(weir::sin(x).sum()));
    CHECK(has_bits_of_tasks(x(range(100, 700, 3)).max()));
    CHECK(has_bits_of_tasks(x));
    CHECK(comes_without_tasks(x.sum()));
    CHECK(comes_without_tasks(x * y));
    const auto mean = there(x.mean());  // a few bytes, which come with the message that they are there
    CHECK(comes_without_tasks(mean + 1.0));
    CHECK(has_bits_of_tasks(x - mean));
  }
  const auto listed = weir::from_xtensor(xt::xarray<double>(xt::arange<double>(1000)), {400});
  CHECK(comes_without_tasks(listed.sum()));
  CHECK(is_counted(listed.compute()));
  CHECK(is_counted((listed * 3).persist().compute(), 3));
}

TEST_CASE("of many small arrays some are kept here, and the others are right too") {
  constexpr std::int64_t elements = 16'000;
  for (int round = 0; round < 2; ++round) {
    std::vector<weir::Array<double>> all;
    for (int i = 0; i < 600; ++i) all.push_back((weir::arange<double>(0, elements) + double(i)).persist());
    for (const auto& one : all) client().wait(one.futures());
    for (int again = 0; again < 2; ++again) {
      const std::uint64_t before = tasks_run();
      for (int i = 0; i < 600; ++i) {
        const double sum = double(elements) * (elements - 1) / 2 + double(elements) * i;
        REQUIRE(all[std::size_t(i)].sum().item() == sum);
      }
      CHECK(tasks_run() - before < 600 / 4);  // those of before have given their room back
    }
  }
}

TEST_CASE("arrays are computed from chunks of several workers") {
  const auto x = counted(300, 200, {64, 50}).persist();
  CHECK(is_counted(x.compute()));
  CHECK(is_counted((x * 3).rechunk({100, 200}).persist().compute(), 3));
  const xt::xarray<double> part = x(range(10, 200, 7), range(weir::nothing, weir::nothing, -1)).compute();
  for (std::size_t i = 0; i < part.shape()[0]; ++i)
    for (std::size_t j = 0; j < 200; ++j)
      REQUIRE(part(i, j) == static_cast<double>((10 + 7 * i) * 200 + 199 - j));
  const auto y = x - x.mean({.axis = 1, .keepdims = true});
  CHECK(std::abs(double(y.std().compute()) - std::sqrt((200.0 * 200.0 - 1) / 12)) < 1e-9);
}

TEST_CASE("lists take elements of every chunk, wherever these are") {
  const auto x = counted(300, 200, {64, 50}).persist();
  std::vector<std::int64_t> rows, columns;
  for (std::int64_t i = 0; i < 500; ++i) rows.push_back(i * 7919 % 300);
  for (std::int64_t i = 0; i < 90; ++i) columns.push_back(i * 37 % 150);  // none of the last chunk
  const auto is_right = [&](const weir::Array<double>& from) {
    const xt::xarray<double> some_rows = from(rows).compute(),
                             some_columns = from(weir::all, columns).compute();
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (std::size_t j = 0; j < 200; ++j)
        if (some_rows(i, j) != static_cast<double>(rows[i] * 200) + static_cast<double>(j)) return false;
    for (std::size_t i = 0; i < 300; ++i)
      for (std::size_t j = 0; j < columns.size(); ++j)
        if (some_columns(i, j) != static_cast<double>(i * 200) + static_cast<double>(columns[j]))
          return false;
    return true;
  };
  CHECK(is_right(x));
  CHECK(is_right(x + 0));  // what is not there yet is computed where it is gathered
  const auto line = weir::arange<double>(0, 1 << 20).rechunk({100'000}).persist();
  const auto places = weir::Random(3).integers<std::int64_t>({300'000}, -(1 << 20), 1 << 20).persist();
  const auto taken = line(places);
  CHECK(taken.chunk_count() > 1);
  const xt::xarray<double> got = taken.compute();
  const xt::xarray<std::int64_t> wanted = places.compute();
  bool all_right = true;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    all_right = all_right && got.data()[i] == static_cast<double>((wanted.data()[i] + (1 << 20)) % (1 << 20));
  CHECK(all_right);
}

TEST_CASE("panels and blocks of matrices are shared out to all workers, and give the same bits anywhere") {
  constexpr std::int64_t rows = 512;
  const auto elsewhere = client().submit(factored, rows).result();  // where nobody knows the workers
  const auto before = client().workers();
  const auto here = factored(rows);
  const auto after = client().workers();
  REQUIRE(here.size() == elsewhere.size());
  for (std::size_t i = 0; i < here.size(); ++i) {
    REQUIRE(here[i].shape() == elsewhere[i].shape());
    CHECK(std::memcmp(here[i].data(), elsewhere[i].data(), here[i].size() * sizeof(double)) == 0);
  }
  std::uint64_t all = 0, least = UINT64_MAX;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const std::uint64_t mine = after[i].finished - before[i].finished;
    all += mine;
    least = std::min(least, mine);
  }
  CHECK(least * after.size() * 4 > all);  // of a fair share at least a quarter
}

TEST_CASE("long lists that are arrays take rows wherever these and the list are") {
  CHECK(takes_rows());
  CHECK(client().submit(takes_rows).result());
}

TEST_CASE("arrays can be computed inside tasks") {
  std::vector<weir::Future<double>> all;
  for (std::int64_t n : {400, 800, 1200}) all.push_back(client().submit(sum_inside, n));
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double n = 400.0 * static_cast<double>(i + 1);
    CHECK(all[i].result() == n * (n - 1) / 2 + n + 1);
  }
}

TEST_CASE("an array is made of tasks of which only a thread of this process may know") {
  for (int i = 0; i < 300; ++i) {
    const auto parts = client().map(constant, std::vector<int>{1, 2, 3});
    REQUIRE(weir::from_futures<double>(parts, {{100, 100, 100}}).mean().item() == 2);
  }
}

TEST_CASE("large parts of chunks are read in any direction, here and on other workers") {
  const auto x = counted(1200, 1000, {400, -1}).persist();
  const auto backwards = range(weir::nothing, weir::nothing, -1);
  CHECK(is_counted(x.rechunk({-1, 300}).compute()));
  CHECK(is_counted(weir::transpose(weir::transpose(x).rechunk({250, -1}).persist()).compute()));
  CHECK(is_counted(x(backwards, backwards).rechunk({-1, 300}).persist()(backwards, backwards).compute()));
  CHECK(is_counted((x + x.rechunk({-1, 500})).compute(), 2));
}

TEST_CASE("arrays are written by all workers, plain, compressed and filtered") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.h5";
  const auto x = counted(300, 200, {64, 50});
  x.to_hdf5(path, "plain");
  x.to_hdf5(path, "gzip", {.append = true, .gzip = 4});
  x.to_hdf5(path, "filters", {.append = true, .filters = {{.id = 3}, {.id = 1, .parameters = {6}}}});
  to_hdf5_region(x(range(0, 10), weir::all) * 0, path, "gzip", {290, 0});
  CHECK(is_counted(weir::open_hdf5<double>(path, "plain").compute()));
  CHECK(is_counted(weir::open_hdf5<double>(path, "filters").compute()));
  const auto changed = weir::open_hdf5<double>(path, "gzip");
  CHECK(is_counted(changed(range(0, 290), weir::all).compute()));
  CHECK(double(changed(range(290, 300), weir::all).sum().compute()) == 0);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("the same random numbers come whatever the number of workers") {
  CHECK(double(weir::Random(7).normal({1000, 100}, 0, 1, {100, 10}).sum().compute()) ==
        Approx(double(weir::Random(7).normal({1000, 100}).sum().compute())).epsilon(1e-12));
  CHECK(weir::Random(7).uniform({1000}, 0, 1, {10})(999).compute()() ==
        weir::Random(7).uniform({1000})(999).compute()());
}
