#include <weir/weir.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.merge(source.scatter().gather()).sink([](int) {});
#else
  source.merge(source.scatter()).sink([](int) {});
#endif
}
