// (x - x.mean(1)).std() of an array in memory, beside one thread of plain loops that do what NumPy does.
//   array_std [--side N]      default 16384 (2 GB)
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "report.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/run.hpp"

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// As NumPy computes it: every operation over the whole array, with an intermediate array each.
double plain(std::int64_t rows, std::int64_t columns) {
  std::vector<double> x(static_cast<std::size_t>(rows * columns)), y(x.size()), z(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<double>(i * 2654435761u % 1000) * 1e-3;
  const auto size = static_cast<double>(x.size());
  const auto sum = [&](const double* v, std::int64_t n) {
    double s[4] = {0, 0, 0, 0};
    for (std::int64_t i = 0; i + 4 <= n; i += 4)
      for (int k = 0; k < 4; ++k) s[k] += v[i + k];
    return s[0] + s[1] + s[2] + s[3];
  };
  const double start = seconds();
  for (std::int64_t r = 0; r < rows; ++r) {
    const double mean =
        sum(&x[static_cast<std::size_t>(r * columns)], columns) / static_cast<double>(columns);
    for (std::int64_t c = 0; c < columns; ++c)
      y[static_cast<std::size_t>(r * columns + c)] = x[static_cast<std::size_t>(r * columns + c)] - mean;
  }
  const double mean = sum(y.data(), rows * columns) / size;
  for (std::size_t i = 0; i < y.size(); ++i) z[i] = y[i] - mean;
  for (std::size_t i = 0; i < y.size(); ++i) z[i] = z[i] * z[i];
  volatile double deviation = std::sqrt(sum(z.data(), rows * columns) / size);
  (void)deviation;
  return seconds() - start;
}

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::int64_t side = bench::option(argc, argv, "--side", 16384);
    const auto x = weir::Random(1).uniform({side, side}).persist();
    (void)double(x.sum().compute());
    double best = 1e9, value = 0;
    for (int i = 0; i < 5; ++i) {
      const double start = seconds();
      value = (x - x.mean({.axis = 1, .keepdims = true})).std().compute();
      best = std::min(best, seconds() - start);
    }
    bench::print("weir_s", best);
    bench::print("std", value);
    bench::print("plain_s", plain(side, side));
  });
}
