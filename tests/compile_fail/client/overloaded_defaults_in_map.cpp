#include <string>
#include <vector>
#include <weir/weir.hpp>

auto body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.map([](const std::string& text) { return std::stof(text); }, std::vector<std::string>{"5"});
#else
  return client.map(std::stof, std::vector<std::string>{"5"});
#endif
}
