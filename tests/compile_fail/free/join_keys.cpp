#include <string>
#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  weir::op::left_join(
      source, source, [](int x) { return x; }, [](int x) { return x; }, 5);
#else
  weir::op::left_join(
      source, source, [](int x) { return x; }, [](int) { return std::string(); }, 5);
#endif
}
