#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  static_cast<void>(source.try_emit(1));
#else
  static_cast<void>(source.try_emit("1"));
#endif
}
