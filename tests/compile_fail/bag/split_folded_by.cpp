#include <weir/bag.hpp>

void build(const weir::Bag<std::string>& lines) {
  const auto words = lines.split().flatten();
#ifdef WEIR_CORRECT
  const auto texts = words.map([](std::string_view word) { return std::string(word); });
  static_cast<void>(texts.foldby([](const std::string& word) { return word; },
                                 [](int n, const std::string&) { return n + 1; }, 0, std::plus<int>()));
#else
  static_cast<void>(words.foldby([](std::string_view word) { return word; },
                                 [](int n, std::string_view) { return n + 1; }, 0, std::plus<int>()));
#endif
}
