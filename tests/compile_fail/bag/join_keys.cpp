#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.join(
                           bag, [](int x) { return x; }, [](int x) { return x; })
                        .compute());
#else
  static_cast<void>(bag.join(
                           bag, [](int x) { return x; }, [](const char* x) { return x; })
                        .compute());
#endif
}
