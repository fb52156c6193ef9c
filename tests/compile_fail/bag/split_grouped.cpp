#include <weir/bag.hpp>

void build(const weir::Bag<std::string>& lines) {
  const auto words = lines.split().flatten();
#ifdef WEIR_CORRECT
  const auto texts = words.map([](std::string_view word) { return std::string(word); });
  static_cast<void>(texts.groupby([](const std::string& word) { return word.size(); }));
#else
  static_cast<void>(words.groupby([](std::string_view word) { return word.size(); }));
#endif
}
