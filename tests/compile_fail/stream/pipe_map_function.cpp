#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  (source | weir::op::map([](int x) { return x; })).sink([](int) {});
#else
  (source | weir::op::map([](const std::string& x) { return x; })).sink([](int) {});
#endif
}
