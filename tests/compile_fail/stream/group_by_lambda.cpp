#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.group_by([](int x) { return x % 2; }, weir::op::pairwise());
#else
  source.group_by([](int x) { return x % 2; }, [](int x) { return x; });
#endif
}
