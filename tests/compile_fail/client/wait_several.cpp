// wait takes a list of futures.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

void body(weir::Client& client) {
  const auto a = client.submit(twice, 1), b = client.submit(twice, 2);
#ifdef WEIR_CORRECT
  client.wait({a, b});
#else
  client.wait(a, b);
#endif
}
