// A task that changed its argument would change what other tasks see.
#include <string>
#include <weir/weir.hpp>

std::string grown(const std::string& text) { return text + '!'; }
int grow(std::string& text) { return static_cast<int>((text += '!').size()); }

void body(weir::Client& client) {
#ifdef WEIR_CORRECT
  client.submit(grown, std::string("a"));
#else
  client.submit(grow, std::string("a"));
#endif
}
