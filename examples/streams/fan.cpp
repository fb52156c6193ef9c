// Fan-out and fan-in on threads.
//
// Run:    ./21_stream_fan           or on ranks: weir run -n 3 ./21_stream_fan
// Prints: 0: square 0, cube 0
//         1: square 1, cube 1
//         2: square 4, cube 8
// Shows:  fan-out and fan-in. The two branches run on threads of their own; zip puts their results together
// in order. Next:   22_stream_feedback.cpp

#include <iostream>

#include <weir/weir.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    weir::Stream<int> source;
    const auto squares = source.map_async([](int x) { return x * x; });
    const auto cubes = source.buffer(8).map([](int x) { return x * x * x; });
    source.zip(squares, cubes).starsink([](int x, int square, int cube) {
      std::cout << x << ": square " << square << ", cube " << cube << '\n';
    });

    for (int i = 0; i < 3; ++i) source.emit(i);
    source.drain();  // what is still in the branches comes out
  });
}
