#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.route(2, [](int x) { return x % 2; });
#else
  source.route([](int x) { return x % 2; });
#endif
}
