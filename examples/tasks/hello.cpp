// Three tasks: two squares and their sum.
//
// Run:    hello                 (threads)
//         weir run -n 3 hello   (MPI ranks)
// Prints: 25
// Shows:  submit, futures as arguments, result.
// Next:   letters.cpp
#include <iostream>
#include <weir/run.hpp>

int square(int x) { return x * x; }
int add(int a, int b) { return a + b; }

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client& client) {
    weir::Future<int> nine = client.submit(square, 3);
    weir::Future<int> sixteen = client.submit(square, 4);
    weir::Future<int> sum = client.submit(add, nine, sixteen);  // waits for both, runs where one of them is
    std::cout << sum.result() << '\n';
  });
}
