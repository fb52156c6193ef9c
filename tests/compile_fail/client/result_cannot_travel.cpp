// An open file stays on its machine.
#include <fstream>
#include <string>
#include <weir/weir.hpp>

std::ifstream opened(const std::string& path) { return std::ifstream(path); }
int size_of(const std::string& path) { return static_cast<int>(opened(path).tellg()); }

void body(weir::Client& client) {
#ifdef WEIR_CORRECT
  client.submit(size_of, std::string("x"));
#else
  client.submit(opened, std::string("x"));
#endif
}
