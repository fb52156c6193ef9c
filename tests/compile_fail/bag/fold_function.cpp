#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.fold([](int sum, int x) { return sum + x; }).compute());
#else
  static_cast<void>(bag.fold([](const char* sum, int) { return sum; }).compute());
#endif
}
