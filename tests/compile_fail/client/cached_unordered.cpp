// The bytes of an unordered container are not the same in every run.
#include <map>
#include <unordered_map>
#include <vector>
#include <weir/run.hpp>

#ifdef WEIR_CORRECT
using Table = std::map<int, double>;
#else
using Table = std::unordered_map<int, double>;
#endif

double count(const std::vector<Table>& tables) { return static_cast<double>(tables.size()); }

void body(weir::Client& client) { client.submit(weir::cached{}, count, std::vector<Table>{}); }
