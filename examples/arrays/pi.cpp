// Pi by throwing darts: how many of twenty million points of a square fall into the circle.
//
// Run:    ./42_pi        (threads)
//         weir run -n 3 ./42_pi   (MPI ranks)
// Prints: pi is about 3.141...
//         the same on any number of workers: yes
// Shows:  random arrays that do not depend on chunks or workers, comparison, mean; no array is ever in
// memory. Next:   43_svd.cpp
#include <cstdio>

#include <weir/array/elementwise.hpp>
#include <weir/array/random.hpp>
#include <weir/weir.hpp>

double pi(std::int64_t points, const weir::ChunkSpec& chunks) {
  weir::Random random(2026);
  const auto x = random.uniform({points}, -1, 1, chunks), y = random.uniform({points}, -1, 1, chunks);
  return 4 * (square(x) + square(y) <= 1.0).mean().item();
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    const double first = pi(20'000'000, {1'000'000}), second = pi(20'000'000, {333'333});
    std::printf("pi is about %.4f\nthe same on any number of workers: %s\n", first,
                first == second ? "yes" : "no");
  });
}
