// How much rank 0 grows while many tasks are counted, with the page on.
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
    constexpr long at_once = 1'000'000;
    std::vector<int> numbers(at_once);
    std::iota(numbers.begin(), numbers.end(), 0);
    const long rounds = bench::option(argc, argv, "--tasks", 20'000'000) / at_once;
    double before = 0, most = 0;
    for (long round = 0; round < rounds; ++round) {
      if (client.gather(client.map(same, numbers)) != numbers)
        throw weir::Error(weir::ErrorKind::internal, "seeing_memory: the results must equal the arguments");
      if (round < 3) before = resident_mb();  // memory that later rounds reuse
      most = std::max(most, resident_mb());
    }
    bench::print("seeing_memory_mb", most - before);
  });
}
