// (x - x.mean(1)) from HDF5 to HDF5, and its standard deviation; the workers' memory is limited by
// WEIR_MEMORY_LIMIT.
//   array_outofcore make|run|check FOLDER [--megabytes N]     default 8000
#include <fstream>
#include <string>

#include "report.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/random.hpp"
#include "weir/run.hpp"

namespace {

// The most memory this process ever had. **Units.** MB.
double peak_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1000;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "run", folder = argc > 2 ? argv[2] : "/tmp";
  const std::int64_t rows = bench::option(argc, argv, "--megabytes", 8000) * 1'000'000 / 8 / 10'000;
  return weir::run(argc, argv, [&](weir::Client& client) {
    if (what == "make")
      return weir::Random(1).uniform({rows, 10'000}, 0, 1, {100, -1}).to_hdf5(folder + "/big.h5", "x");
    const auto start = bench::Clock::now();
    const auto x = weir::open_hdf5<double>(folder + "/big.h5", "x");
    const auto y = x - x.mean({.axis = 1, .keepdims = true});
    y.to_hdf5(folder + "/out.h5", "anomaly");
    const double deviation = weir::open_hdf5<double>(folder + "/out.h5", "anomaly").std().compute();
    bench::print("array_outofcore_s", bench::seconds_since(start));
    bench::print("std", deviation);
    double peak = 0;
    for (auto& worker : client.run_on_workers(peak_mb)) peak = std::max(peak, worker.result());
    bench::print("peak_mb", peak);
  });
}
