#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.sort_by("a").head(3));
#else
  static_cast<void>(frame.set_index("a").head(3));
#endif
}
