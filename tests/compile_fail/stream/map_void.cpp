#include <weir/weir.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.sink([](int) {});
#else
  source.map([](int) {});
#endif
}
