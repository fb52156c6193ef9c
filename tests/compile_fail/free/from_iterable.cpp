#include <vector>
#include <weir/stream.hpp>

void build() {
#ifdef WEIR_CORRECT
  weir::from_iterable(std::vector<int>{5}).sink([](int) {});
#else
  weir::from_iterable(5).sink([](int) {});
#endif
}
