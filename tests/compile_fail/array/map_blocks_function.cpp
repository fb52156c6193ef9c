#include <weir/array.hpp>

auto build(const weir::Array<double>& x) {
#ifdef WEIR_CORRECT
  return weir::map_blocks<double>([](const xt::xarray<double>& chunk) { return chunk; }, x);
#else
  return weir::map_blocks<double>([](const std::string& chunk) { return chunk; }, x);
#endif
}
