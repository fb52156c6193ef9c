// (x - x.mean(1)).std() of an array in memory, beside one thread of plain loops that do what NumPy does.
//   array_std [rows] [columns]      default 16384 16384 (2 GB)
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "weir/array/elementwise.hpp"
#include "weir/array/random.hpp"
#include "weir/runtime/run.hpp"

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

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
    const double mean = sum(&x[static_cast<std::size_t>(r * columns)], columns) / static_cast<double>(columns);
    for (std::int64_t c = 0; c < columns; ++c) y[static_cast<std::size_t>(r * columns + c)] = x[static_cast<std::size_t>(r * columns + c)] - mean;
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
    const std::int64_t rows = argc > 1 ? std::atoll(argv[1]) : 16384, columns = argc > 2 ? std::atoll(argv[2]) : 16384;
    const double alone = plain(rows, columns);
    const auto cpu = [] { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; };
    double cpu_s = 1e9;
    const auto x = weir::Random(1).uniform({rows, columns}).persist();
    (void)double(x.sum().compute());
    double best = 1e9, value = 0;
    for (int i = 0; i < 3; ++i) {
      const double start = seconds(), cpu_start = cpu();
      value = (x - x.mean({.axis = 1, .keepdims = true})).std().compute();
      best = std::min(best, seconds() - start);
      cpu_s = std::min(cpu_s, cpu() - cpu_start);
    }
    std::printf("{\"figure\": \"array_std_speedup\", \"value\": %.2f, \"unit\": \"x\", \"raw\": {\"weir_s\": %.4f, \"weir_cpu_s\": %.4f, \"plain_s\": %.4f, \"std\": %.6f, \"gigabytes\": %.2f}, \"target\": 1.6}\n",
                alone / best, best, cpu_s, alone, value, static_cast<double>(rows * columns) * 8e-9);
  });
}
