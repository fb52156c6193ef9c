// A lambda that captures would carry references to another machine.
#include <weir/weir.hpp>

void body(weir::Client& client) {
  int offset = 1;
#ifdef WEIR_CORRECT
  client.submit([](int x, int by) { return x + by; }, 1, offset);
#else
  client.submit([&](int x) { return x + offset; }, 1);
#endif
}
