#include <weir/weir.hpp>

auto build(const weir::Stream<int>& source) {
  const auto squares = source.scatter().map([](int x) { return x * x; });
#ifdef WEIR_CORRECT
  return source.combine_latest(squares.gather());
#else
  return source.combine_latest(squares);
#endif
}
