#include <weir/weir.hpp>

int build(weir::Client& client, int x) {
#ifdef WEIR_CORRECT
  return client.scatter(x).result();
#else
  return *client.scatter(&x).result();
#endif
}
