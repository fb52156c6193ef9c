// A user's program: the mean of an array that no process holds whole.
#include <iostream>
#include <weir/array.hpp>
#include <weir/run.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {
    std::cout << weir::arange(0.0, 101.0, 1.0, {10}).mean().item() << '\n';
  });
}
