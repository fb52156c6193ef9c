#include <weir/stream/stream.hpp>
#include <weir/stream/time.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.delay("500ms");
#else
  source.delay(0.5);
#endif
}
