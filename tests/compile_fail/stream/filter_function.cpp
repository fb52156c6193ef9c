#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.filter([](int x) { return x > 1; });
#else
  source.filter([](int x) { static_cast<void>(x); });
#endif
}
