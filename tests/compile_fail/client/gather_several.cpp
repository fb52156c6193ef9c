// gather takes one future, or a vector of them.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

std::vector<int> body(weir::Client& client) {
  const auto a = client.submit(twice, 1), b = client.submit(twice, 2);
#ifdef WEIR_CORRECT
  return client.gather(std::vector{a, b});
#else
  return client.gather(a, b);
#endif
}
