#include <weir/delayed.hpp>

inline int one(int x) { return x; }

void build() {
#ifdef WEIR_CORRECT
  static_cast<void>(weir::delayed(one)(1));
#else
  static_cast<void>(weir::delayed(one)(1).get<0>());
#endif
}
