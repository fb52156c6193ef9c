#include <weir/weir.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.partition(2, [](int x) { return x % 2; }).sink([](const std::vector<int>&) {});
#else
  source.partition(2, [](const std::string& x) { return x; }).sink([](const std::vector<int>&) {});
#endif
}
