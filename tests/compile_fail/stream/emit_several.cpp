#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<std::pair<int, int>>& source) {
#ifdef WEIR_CORRECT
  source.emit({1, 2}, [](const std::exception_ptr&) {});
#else
  source.emit(1, 2);
#endif
}
