#include <weir/weir.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  const auto [even, odd] = source.split([](int x) { return x % 2 == 0; });
#else
  const auto [even, odd] = source.split([](const std::string& x) { return x.empty(); });
#endif
}
