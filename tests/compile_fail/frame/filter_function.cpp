#include <string>
#include <vector>
#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.filter([](double a) { return a > 1; }, {"a"}));
#else
  static_cast<void>(frame.filter([](auto a) { return a > 1; }, {"a"}));
#endif
}
