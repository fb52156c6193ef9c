#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<std::pair<int, int>>& source) {
#ifdef WEIR_CORRECT
  source.emit({1, 2});
#else
  source.emit();
#endif
}
