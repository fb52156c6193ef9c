#include <memory>
#include <weir/stream.hpp>

void build(const weir::Stream<std::unique_ptr<int>>& source, std::unique_ptr<int> one) {
#ifdef WEIR_CORRECT
  source.emit(std::move(one));
#else
  source.emit(one);
#endif
}
