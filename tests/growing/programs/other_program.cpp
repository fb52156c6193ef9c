// Another executable, which is refused.
#include "weir/weir.hpp"

int main(int argc, char** argv) {
  return weir::run(argc, argv, [](weir::Client&) {});
}
