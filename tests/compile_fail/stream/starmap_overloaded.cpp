// A name that means several functions, here a function of the standard library.
#include <cmath>
#include <weir/stream.hpp>

void build(const weir::Stream<std::pair<double, double>>& source) {
#ifdef WEIR_CORRECT
  source.starmap(weir::overload<double(double, double)>(std::pow));
#else
  source.starmap(std::pow);
#endif
}
