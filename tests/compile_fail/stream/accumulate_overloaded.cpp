// A name that means several functions, here a function of the standard library.
#include <cmath>
#include <weir/stream.hpp>

void build(const weir::Stream<double>& source) {
#ifdef WEIR_CORRECT
  source.accumulate(weir::overload<double(double, double)>(std::fmax), 0.0);
#else
  source.accumulate(std::fmax, 0.0);
#endif
}
