#include <weir/stream.hpp>

#include <string>

void build(const weir::Stream<int>& source, const weir::Stream<weir::Letter<int>>& letters,
           const weir::Stream<std::string>& texts) {
#ifdef WEIR_CORRECT
  source.map([](int x) { return x; }).on_error(weir::on_error::dead_letter(letters)).sink([](int) {});
#else
  source.map([](int x) { return x; }).on_error(weir::on_error::dead_letter(texts)).sink([](int) {});
#endif
}
