#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.map([](int x) { return std::vector<int>{x}; }).flatten().compute());
#else
  static_cast<void>(bag.flatten().compute());
#endif
}
