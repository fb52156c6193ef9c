// A pointer means nothing in another process.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }
int pointed(int* x) { return *x; }

void body(weir::Client& client) {
  int x = 1;
#ifdef WEIR_CORRECT
  client.submit(twice, x);
#else
  client.submit(pointed, &x);
#endif
}
