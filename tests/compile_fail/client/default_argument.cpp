#include <weir/weir.hpp>

int scaled(int x, int by = 2) { return x * by; }

int body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(scaled, 3, 2).result();
#else
  return client.submit(scaled, 3).result();
#endif
}
