// Functions with default arguments, of which no form takes just what is given.
#include <string>
#include <weir/weir.hpp>

unsigned long long body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit([](const std::string& text) { return std::stoull(text); }, std::string("5")).result();
#else
  return client.submit(std::stoull, std::string("5")).result();
#endif
}
