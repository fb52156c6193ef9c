#include <weir/bag.hpp>

struct Point {
  int x;
};

void build(const weir::Bag<Point>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.pluck(&Point::x).sum().compute());
#else
  static_cast<void>(bag.sum().compute());
#endif
}
