#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.groupby([](int x) { return x % 2; }).compute());
#else
  static_cast<void>(bag.groupby([](const std::string& x) { return x; }).compute());
#endif
}
