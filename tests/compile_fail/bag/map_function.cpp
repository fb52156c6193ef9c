#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.map([](int x) { return x + 1; }).compute());
#else
  static_cast<void>(bag.map([](const char* x) { return x; }).compute());
#endif
}
