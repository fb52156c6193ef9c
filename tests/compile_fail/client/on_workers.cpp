#include <weir/weir.hpp>

int build(weir::Client& client, int x) {
#ifdef WEIR_CORRECT
  return client.run_on_workers([](int by) { return by; }, x).front().result();
#else
  return client.run_on_workers([x] { return x; }).front().result();
#endif
}
