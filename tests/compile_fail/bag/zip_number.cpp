#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.zip(bag));
#else
  static_cast<void>(bag.zip(5));
#endif
}
