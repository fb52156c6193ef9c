#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  static_cast<void>((source.scatter() | weir::op::unique()).gather());
#else
  (source.scatter() | 5).gather();
#endif
}
