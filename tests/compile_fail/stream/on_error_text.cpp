#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.on_error(weir::on_error::skip);
#else
  source.on_error("skip");
#endif
}
