#include <string>
#include <vector>
#include <weir/frame.hpp>

void build(int factor) {
#ifdef WEIR_CORRECT
  static_cast<void>(factor), static_cast<void>(weir::apply([](int x) { return x; }, {"a"}));
#else
  static_cast<void>(weir::apply([factor](int x) { return factor * x; }, {"a"}));
#endif
}
