#include <weir/weir.hpp>

inline int add(int a, int b) { return a + b; }

int build(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit({.retries = 2}, add, 1, 2).result() + 1;
#else
  return client.submit({.retries = 2}, add, 1).result() + 1;
#endif
}
