// A name that means several functions is no argument of filter.
#include <string>
#include <weir/stream.hpp>

bool is_good(int x) { return x > 0; }
bool is_good(const std::string& x) { return !x.empty(); }

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.filter(weir::overload<bool(int)>(is_good));
#else
  source.filter(is_good);
#endif
}
