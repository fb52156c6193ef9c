#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.sink([](int) {}).on_error(weir::on_error::raise);
#else
  source.sink([](int) {}).on_error(true);
#endif
}
