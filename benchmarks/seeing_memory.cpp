// How much rank 0 grows while many tasks are counted, with the page on. As many tasks as asked for, or as fit
// into the time; what 10^8 of them would make of it is the growth of the second half, gone on with.
#include <weir/weir.hpp>

#include <malloc.h>
#include <cstdio>
#include <numeric>
#include <vector>

#include "report.hpp"

namespace {

int same(int x) { return x; }

double resident_mb() {
  unsigned long long size = 0, resident = 0;
  if (std::FILE* const file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%llu %llu", &size, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * 4096 / 1e6;
}

/// Of small blocks that malloc has given out.
double in_use_mb() { return static_cast<double>(mallinfo2().uordblks) / 1e6; }

}  // namespace

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client& client) {
    constexpr long at_once = 100'000;  // what these need, about 1 kB each, is there from the first round on
    const long most = bench::option(argc, argv, "--tasks", 20'000'000);
    const auto most_s = static_cast<double>(bench::option(argc, argv, "--seconds", 60));
    std::vector<int> numbers(at_once);
    std::iota(numbers.begin(), numbers.end(), 0);
    const auto start = bench::Clock::now();
    double before = 0, peak = 0;
    std::vector<double> peaks;  // after each round
    long done = 0;
    while (done < most && (done <= 10 * at_once || bench::seconds_since(start) < most_s)) {
      if (client.gather(client.map(same, numbers)) != numbers)
        throw weir::Error(weir::ErrorKind::internal, "seeing_memory: the results must equal the arguments");
      done += at_once;
      const double now = resident_mb();
      if (done <= 10 * at_once) before = std::max(before, now);  // memory that later rounds reuse
      peak = std::max(peak, now);
      peaks.push_back(peak);
      if (done % 1'000'000 == 0)
        std::fprintf(stderr, "seeing_memory: %ld tasks, %.1f MB, %.1f in use\n", done, now, in_use_mb());
    }
    constexpr double all = 1e8;
    const double second_half = peak - peaks[peaks.size() / 2];
    const double more = std::max(0.0, all - static_cast<double>(done)) / (0.5 * static_cast<double>(done));
    bench::print("seeing_memory_so_far_mb", peak - before);
    bench::print("seeing_memory_mb", peak - before + second_half * more);
    bench::print("seeing_memory_tasks", static_cast<double>(done));
  });
}
