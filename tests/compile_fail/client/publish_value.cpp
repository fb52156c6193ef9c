#include <weir/coordination.hpp>

void build(const weir::Future<int>& future) {
#ifdef WEIR_CORRECT
  weir::publish("x", future);
#else
  weir::publish("x", 5);
#endif
}
