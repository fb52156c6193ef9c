// Nor are those of a struct that has one.
#include <map>
#include <optional>
#include <unordered_map>
#include <weir/run.hpp>

struct Table {
#ifdef WEIR_CORRECT
  std::map<int, double> cells;
#else
  std::unordered_map<int, double> cells;
#endif
};
struct Tables {
  double scale;
  std::optional<Table> first;
};

double count(const Tables& tables) { return tables.scale; }

void body(weir::Client& client) { client.submit(weir::cached{}, count, Tables{}); }
