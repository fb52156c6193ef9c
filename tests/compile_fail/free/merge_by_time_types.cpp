#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<int>& a, const weir::Stream<std::string>& b) {
#ifdef WEIR_CORRECT
  weir::op::merge_by_time([](int x) { return x; }, a, b.map([](const std::string&) { return 1; }));
#else
  weir::op::merge_by_time([](int x) { return x; }, a, b);
#endif
}
