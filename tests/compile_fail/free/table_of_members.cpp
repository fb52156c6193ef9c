#include <string>
#include <vector>
#include <weir/frame.hpp>

struct Right {
  std::string city;
};
struct Wrong {
  std::vector<int> delays;
};

void build() {
#ifdef WEIR_CORRECT
  static_cast<void>(weir::table_of(std::vector<Right>{}));
#else
  static_cast<void>(weir::table_of(std::vector<Wrong>{}));
#endif
}
