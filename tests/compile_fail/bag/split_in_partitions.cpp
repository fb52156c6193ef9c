#include <weir/bag.hpp>

void build(const weir::Bag<std::string>& lines) {
  const auto words = lines.split().flatten();
#ifdef WEIR_CORRECT
  const auto texts = words.map([](std::string_view word) { return std::string(word); });
  static_cast<void>(texts.map_partitions([](std::vector<std::string> all) { return all; }));
#else
  static_cast<void>(words.map_partitions([](std::vector<std::string_view> all) { return all; }));
#endif
}
