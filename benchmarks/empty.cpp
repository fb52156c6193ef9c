// A program with an empty body: what starting and ending costs.
#include <weir/weir.hpp>

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {});
}
