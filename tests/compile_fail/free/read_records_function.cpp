#include <weir/bag.hpp>

void build() {
#ifdef WEIR_CORRECT
  static_cast<void>(
      weir::read_records("a.log", [](std::string_view line) { return line.starts_with('2'); }).compute());
#else
  static_cast<void>(weir::read_records("a.log", [](int line) { return line > 2; }).compute());
#endif
}
