#include <weir/stream.hpp>

struct Point {
  int x;
};

void build(const weir::Stream<Point>& source) {
#ifdef WEIR_CORRECT
  source.pluck(&Point::x);
#else
  source.pluck(0);
#endif
}
