#include <weir/bag.hpp>

void build(const weir::Bag<std::string>& lines) {
  const auto words = lines.split().flatten();
#ifdef WEIR_CORRECT
  const auto texts = words.map([](std::string_view word) { return std::string(word); });
  static_cast<void>(texts.map([](const std::string& word) { return std::pair(word, 1); }).frequencies());
#else
  static_cast<void>(words.map([](std::string_view word) { return std::pair(word, 1); }).frequencies());
#endif
}
