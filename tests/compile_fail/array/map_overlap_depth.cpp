#include <weir/array.hpp>

xt::xarray<double> same(const xt::xarray<double>& x) { return x; }

void build(const weir::Array<double>& x) {
#ifdef WEIR_CORRECT
  static_cast<void>(weir::map_overlap<double>(same, x, weir::Overlap::of(2, 1)));
#else
  static_cast<void>(weir::map_overlap<double>(same, x, 1));
#endif
}
