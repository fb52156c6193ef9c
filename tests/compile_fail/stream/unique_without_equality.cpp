#include <weir/stream/stream.hpp>

struct Point {
  int x;
};

void build(const weir::Stream<Point>& source) {
#ifdef WEIR_CORRECT
  source.unique({}, &Point::x);
#else
  source.unique();
#endif
}
