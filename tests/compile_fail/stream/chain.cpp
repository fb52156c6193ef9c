#include <weir/weir.hpp>

// What follows a wrong function is not said to be wrong.

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  source.map([](int x) { return std::to_string(x); })
      .sliding_window(2)
      .sink([](const std::vector<std::string>&) {});
#else
  source.map([](const char* x) { return std::string(x); })
      .sliding_window(2)
      .sink([](const std::vector<std::string>&) {});
#endif
}
