#include <weir/stream.hpp>

int last_digit(int x) { return x % 10; }

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.unique({}, last_digit);
#else
  source.unique(last_digit);
#endif
}
