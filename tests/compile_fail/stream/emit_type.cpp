#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.emit(1);
#else
  source.emit("1");
#endif
}
