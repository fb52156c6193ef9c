#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.sink([](int) {});
#else
  source.sink();
#endif
}
