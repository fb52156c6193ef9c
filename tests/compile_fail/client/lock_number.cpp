#include <weir/coordination.hpp>

void build(weir::Lock& lock) {
#ifdef WEIR_CORRECT
  const weir::Lease here = lock.acquire("5s");
#else
  const weir::Lease here = lock.acquire(5);
#endif
}
