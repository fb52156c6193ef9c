// The future of a text is no number.
#include <string>
#include <weir/weir.hpp>

std::string name(int x) { return std::to_string(x); }
int length(const std::string& text) { return static_cast<int>(text.size()); }
int twice(int x) { return 2 * x; }

void body(weir::Client& client) {
  weir::Future<std::string> text = client.submit(name, 1);
#ifdef WEIR_CORRECT
  client.submit(length, text);
#else
  client.submit(twice, text);
#endif
}
