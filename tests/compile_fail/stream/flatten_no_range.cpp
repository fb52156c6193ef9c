#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.partition(2).flatten();
#else
  source.flatten();
#endif
}
