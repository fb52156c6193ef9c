#include <weir/weir.hpp>

void print(int) {}

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.scatter().map([](int x) { return x + 1; }).gather().sink(print);
#else
  source.scatter().map([](int x) { return x + 1; }).sink(print);
#endif
}
