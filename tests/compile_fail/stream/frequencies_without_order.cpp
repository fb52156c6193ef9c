#include <weir/stream/stream.hpp>

struct Point {
  int x;
};

void build(const weir::Stream<Point>& source) {
#ifdef WEIR_CORRECT
  source.map(&Point::x).frequencies();
#else
  source.frequencies();
#endif
}
