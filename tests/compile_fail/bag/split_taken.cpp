#include <weir/bag.hpp>

void build(const weir::Bag<std::string>& lines) {
#ifdef WEIR_CORRECT
  const auto words = lines.split().flatten().map([](std::string_view word) { return std::string(word); });
  static_cast<void>(words.take(3));
#else
  static_cast<void>(lines.split().flatten().take(3));
#endif
}
