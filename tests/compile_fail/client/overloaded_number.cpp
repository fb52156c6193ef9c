// None of the forms takes what is given as it is.
#include <weir/weir.hpp>

float half(float x) { return x / 2; }
double half(double x) { return x / 2; }

double body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(weir::overload<double(double)>(half), 3).result();
#else
  return client.submit(half, 3).result();
#endif
}
