#include <string>
#include <vector>
#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.assign({{"b", weir::col("a")}}));
#else
  static_cast<void>(frame.assign("b", weir::col("a")));
#endif
}
