#include <vector>
#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.map_partitions([](std::vector<int> all) { return all; }).compute());
#else
  static_cast<void>(bag.map_partitions([](int x) { return x; }).compute());
#endif
}
