// A pointer means nothing in another process, also deep inside.
#include <string>
#include <vector>
#include <weir/weir.hpp>

struct Named {
#ifdef WEIR_CORRECT
  std::string name;
#else
  const char* name = nullptr;
#endif
};
std::size_t count(const std::vector<Named>& all) { return all.size(); }

void body(weir::Client& client) { client.submit(count, std::vector<Named>(3)); }
