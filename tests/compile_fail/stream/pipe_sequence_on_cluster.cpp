#include <weir/stream.hpp>

void build(const weir::Stream<int>& source) {
#ifdef WEIR_CORRECT
  (source.scatter() | (weir::op::map([](int x) { return x; }) | weir::op::pairwise())).gather();
#else
  (source.scatter() | (weir::op::filter([](const std::string&) { return true; }) | weir::op::pairwise()))
      .gather();
#endif
}
