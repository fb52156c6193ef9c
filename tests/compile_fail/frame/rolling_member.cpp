#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.with(weir::rolling(7, weir::mean("a"))));
#else
  static_cast<void>(frame.rolling(7).mean());
#endif
}
