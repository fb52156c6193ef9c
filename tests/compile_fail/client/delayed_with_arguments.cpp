// The arguments of a delayed call are given to what delayed makes of the function.
#include <weir/delayed.hpp>

int add(int x, int y) { return x + y; }

int body() {
#ifdef WEIR_CORRECT
  return weir::delayed(add)(1, 2).compute();
#else
  return weir::delayed(add, 1, 2).compute();
#endif
}
