#include <weir/stream.hpp>

struct Point {
  int x;
};

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.sink_to_textfile("points.txt");
#else
  source.map([](int x) { return Point{x}; }).sink_to_textfile("points.txt");
#endif
}
