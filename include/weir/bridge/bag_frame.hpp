// Bags of plain structs as frames, and frames as bags. Link weir::frame.
#pragma once

#include "weir/bag.hpp"
#include "weir/frame.hpp"

namespace weir {

namespace detail::bridge {
template <class Row>
Table table_of_rows(const std::vector<Row>& rows) {
  return table_of(rows);
}
template <class Row>
std::vector<Row> rows_of_table(const Table& table) {
  return table.to<Row>();
}
}  // namespace detail::bridge

/// A frame of a bag of plain structs: each member is a column of its name, a partition stays one.
///
/// `to_frame(read_json<Event>("*.json")).group_by("user").agg(count())`
/// **Cost.** Nothing runs before the frame is computed; then the bag is, each time.
template <class Row>
[[nodiscard]] Frame to_frame(const Bag<Row>& bag) {
  return detail::frame::asked_frame(
      table_of(std::vector<Row>{}).schema(), bag.partitions(), [bag](Client& client) {
        std::vector<Future<Table>> tables;
        for (const Future<std::vector<Row>>& part : bag.to_futures())
          tables.push_back(client.submit(&detail::bridge::table_of_rows<Row>, part));
        return tables;
      });
}

/// The rows of a frame as plain structs, a partition for each of its own; computed now, left on the workers.
///
/// **Errors.** As `Frame::collect`, of the tasks that use the bag.
template <class Row>
[[nodiscard]] Bag<Row> to_bag(const Frame& frame) {
  std::vector<Future<std::vector<Row>>> parts;
  for (const Future<Table>& table : frame.to_futures())
    parts.push_back(Client::current().submit(&detail::bridge::rows_of_table<Row>, table));
  return from_futures(parts);
}

}  // namespace weir
