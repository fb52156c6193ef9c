// Rows to columns of an array in memory, beside the speed of copying memory; and the heat stencil, beside the
// same function called by one thread.
//   array_rechunk [--side N]        default 16384 (2 GB)
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "report.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/run.hpp"

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Of memory that has been used before, in bytes per second; median of 5.
double copy_bandwidth(std::size_t bytes) {
  const std::vector<char> a(bytes, 1);
  std::vector<char> b(bytes, 2);
  std::vector<double> all;
  for (int i = 0; i < 5; ++i) {
    const double start = seconds();
    std::memcpy(b.data(), a.data(), bytes);
    all.push_back(static_cast<double>(bytes) / (seconds() - start));
  }
  return bench::median(all);
}

// One explicit step of the heat equation; the outermost elements are not changed.
void heat(const double* x, double* y, std::size_t rows, std::size_t columns) {
  for (std::size_t i = 1; i + 1 < rows; ++i) {
    const double *up = x + (i - 1) * columns, *here = x + i * columns, *down = x + (i + 1) * columns;
    double* out = y + i * columns;
    for (std::size_t j = 1; j + 1 < columns; ++j)
      out[j] = here[j] + 0.1 * (up[j] + down[j] + here[j - 1] + here[j + 1] - 4 * here[j]);
  }
  for (std::size_t j = 0; j < columns; ++j)
    y[j] = x[j], y[(rows - 1) * columns + j] = x[(rows - 1) * columns + j];
  for (std::size_t i = 0; i < rows; ++i)
    y[i * columns] = x[i * columns], y[i * columns + columns - 1] = x[i * columns + columns - 1];
}
xt::xarray<double> heat(const xt::xarray<double>& t) {
  xt::xarray<double> next(t.shape());
  heat(t.data(), next.data(), t.shape()[0], t.shape()[1]);
  return next;
}

constexpr std::int64_t side_of_plate = 4096;
constexpr int steps = 100;

xt::xarray<double> plate() {
  xt::xarray<double> t =
      xt::xarray<double>::from_shape({std::size_t(side_of_plate), std::size_t(side_of_plate)});
  t.fill(0.5);
  return t;
}
// One process: the function is called for the whole plate.
double plain() {
  xt::xarray<double> t = plate();
  const double start = seconds();
  for (int s = 0; s < steps; ++s) t = heat(t);
  return seconds() - start;
}
// The same without new memory for every step.
double plain_reused() {
  xt::xarray<double> t = plate(), next = plate();
  const double start = seconds();
  for (int s = 0; s < steps; ++s) {
    heat(t.data(), next.data(), side_of_plate, side_of_plate);
    std::swap(t, next);
  }
  return seconds() - start;
}
double distributed(std::int64_t rows) {
  auto t = weir::Random(2).uniform({side_of_plate, side_of_plate}, 0, 1, {rows, -1}).persist();
  weir::Client::current().wait(t.futures());
  const double start = seconds();
  for (int s = 0; s < steps; ++s)
    t = weir::map_overlap<double>(static_cast<xt::xarray<double> (*)(const xt::xarray<double>&)>(heat), t,
                                  {.depth = {{1, 1}, {0, 0}}, .boundary = weir::Boundary::nearest});
  (void)double(t.sum().compute());
  return seconds() - start;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    const std::int64_t side = bench::option(argc, argv, "--side", 16384);
    const auto bytes = static_cast<double>(side * side) * 8;
    const double bandwidth = copy_bandwidth(static_cast<std::size_t>(bytes / 4));
    std::vector<double> all;
    {
      const auto x = weir::Random(1).uniform({side, side}, 0, 1, {side / 32, -1}).persist();
      client.wait(x.futures());
      constexpr int first = 4, rounds = 11;  // the first ones touch new memory, which costs more than
                                             // copying; memcpy is measured in memory used before, too
      for (int i = 0; i < rounds; ++i) {
        const double start = seconds();
        const auto columns = x.rechunk({-1, side / 32}).persist();
        client.wait(columns.futures());
        const double speed = bytes / (seconds() - start);
        if (i == 0) bench::print("rechunk_first_gb_per_s", speed * 1e-9);
        if (i >= first) all.push_back(speed);
      }
    }
    bench::print("rechunk_gb_per_s", bench::median(all) * 1e-9);
    bench::print("memcpy_gb_per_s", bandwidth * 1e-9);
    std::fflush(stdout);
    const std::int64_t rows = bench::option(argc, argv, "--rows", 64);
    std::vector<double> alone, reused, together;
    for (int i = 0; i < 3; ++i) {
      alone.push_back(plain());
      reused.push_back(plain_reused());
      together.push_back(distributed(rows));
    }
    bench::print("stencil_s", bench::median(together));
    bench::print("stencil_plain_s", bench::median(alone));
    bench::print("stencil_speedup", bench::median(alone) / bench::median(together));
    bench::print("stencil_reused_s", bench::median(reused));
    bench::print("stencil_speedup_reused", bench::median(reused) / bench::median(together));
  });
}
