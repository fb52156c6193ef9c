// Points for plots as JSON and CSV.
#include "weir/detail/frame/points.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "frame/kernels/kernels.hpp"
#include "frame/plan/output.hpp"
#include "weir/detail/files/output.hpp"

namespace weir::detail::frame {

namespace {

// Bytes that are no UTF-8 become U+FFFD: a reader of JSON would refuse all of it.
std::string json_of(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_of(const Column& column, std::size_t row) {
  if (column.is_na(row)) return "null";
  switch (column.type()) {
    case ColumnType::text:
      return json_of(column.text(row));
    case ColumnType::date:
      return json_of(column.show(row));
    case ColumnType::datetime: {
      std::string time = column.show(row) + "Z";
      std::replace(time.begin(), time.end(), ' ', 'T');
      return json_of(time);
    }
    case ColumnType::float64:
      if (!std::isfinite(reals(column)[row])) return "null";
      break;
    case ColumnType::int64:
    case ColumnType::boolean:
      break;
  }
  return column.show(row);
}

std::string objects(const Table& table, std::string_view between) {
  std::vector<std::string> names;
  for (const std::string& name : table.names()) names.push_back(json_of(name) + ":");
  std::string text;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (row) text += between;
    for (std::size_t c = 0; c < names.size(); ++c)
      text += (c ? "," : "{") + names[c] + json_of(table.columns()[c], row);
    text += '}';
  }
  return text;
}

}  // namespace

Table last_rows(const Table& before, const Table& batch, std::size_t count) {
  const Table both[] = {before.slice(before.rows() - std::min(before.rows(), count), count), batch};
  const Table all = concat(both);
  return all.slice(all.rows() - std::min(all.rows(), count), count);
}

void check_points_path(const std::string& path) {
  if (path.ends_with(".json") || path.ends_with(".jsonl") || path.ends_with(".csv")) return;
  throw Error(ErrorKind::invalid_argument,
              "sink_to_points: the file must be called .json, .jsonl or .csv (got '" + path + "')");
}

void write_points(const std::string& path, const Table& table) {
  files::Output output("sink_to_points", path);
  if (path.ends_with(".csv")) output.write(csv_text(table, {}, true));
  else if (path.ends_with(".json")) output.write("[" + objects(table, ",\n ") + "]\n");
  else if (table.rows() > 0) output.write(objects(table, "\n") + "\n");
  output.commit();
}

}  // namespace weir::detail::frame
