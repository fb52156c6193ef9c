// <cctype> has int, <locale> a template.
#include <cctype>
#include <locale>
#include <weir/weir.hpp>

std::vector<weir::Future<int>> body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.map(weir::overload<int(int)>(std::toupper), std::string("abc"));
#else
  return client.map(std::toupper, std::string("abc"));
#endif
}
