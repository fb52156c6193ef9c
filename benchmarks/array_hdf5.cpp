// Writing an uncompressed array by all workers, beside two processes with plain pwrite; then the anomaly from file to file.
//   array_hdf5 FOLDER [gigabytes]     default 1
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "weir/array/elementwise.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/random.hpp"
#include "weir/runtime/run.hpp"

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
constexpr std::int64_t chunk_bytes = 16 << 20;

// Two processes, each with its half of the chunks.
double plain(const std::string& path, std::int64_t chunks) {
  const double start = seconds();
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  for (int p = 0; p < 2; ++p) {
    if (fork() != 0) continue;
    std::vector<double> values(chunk_bytes / 8, 1.5);
    for (std::int64_t c = p; c < chunks; c += 2)
      if (pwrite(file, values.data(), chunk_bytes, c * chunk_bytes) != chunk_bytes) _exit(1);
    _exit(0);
  }
  int status = 0;
  while (wait(&status) > 0) {
  }
  close(file);
  return seconds() - start;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/tmp";
  const double gigabytes = argc > 2 ? std::atof(argv[2]) : 1;
  const auto chunks = static_cast<std::int64_t>(gigabytes * 1e9 / chunk_bytes);
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::string path = folder + "/weir_bench.h5", out = folder + "/weir_bench_out.h5", raw = folder + "/weir_bench.raw";
    double alone = 1e9, best = 1e9;
    const auto x = weir::Random(1).uniform({chunks * 1024, 2048}, 0, 1, {1024, 2048}).persist();
    (void)double(x.sum().compute());
    for (int i = 0; i < 3; ++i) {
      alone = std::min(alone, plain(raw, chunks));
      unlink(raw.c_str());
      const double start = seconds();
      to_hdf5(x, path, "x");
      best = std::min(best, seconds() - start);
      if (i < 2) unlink(path.c_str());
    }
    std::printf("{\"figure\": \"hdf5_write_ratio\", \"value\": %.2f, \"unit\": \"of pwrite\", \"raw\": {\"weir_s\": %.3f, \"pwrite_s\": %.3f, \"gigabytes\": %.2f}, \"target\": 0.8}\n", alone / best, best,
                alone, static_cast<double>(chunks * chunk_bytes) * 1e-9);
    std::fflush(stdout);
    const double start = seconds();
    const auto file = weir::open_hdf5<double>(path, "x");
    const auto y = file - file.mean({.axis = 1, .keepdims = true});
    to_hdf5(y, out, "anomaly");
    const double deviation = weir::open_hdf5<double>(out, "anomaly").std().compute();
    std::printf("{\"figure\": \"array_outofcore_s\", \"value\": %.3f, \"unit\": \"s\", \"raw\": {\"gigabytes\": %.2f, \"std\": %.6f}, \"target\": \"finishes\"}\n", seconds() - start,
                static_cast<double>(chunks * chunk_bytes) * 1e-9, deviation);
    unlink(path.c_str());
    unlink(out.c_str());
  });
}
