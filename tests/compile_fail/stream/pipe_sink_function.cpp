#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source | weir::op::sink([](int) {});
#else
  source | weir::op::sink([](const std::string&) {});
#endif
}
