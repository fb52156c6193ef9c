// A name that means several functions is no argument of map.
#include <cmath>
#include <weir/weir.hpp>

std::vector<double> body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.gather(client.map(weir::overload<double(double)>(std::sqrt), std::vector<double>{1, 2}));
#else
  return client.gather(client.map(std::sqrt, std::vector<double>{1, 2}));
#endif
}
