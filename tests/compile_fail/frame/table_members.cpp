#include <string>
#include <vector>
#include <weir/frame.hpp>

struct Right {
  std::string city;
};
struct Wrong {
  std::vector<int> delays;
};

void build(const weir::Table& table) {
#ifdef WEIR_CORRECT
  static_cast<void>(table.to<Right>());
#else
  static_cast<void>(table.to<Wrong>());
#endif
}
