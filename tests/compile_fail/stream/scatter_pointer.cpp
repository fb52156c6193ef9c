#include <weir/weir.hpp>

void build(const weir::Stream<int>& numbers, [[maybe_unused]] const weir::Stream<int*>& pointers) {
#ifdef WEIR_CORRECT
  numbers.scatter().map([](int x) { return x; }).gather().sink([](int) {});
#else
  pointers.scatter().map([](int* x) { return *x; }).gather().sink([](int) {});
#endif
}
