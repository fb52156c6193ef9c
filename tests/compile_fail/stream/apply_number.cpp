#include <weir/weir.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.apply(weir::op::take(3)).sink([](int) {});
#else
  source.apply(3).sink([](int) {});
#endif
}
