#include <string>
#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.map([](int x) { return x + 1; });
#else
  source.map([](const std::string& x) { return x + "1"; });
#endif
}
