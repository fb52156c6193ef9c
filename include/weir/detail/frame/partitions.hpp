// Partitions that are made by others: functions of programs, bags.
#pragma once

#include <functional>

#include "weir/client.hpp"
#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// What becomes of each partition, here and as a task, whose result must have this schema.
struct PartitionMap {
  std::function<Table(const Table&)> here;
  std::function<Future<Table>(Client&, const Future<Table>&, const Schema&)> submit;
};
/// Starts what makes the partitions.
using AskForTables = std::function<std::vector<Future<Table>>(Client&)>;

/// Throws unless a function made what it makes of a table without rows.
void check_mapped(const Table& made, const Schema& schema);

template <class F>
Table mapped_partition(const Table& table, const F& function, const Schema& schema) {
  Table made = std::invoke(function, table);
  check_mapped(made, schema);
  return made;
}

template <class F>
PartitionMap partition_map(F function) {
  return {[function](const Table& table) -> Table { return std::invoke(function, table); },
          [function](Client& client, const Future<Table>& part, const Schema& schema) {
            return client.submit(Options{.name = "map_partitions"}, &mapped_partition<F>, part, function,
                                 schema);
          }};
}

}  // namespace weir::detail::frame
