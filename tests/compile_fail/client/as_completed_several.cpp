// as_completed takes a list of futures.
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

int body(weir::Client& client) {
  const auto a = client.submit(twice, 1), b = client.submit(twice, 2);
  int sum = 0;
#ifdef WEIR_CORRECT
  for (auto future : weir::as_completed({a, b})) sum += future.result();
#else
  for (auto future : weir::as_completed(a, b)) sum += future.result();
#endif
  return sum;
}
