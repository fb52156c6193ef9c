#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.scatter().on_error(weir::on_error::retry(2)).gather().sink([](int) {});
#else
  source.scatter().on_error(weir::on_error::retry).gather().sink([](int) {});
#endif
}
