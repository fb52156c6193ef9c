// Another run finds a result by the function's name, and a lambda has none.
#include <weir/run.hpp>

int increment(int x) { return x + 1; }

void body(weir::Client& client) {
#ifdef WEIR_CORRECT
  client.submit(weir::cached{}, increment, 1);
#else
  client.submit(
      weir::cached{}, [](int x) { return x + 1; }, 1);
#endif
}
