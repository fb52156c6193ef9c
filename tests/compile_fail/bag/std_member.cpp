#include <weir/bag.hpp>

void build(const weir::Bag<double>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.stddev());
#else
  static_cast<void>(bag.std());
#endif
}
