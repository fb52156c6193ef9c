// A time that is waited at most comes behind what is waited for.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

void body(weir::Client& client) {
  const std::vector futures{client.submit(twice, 1)};
#ifdef WEIR_CORRECT
  client.wait(futures, weir::Until::all, "5s");
#else
  client.wait(futures, "5s");
#endif
}
