#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  weir::op::join(
      source, source, [](int x) { return x; }, [](int x) { return x; }, 5)
      .sink([](auto) {});
#else
  weir::op::join(
      source, source, [](const char* x) { return x; }, [](int x) { return x; }, 5);
#endif
}
