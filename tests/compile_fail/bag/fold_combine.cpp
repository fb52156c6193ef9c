#include <string>
#include <weir/bag.hpp>

void build(const weir::Bag<int>& bag) {
#ifdef WEIR_CORRECT
  static_cast<void>(
      bag.fold([](std::string all, int) { return all; }, "", std::plus<std::string>()).compute());
#else
  static_cast<void>(bag.fold([](std::string all, int) { return all; }, "").compute());
#endif
}
