#include <weir/coordination.hpp>

#include <string>

void build(weir::Variable<int>& best, const std::string& text) {
#ifdef WEIR_CORRECT
  best.set(static_cast<int>(text.size()));
#else
  best.set(text);
#endif
}
