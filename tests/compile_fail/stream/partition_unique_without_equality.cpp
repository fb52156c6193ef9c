#include <weir/stream.hpp>

struct Point {
  int x;
};

void build(const weir::Stream<Point>& source) {
#ifdef WEIR_CORRECT
  source.partition_unique(2, &Point::x);
#else
  source.partition_unique(2);
#endif
}
