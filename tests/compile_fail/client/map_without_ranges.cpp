// map takes ranges.
#include <weir/weir.hpp>

int add(int a, int b) { return a + b; }

std::vector<weir::Future<int>> body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.map(add, std::vector{1}, std::vector{2});
#else
  return client.map(add, 1, 2);
#endif
}
