#include <weir/stream.hpp>

void build() {
#ifdef WEIR_CORRECT
  weir::from_range(0.0, 1.0, 0.1).sink([](double) {});
#else
  weir::from_range(0, 1.0, 0.1).sink([](double) {});
#endif
}
