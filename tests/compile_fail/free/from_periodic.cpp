#include <weir/stream.hpp>

void build() {
#ifdef WEIR_CORRECT
  weir::from_periodic([] { return 1; }, "1s").sink([](int) {});
#else
  weir::from_periodic([](int x) { return x; }, "1s").sink([](int) {});
#endif
}
