#include <string>
#include <vector>
#include <weir/frame.hpp>

void build(const weir::Frame& frame) {
#ifdef WEIR_CORRECT
  static_cast<void>(frame.map_partitions([](const weir::Table& part) { return part; }));
#else
  static_cast<void>(frame.map_partitions([](int part) { return part; }));
#endif
}
