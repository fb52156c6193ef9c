// Bags of plain structs as frames, and frames as bags. Link weir::frame.
#pragma once

#include <algorithm>

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
  return detail::frame::rows_of<Row>("to_bag", table);
}
inline Table first_rows(const Table& table) { return table.slice(0, 0); }
/// Whether the columns of these types can be the members of a row, as far as is known before there are
/// values.
template <class Row>
bool fits_row(const Schema& schema) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const Field& field : schema) {
    names.push_back(field.name);
    columns.push_back(Column(field.type, 0, {}, {}, {}));
  }
  try {
    static_cast<void>(rows_of_table<Row>(Table(std::move(names), std::move(columns))));
    return true;
  } catch (const Error&) {
    return false;
  }
}
template <class C>
inline constexpr bool is_frame = std::is_same_v<C, Frame>;
/// How many of the first `end` are frames.
template <class... C>
constexpr std::size_t frames_before(std::size_t end) {
  constexpr bool are_frames[] = {is_frame<C>...};
  return static_cast<std::size_t>(std::count(are_frames, are_frames + end, true));
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
          tables.push_back(client.submit({.name = "to_frame"}, &detail::bridge::table_of_rows<Row>, part));
        return tables;
      });
}

/// The rows of a frame as plain structs, a partition for each of its own; computed now, left on the workers.
///
/// **Errors.** As `Frame::collect`: names and types that do not fit are some at once, values that do not fail
/// the tasks that use the bag.
template <class Row>
[[nodiscard]] Bag<Row> to_bag(const Frame& frame) {
  detail::frame::check_names<Row>("to_bag", frame.schema());
  std::vector<Future<std::vector<Row>>> parts;
  const std::vector<Future<Table>> tables = frame.to_futures();
  // What a file was thought to have may have changed with its last line: a part of it knows.
  if (!detail::bridge::fits_row<Row>(frame.schema()) && !tables.empty())
    static_cast<void>(detail::bridge::rows_of_table<Row>(
        Client::current().submit({.name = "to_bag"}, &detail::bridge::first_rows, tables.front()).result()));
  for (const Future<Table>& table : tables)
    parts.push_back(Client::current().submit({.name = "to_bag"}, &detail::bridge::rows_of_table<Row>, table));
  return from_futures(parts);
}

/// Frames, bags and delayed values at once: `auto [table, lines] = compute(frame, bag.count());`
///
/// What the frames share is read once, and so is what the others share; of a bag that a frame is made of
/// `persist` keeps one for both.
/// **Errors.** Waits for all of them; throws the first error of the frames, else that of the others.
template <class... C>
requires(((detail::bridge::is_frame<C> || Computable<C>)&&...) && (detail::bridge::is_frame<C> || ...) &&
         !(detail::bridge::is_frame<C> && ...)) [[nodiscard]] auto compute(const C&... collections) {
  namespace bridge = detail::bridge;
  std::vector<detail::delayed::NodeRef> nodes;
  std::vector<Frame> frames;
  const auto sort_out = [&](const auto& collection) {
    if constexpr (bridge::is_frame<std::decay_t<decltype(collection)>>) frames.push_back(collection);
    else nodes.push_back(collection.delayed().node());
  };
  (sort_out(collections), ...);
  const std::vector<detail::client::FutureRef> tasks =
      detail::delayed::submit(Client::current().core(), nodes);
  std::vector<Table> tables = compute(frames);
  const auto result = [&]<std::size_t I, class One>(std::index_sequence<I>, const One& collection) {
    constexpr std::size_t frames_there = bridge::frames_before<C...>(I);
    if constexpr (bridge::is_frame<One>) return std::move(tables[frames_there]);
    else
      return Future<typename std::decay_t<decltype(collection.delayed())>::value_type>(
                 tasks[I - frames_there])
          .result();
  };
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<decltype(result(std::index_sequence<I>{}, collections))...>{
        result(std::index_sequence<I>{}, collections)...};
  }
  (std::index_sequence_for<C...>{});
}

}  // namespace weir
