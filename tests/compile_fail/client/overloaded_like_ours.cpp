// With `using namespace weir` a name of the program may mean one of ours too, which is a template.
#include <weir/weir.hpp>

namespace ours {
template <class T>
T square(const std::vector<T>&);
}
using namespace ours;

int square(int x) { return x * x; }

int body(weir::Client& client) {
#ifdef WEIR_CORRECT
  return client.submit(weir::overload<int(int)>(square), 3).result();
#else
  return client.submit(square, 3).result();
#endif
}
