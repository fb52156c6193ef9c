#include <weir/frame.hpp>

struct Row {
  int day;
  double value;
};
struct RowOfLists {
  int day;
  std::vector<double> values;
};

auto build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  return frame.collect<Row>();
#else
  return frame.collect<RowOfLists>();
#endif
}
