// A name that means several functions is no argument, after options too.
#include <weir/weir.hpp>

double half(double x) { return x / 2; }
int half(int x) { return x / 2; }

weir::Future<int> body(weir::Client& client, const weir::Future<int>& x) {
#ifdef WEIR_CORRECT
  return client.submit(weir::Options{.retries = 1}, weir::overload<int(int)>(half), x);
#else
  return client.submit(weir::Options{.retries = 1}, half, x);
#endif
}
