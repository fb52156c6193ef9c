#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.foldby([](int x) { return x; }, [](int sum, int x) { return sum + x; }, 0).compute());
#else
  static_cast<void>(bag.foldby([](int x) { return x; }, [](int sum) { return sum; }, 0).compute());
#endif
}
