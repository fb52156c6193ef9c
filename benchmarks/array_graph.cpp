// 100,000 chunk tasks built, fused and submitted.
#include <chrono>

#include "report.hpp"
#include "weir/array/creation.hpp"
#include "weir/array/elementwise.hpp"
#include "weir/run.hpp"

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    const auto start = std::chrono::steady_clock::now();
    const auto x = weir::ones({100000, 100}, {1, 100});
    const auto y = sqrt((x + 1) * 2 - x / 3);
    const auto kept = y.persist();
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double sum = kept.sum().compute();
    const double all = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bench::print("graph_s", took);
    bench::print("graph_computed_s", all);
    if (sum < 0) return;  // it is used
  });
}
