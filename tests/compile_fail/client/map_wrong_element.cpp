// The elements are what the function takes.
#include <string>
#include <weir/weir.hpp>

int twice(int x) { return 2 * x; }

int body(weir::Client& client) {
#ifdef WEIR_CORRECT
  const std::vector<int> elements{1};
#else
  const std::vector<std::string> elements{"1"};
#endif
  return client.map(twice, elements).at(0).result();
}
