#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.select("a").head());
#else
  static_cast<void>(frame["a"].head());
#endif
}
