// A name that means several functions, here a function of the standard library.
#include <cmath>
#include <weir/stream.hpp>

void build(const weir::Stream<double>& source) {
#ifdef WEIR_CORRECT
  source.map_async(weir::overload<double(double)>(std::sqrt));
#else
  source.map_async(std::sqrt);
#endif
}
