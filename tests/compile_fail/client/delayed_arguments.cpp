#include <weir/delayed.hpp>

inline int add(int a, int b) { return a + b; }

int build() {
#ifdef WEIR_CORRECT
  return weir::delayed(add)(1, 2).compute();
#else
  return weir::delayed(add)(1, std::vector<int>{2}).compute();
#endif
}
