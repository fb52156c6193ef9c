// A user's program: prints the duration it is given in its shortest form.
#include <iostream>
#include <weir/core/duration.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::cout << weir::to_string(weir::parse_duration(argv[1])) << '\n';
}
