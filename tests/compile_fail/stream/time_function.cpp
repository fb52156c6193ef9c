#include <weir/weir.hpp>

void build(const weir::Stream<double>& source) {
#ifdef WEIR_CORRECT
  source.tumbling_window([](double x) { return x; }, 2.0).sink([](const auto&) {});
#else
  source.tumbling_window([](const std::string& x) { return x.size(); }, 2.0).sink([](const auto&) {});
#endif
}
