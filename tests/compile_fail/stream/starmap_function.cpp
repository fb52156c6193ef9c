#include <weir/stream/stream.hpp>

void build(const weir::Stream<std::pair<int, int>>& source) {
#ifdef WEIR_CORRECT
  source.starmap([](int x, int y) { return x + y; });
#else
  source.starmap([](int x) { return x; });
#endif
}
