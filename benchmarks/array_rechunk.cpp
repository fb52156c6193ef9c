// Rows to columns of an array in memory, beside the speed of copying memory; and the heat stencil, beside one thread of plain loops.
//   array_rechunk [--side N]        default 16384 (2 GB)
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "report.hpp"
#include "weir/array/blocks.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/runtime/run.hpp"

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double copy_bandwidth(std::size_t bytes) {
  std::vector<char> a(bytes, 1), b(bytes, 2);
  const double start = seconds();
  std::memcpy(b.data(), a.data(), bytes);
  return static_cast<double>(bytes) / (seconds() - start);
}

// One explicit step of the heat equation; the outermost elements are not changed.
xt::xarray<double> heat(const xt::xarray<double>& t) {
  xt::xarray<double> next(t.shape());
  const std::size_t rows = t.shape()[0], columns = t.shape()[1];
  const double* x = t.data();
  double* y = next.data();
  for (std::size_t i = 1; i + 1 < rows; ++i) {
    const double *up = x + (i - 1) * columns, *here = x + i * columns, *down = x + (i + 1) * columns;
    double* out = y + i * columns;
    for (std::size_t j = 1; j + 1 < columns; ++j) out[j] = here[j] + 0.1 * (up[j] + down[j] + here[j - 1] + here[j + 1] - 4 * here[j]);
  }
  for (std::size_t j = 0; j < columns; ++j) y[j] = x[j], y[(rows - 1) * columns + j] = x[(rows - 1) * columns + j];
  for (std::size_t i = 0; i < rows; ++i) y[i * columns] = x[i * columns], y[i * columns + columns - 1] = x[i * columns + columns - 1];
  return next;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::int64_t side = bench::option(argc, argv, "--side", 16384);
    const auto bytes = static_cast<double>(side * side) * 8;
    {
      const auto x = weir::Random(1).uniform({side, side}, 0, 1, {side / 32, -1}).persist();
      (void)double(x.sum().compute());
      const double bandwidth = copy_bandwidth(static_cast<std::size_t>(bytes / 4));
      const double start = seconds();
      {
        const auto columns = x.rechunk({-1, side / 32}).persist();
        weir::Client::current().wait(columns.futures());
        const double took = seconds() - start;
        bench::print("rechunk_gb_per_s", bytes / took * 1e-9);
        bench::print("memcpy_gb_per_s", bandwidth * 1e-9);
        std::fflush(stdout);
      }
    }
    const std::int64_t n = 4096;
    const int steps = 100;
    xt::xarray<double> alone = xt::xarray<double>::from_shape({std::size_t(n), std::size_t(n)});
    alone.fill(0.5);
    double start = seconds();
    for (int s = 0; s < steps; ++s) alone = heat(alone);
    const double plain = seconds() - start;
    start = seconds();
    auto t = weir::Random(2).uniform({n, n}, 0, 1, {256, -1}).persist();
    for (int s = 0; s < steps; ++s) t = weir::map_overlap<double>(heat, t, {.depth = {{1, 1}, {0, 0}}, .boundary = weir::Boundary::nearest});
    const double sum = t.sum().compute();
    const double took = seconds() - start;
    bench::print("stencil_s", took);
    bench::print("stencil_plain_s", plain);
    bench::print("stencil_speedup", plain / took);
    bench::print("stencil_sum", sum);
  });
}
