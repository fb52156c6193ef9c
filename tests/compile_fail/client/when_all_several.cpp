// when_all takes a list of futures.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

std::vector<int> body(weir::Client& client) {
  const auto a = client.submit(twice, 1), b = client.submit(twice, 2);
#ifdef WEIR_CORRECT
  return client.when_all({a, b}).result();
#else
  return client.when_all(a, b).result();
#endif
}
