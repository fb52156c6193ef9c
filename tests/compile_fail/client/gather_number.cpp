// gather takes futures, not what they were made of.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

int body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.gather(client.submit(twice, 1));
#else
  return client.gather(1);
#endif
}
