// A function gets all of its arguments.
#include <weir/weir.hpp>

int add(int a, int b) { return a + b; }

void body(weir::Client& client) {
#ifdef WEIR_CORRECT
  client.submit(add, 1, 2);
#else
  client.submit(add, 1);
#endif
}
