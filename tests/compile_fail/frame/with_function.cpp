#include <string>
#include <vector>
#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.with("b", [](double a) { return a; }, {"a"}));
#else
  static_cast<void>(frame.with("b", [](const char*) { return 1; }, {"a"}));
#endif
}
