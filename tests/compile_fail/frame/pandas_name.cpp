#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.group_by("a").agg(weir::count()));
#else
  static_cast<void>(frame.groupby("a").agg(weir::count()));
#endif
}
