#include <vector>
#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(bag.reduction([](std::vector<int> part) { return part.size(); },
                                  [](std::vector<std::size_t> sizes) { return sizes.front(); })
                        .compute());
#else
  static_cast<void>(
      bag.reduction([](std::vector<int> part) { return part.size(); }, [](std::size_t size) { return size; })
          .compute());
#endif
}
