#include <weir/program.hpp>

void build() {
#ifdef WEIR_CORRECT
  static_cast<void>(weir::program{"sort", "a.txt"});
#else
  static_cast<void>(weir::program(5));
#endif
}
