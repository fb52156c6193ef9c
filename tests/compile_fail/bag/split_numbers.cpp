#include <weir/bag.hpp>

#ifdef WEIR_CORRECT
using Element = std::string;
#else
using Element = int;
#endif

void build(const weir::Bag<Element>& bag) { static_cast<void>(bag.split()); }
