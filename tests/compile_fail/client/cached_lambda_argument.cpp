#include <weir/weir.hpp>

double apply(double (*f)(double), double x) { return f(x); }
double twice(double x) { return 2 * x; }

void body(weir::Client& client) {
#ifdef WEIR_CORRECT
  client.submit(weir::cached{}, apply, twice, 1.0);
#else
  client.submit(
      weir::cached{}, apply, [](double x) { return 2 * x; }, 1.0);
#endif
}
