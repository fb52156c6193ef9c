#include <weir/weir.hpp>

void build(const weir::Stream<int>& source, const weir::Stream<int>& below) {
#ifdef WEIR_CORRECT
  source.scatter().gather().connect(below);
#else
  source.scatter().connect(below);
#endif
}
