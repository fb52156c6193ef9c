#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<int>& a, const weir::Stream<std::string>& b) {
#ifdef WEIR_CORRECT
  (void)b;
  weir::op::merge_by_time([](int x) { return x; }, a);
#else
  (void)b;
  weir::op::merge_by_time([](const std::string&) { return 1; }, a);
#endif
}
