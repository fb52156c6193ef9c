#include <weir/stream.hpp>

void build(const weir::Stream<int>& source, const weir::Stream<int>& signal) {
#ifdef WEIR_CORRECT
  source.take_until(signal.scatter().gather()).sink([](int) {});
#else
  source.take_until(signal.scatter()).sink([](int) {});
#endif
}
