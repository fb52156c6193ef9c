#include <string>
#include <vector>
#include <weir/frame.hpp>

void build(const weir::Table& table) {
#ifdef WEIR_CORRECT
  static_cast<void>(table.column("a").to<int>());
#else
  static_cast<void>(table.column("a").to<std::vector<int> >());
#endif
}
