// How much rank 0 grows while many tasks are counted, with the page on. As many tasks as asked for, or as fit
// into the time: memory that grew with them would show in either.
#include <weir/weir.hpp>

#include <cstdio>
#include <numeric>

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
    long done = 0;
    while (done < most && (done <= 10 * at_once || bench::seconds_since(start) < most_s)) {
      if (client.gather(client.map(same, numbers)) != numbers)
        throw weir::Error(weir::ErrorKind::internal, "seeing_memory: the results must equal the arguments");
      done += at_once;
      const double now = resident_mb();
      if (done <= 10 * at_once) before = std::max(before, now);  // memory that later rounds reuse
      peak = std::max(peak, now);
      if (done % 1'000'000 == 0) std::fprintf(stderr, "seeing_memory: %ld tasks, %.1f MB\n", done, now);
    }
    bench::print("seeing_memory_mb", peak - before);
    bench::print("seeing_memory_tasks", static_cast<double>(done));
  });
}
