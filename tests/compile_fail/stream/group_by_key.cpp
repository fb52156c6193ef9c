#include <string>
#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.group_by([](int x) { return x % 2; }, weir::op::collect());
#else
  source.group_by([](const std::string& x) { return x.size(); }, weir::op::collect());
#endif
}
