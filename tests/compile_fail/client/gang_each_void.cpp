#include <weir/weir.hpp>

inline void work(weir::Gang&) {}

void build(weir::Client& client) {
#ifdef WEIR_CORRECT
  client.submit(weir::gang{4}, work).result();
#else
  client.submit(weir::gang{4}.each(), work).result();
#endif
}
