#include <weir/bag.hpp>

int build(const weir::Bag<int>& bag, int offset) {
#ifdef WEIR_CORRECT
  return bag.map([](int x, int by) { return x + by; }, offset).sum().compute();
#else
  return bag.map([offset](int x) { return x + offset; }).sum().compute();
#endif
}
