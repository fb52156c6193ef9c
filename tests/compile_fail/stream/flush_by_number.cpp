#include <weir/stream.hpp>

void build(const weir::Stream<int>& source, const weir::Stream<int>& signal) {
#ifdef WEIR_CORRECT
  source.partition(2).flush_by(signal).sink([](const std::vector<int>&) {});
#else
  source.partition(2).flush_by(5).sink([](const std::vector<int>&) {});
#endif
}
