#include <weir/stream.hpp>

struct Point {
  int x;
};

void build(const weir::Stream<Point>& source) {
#ifdef WEIR_CORRECT
  source.group_by([](const Point& point) { return point.x; }, weir::op::pairwise());
#else
  source.group_by([](const Point& point) { return point; }, weir::op::pairwise());
#endif
}
