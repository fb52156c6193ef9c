// An anomaly from file to file: every row of a data set without its mean, read, computed and written by all
// workers.
//
// Run:    ./40_anomaly FOLDER        (threads)
//         weir run -n 3 ./40_anomaly FOLDER   (MPI ranks; the folder must be on all nodes)
// Prints: Array<float64> (2000, 1000) in chunks ((2000), (1000)), 16 MB, 1 task
//         standard deviation 0.2884
//         largest row mean 0.0000
//         top left 3 x 3 elements: 9
// Shows:  open_hdf5, to_hdf5, lazy expressions that become one task per chunk, compute.
// Next:   41_heat.cpp
#include <cmath>
#include <cstdio>
#include <iostream>

#include <weir/array.hpp>
#include <weir/weir.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [&](weir::Client&) {
    const std::string folder = argc > 1 ? argv[1] : ".";
    weir::to_hdf5(weir::Random(1).uniform({2000, 1000}, 0, 1, {500, -1}), folder + "/big.h5", "/big-data");

    auto x = weir::open_hdf5<double>(folder + "/big.h5", "/big-data");  // nothing is read yet
    std::cout << x << '\n';
    auto y = x - x.mean({.axis = 1, .keepdims = true});
    y.to_hdf5(folder + "/out.h5", "/anomaly");  // read, computed and written by all workers

    auto written = weir::open_hdf5<double>(folder + "/out.h5", "/anomaly");
    const double deviation = written.std().item();
    const double mean = abs(written.mean({.axis = 1})).max().item();
    std::printf("standard deviation %.4f\nlargest row mean %.4f\n", deviation, mean);
    xt::xarray<double> part = written(weir::range(0, 3), weir::range(0, 3)).compute();
    std::printf("top left 3 x 3 elements: %zu\n", part.size());
  });
}
