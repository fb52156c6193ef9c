// None of the forms is of those that are tried.
#include <cmath>
#include <weir/weir.hpp>

auto body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(
      [](double x) {
        int power;
        return std::frexp(x, &power);
      },
      3.0);
#else
  return client.submit(std::frexp, 3.0, 1);
#endif
}
