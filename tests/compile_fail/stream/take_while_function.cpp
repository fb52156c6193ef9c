#include <string>
#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.take_while([](int x) { return x < 3; });
#else
  source.take_while([](const std::string& x) { return x.empty(); });
#endif
}
