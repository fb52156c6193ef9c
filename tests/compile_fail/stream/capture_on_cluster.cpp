#include <weir/weir.hpp>

auto build(const weir::Stream<int>& source, int offset) {
#ifdef WEIR_CORRECT
  return source.scatter().map([](int x, int y) { return x + y; }, offset).gather();
#else
  return source.scatter().map([offset](int x) { return x + offset; }).gather();
#endif
}
