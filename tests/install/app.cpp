// A user's program: the sum of two squares, each a task.
#include <cstdlib>
#include <iostream>
#include <weir/weir.hpp>

int square(int x) { return x * x; }
int add(int a, int b) { return a + b; }

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  return weir::run(argc, argv, [&](weir::Client& client) {
    const weir::Future<int> left = client.submit(square, std::atoi(argv[1]));
    const weir::Future<int> right = client.submit(square, std::atoi(argv[2]));
    std::cout << client.submit(add, left, right).result() << '\n';
  });
}
