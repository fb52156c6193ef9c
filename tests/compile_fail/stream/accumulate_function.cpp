#include <string>
#include <weir/stream/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.accumulate([](double sum, int x, double weight) { return sum + weight * x; }, 0.0, 0.5);
#else
  source.accumulate([](double sum, const std::string& x) { return sum + x.size(); }, 0.0);
#endif
}
