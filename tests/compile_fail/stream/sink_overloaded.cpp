// A name that means several functions is no argument of sink.
#include <string>
#include <weir/stream.hpp>

void show(int x);
void show(const std::string& x);

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.sink(weir::overload<void(int)>(show));
#else
  source.sink(show);
#endif
}
