#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<int>& a, const weir::Stream<std::string>& b) {
#ifdef WEIR_CORRECT
  (void)b;
  weir::op::merge_by_time([](int x) { return x; }, a, a.map([](int x) { return x; }));
#else
  (void)b;
  weir::op::merge_by_time(a, a, [](int x) { return x; });
#endif
}
