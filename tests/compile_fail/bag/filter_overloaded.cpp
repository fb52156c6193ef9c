#include <cmath>
#include <weir/bag.hpp>

void build(const weir::Bag<double>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.filter([](double x) { return std::isnan(x); }).compute());
#else
  static_cast<void>(bag.filter(std::isnan).compute());
#endif
}
