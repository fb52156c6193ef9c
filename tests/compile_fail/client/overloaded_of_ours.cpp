// A form of the user's with a default argument.
#include <weir/weir.hpp>

double scaled(double x, double by = 2) { return x * by; }
int scaled(int x, int by = 2) { return x * by; }

int body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(weir::overload<int(int, int)>(scaled), 3, 2).result();
#else
  return client.submit(scaled, 3).result();
#endif
}
