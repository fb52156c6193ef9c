// What a tall data set varies along: the singular values of half a million samples with 20 measurements each.
//
// Run:    ./43_svd        (threads)
//         weir run -n 3 ./43_svd   (MPI ranks)
// Prints: Array<float64> (500000, 20) in chunks ((50000 x 10), (20)), 80 MB, ...
//         3 directions explain 99... percent
//         reconstructed to 1e-10: yes
// Shows:  matmul, svd of a tall and narrow array chunk by chunk, broadcasting.
// Next:   01_hello_task.cpp
#include <cstdio>
#include <iostream>

#include <weir/array/linalg.hpp>
#include <weir/array/random.hpp>
#include <weir/weir.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    weir::Random random(3);
    const auto causes = random.normal({500'000, 3}, 0, 1, {50'000, -1}), effects = random.normal({3, 20});
    const auto x = matmul(causes, effects) + random.normal({500'000, 20}, 0, 0.05, {50'000, -1});
    std::cout << x << '\n';
    const auto [u, s, v] = svd(x);
    const xt::xarray<double> values = s.compute();
    double first = 0, sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += values(i) * values(i);
      if (i < 3) first += values(i) * values(i);
    }
    std::printf("3 directions explain %.2f percent\n", 100 * first / sum);
    const double error = abs(matmul(u * s, v) - x).max().item();
    std::printf("reconstructed to 1e-10: %s\n", error < 1e-10 ? "yes" : "no");
  });
}
