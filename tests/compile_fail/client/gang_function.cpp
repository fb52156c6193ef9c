#include <weir/weir.hpp>

int right(weir::Gang& gang, int x) { return gang.rank() + x; }
int wrong(int x) { return x; }

int build(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(weir::gang{4}, right, 3).result();
#else
  return client.submit(weir::gang{4}, wrong, 3).result();
#endif
}
