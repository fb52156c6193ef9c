// A name that means several functions is no argument.
#include <cmath>
#include <weir/weir.hpp>

double body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(weir::overload<double(double)>(std::sqrt), 2.0).result();
#else
  return client.submit(std::sqrt, 2.0).result();
#endif
}
