// Heat spreads over a plate: 200 steps of a stencil, and a picture of the result.
//
// Run:    ./41_heat heat.pgm        (threads)
//         weir run -n 3 ./41_heat heat.pgm   (MPI ranks)
// Prints: heat before 90000.0, after 90000.0
//         warmest element 0.99
//         picture of 512 x 512 in ...heat.pgm
// Shows:  map_overlap with a periodic boundary, steps that run on without waiting, persist.
// Next:   42_pi.cpp
#include <cstdio>
#include <fstream>

#include <weir/array/blocks.hpp>
#include <weir/array/elementwise.hpp>
#include <weir/weir.hpp>

// The chunk comes with one element more on each side; what is computed there is cut off.
xt::xarray<double> step(const xt::xarray<double>& t) {
  xt::xarray<double> next = t;
  for (std::size_t i = 1; i + 1 < t.shape()[0]; ++i)
    for (std::size_t j = 1; j + 1 < t.shape()[1]; ++j)
      next(i, j) += 0.2 * (t(i - 1, j) + t(i + 1, j) + t(i, j - 1) + t(i, j + 1) - 4 * t(i, j));
  return next;
}

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::int64_t n = 512;
    const std::string picture = argc > 1 ? argv[1] : "heat.pgm";
    auto t = weir::zeros({n, n}, {128, n});
    t.assign(1.0, weir::range(100, 400), weir::range(100, 400));  // a hot square
    const double before = t.sum().item();
    for (int i = 0; i < 200; ++i)
      t = weir::map_overlap<double>(step, t, weir::Overlap::of(2, 1, weir::Boundary::periodic));
    t = t.persist();
    const double after = t.sum().item(),
                 warmest = t(weir::range(380, 400), weir::range(200, 300)).max().item();
    std::printf("heat before %.1f, after %.1f\nwarmest element %.2f\n", before, after, warmest);

    const xt::xarray<std::uint8_t> grey = weir::clip(t * 255, 0.0, 255.0).astype<std::uint8_t>().compute();
    std::ofstream file(picture, std::ios::binary);
    file << "P5\n" << n << ' ' << n << "\n255\n";
    file.write(reinterpret_cast<const char*>(grey.data()), static_cast<std::streamsize>(grey.size()));
    std::printf("picture of %d x %d in %s\n", int(n), int(n), picture.c_str());
  });
}
