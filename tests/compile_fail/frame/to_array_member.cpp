#include <weir/bridge/frame_array.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(weir::to_array<double>(frame, "a"));
#else
  static_cast<void>(frame.to_array<double>({"a"}));
#endif
}
