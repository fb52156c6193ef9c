#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<int>& source, const weir::Stream<std::string>& words) {
#ifdef WEIR_CORRECT
  source.merge(source.map([](int x) { return x + 1; }));
  (void)words;
#else
  source.merge(words);
#endif
}
