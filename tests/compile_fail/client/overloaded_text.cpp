// Forms that have further parameters, with defaults.
#include <string>
#include <weir/weir.hpp>

int body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit([](const std::string& text) { return std::stoi(text); }, std::string("5")).result();
#else
  return client.submit(std::stoi, std::string("5")).result();
#endif
}
