// A name that means several functions, one a template, is no argument of map; here and on the cluster.
#include <cmath>
#include <weir/stream.hpp>

template <class T>
T square(const std::vector<T>&);
int square(int x) { return x * x; }

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.map(weir::overload<int(int)>(square));
  source.scatter().map(weir::overload<int(int)>(square));
#else
  source.scatter().map(square);
#endif
}
