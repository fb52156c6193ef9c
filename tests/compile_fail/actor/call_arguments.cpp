#include <weir/weir.hpp>

struct Counter {
  explicit Counter(int from) : count(from) {}
  int add(int x) { return count += x; }
  int count;
};

int build(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.actor<Counter>(10).call(&Counter::add, 3).result();
#else
  return client.actor<Counter>(10).call(&Counter::add, std::vector<int>{3}).result();
#endif
}
