// Writing an uncompressed array by all workers, beside two processes with plain pwrite.
//   array_hdf5 FOLDER [--megabytes N]     default 1000
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "report.hpp"
#include "weir/array/hdf5.hpp"
#include "weir/array/random.hpp"
#include "weir/run.hpp"

namespace {

constexpr std::int64_t chunk_bytes = 16 << 20;

// Two processes, each with its half of the chunks; 0 if one of them fails.
double plain(const std::string& path, std::int64_t chunks) {
  const auto start = bench::Clock::now();
  const int file = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  std::vector<pid_t> writers;
  for (int p = 0; p < 2; ++p) {
    const pid_t writer = fork();
    if (writer != 0) {
      writers.push_back(writer);
      continue;
    }
    const std::vector<double> values(chunk_bytes / 8, 1.5);
    for (std::int64_t c = p; c < chunks; c += 2)
      if (pwrite(file, values.data(), chunk_bytes, c * chunk_bytes) != chunk_bytes) _exit(1);
    _exit(0);
  }
  bool good = true;
  for (const pid_t writer : writers) {
    int status = 0;
    good = waitpid(writer, &status, 0) == writer && status == 0 && good;
  }
  close(file);
  return good ? bench::seconds_since(start) : 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/tmp";
  const std::int64_t chunks = bench::option(argc, argv, "--megabytes", 1000) * 1'000'000 / chunk_bytes;
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::string path = folder + "/weir_bench.h5", raw = folder + "/weir_bench.raw";
    std::vector<double> alone, all;
    const auto x = weir::Random(1).uniform({chunks * 1024, 2048}, 0, 1, {1024, 2048}).persist();
    (void)double(x.sum().compute());
    for (int i = 0; i < 5; ++i) {
      alone.push_back(plain(raw, chunks));
      unlink(raw.c_str());
      const auto start = bench::Clock::now();
      x.to_hdf5(path, "x");
      all.push_back(bench::seconds_since(start));
      unlink(path.c_str());
    }
    const double gigabytes = static_cast<double>(chunks * chunk_bytes) * 1e-9;
    bench::print("write_gb_per_s", gigabytes / bench::median(all));
    bench::print("pwrite_gb_per_s", gigabytes / bench::median(alone));
  });
}
