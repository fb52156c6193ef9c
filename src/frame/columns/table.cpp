// Tables: names looked up, rows cut out, printed.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <set>

#include "core/decimal.hpp"
#include "core/wording.hpp"
#include "frame/columns/cell.hpp"
#include "frame/columns/together.hpp"
#include "frame/kernels/kernels.hpp"
#include "weir/detail/frame/rows.hpp"
#include "weir/detail/task/serialize.hpp"

namespace weir {

namespace {

// Columns that a character takes on a terminal: bytes that begin one.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Six digits behind the point are what people read; all of them are in `Column::show`.
std::string short_real(double value) {
  const double size = std::fabs(value);
  char text[48];
  if (!std::isfinite(value) || value == 0 || size < 1e-4 || size >= 1e15) {
    if (!std::isfinite(value) || value == 0) return detail::frame::written_real(value);
    std::snprintf(text, sizeof text, "%.6e", value);
    return text;
  }
  std::snprintf(text, sizeof text, "%.6f", value);
  std::string digits = text;
  while (digits.back() == '0' && digits[digits.size() - 2] != '.') digits.pop_back();
  return digits;
}

// At most `most` characters on one line.
std::string cell_text(const Column& column, std::size_t i, std::size_t most) {
  if (column.is_na(i)) return "NA";
  if (column.type() == ColumnType::float64) return short_real(column.float64s()[i]);
  std::string text = detail::printable(column.show(i));
  if (width_of(text) <= most) return text;
  std::size_t end = 0, seen = 0;
  while (end < text.size() && ((text[end] & 0xC0) == 0x80 || ++seen < most)) ++end;
  return text.substr(0, end) + "\u2026";
}

}  // namespace

Table::Table(std::vector<std::string> names, std::vector<Column> columns)
    : names_(std::move(names)), columns_(std::move(columns)) {
  if (names_.size() != columns_.size())
    throw Error(ErrorKind::invalid_argument, "table: there must be a name for each column (got " +
                                                 std::to_string(names_.size()) + " names, " +
                                                 std::to_string(columns_.size()) + " columns)");
  std::set<std::string_view> seen;
  for (const std::string& name : names_)
    if (!seen.insert(name).second)
      throw Error(ErrorKind::invalid_argument, "table: names must differ (got " + quoted(name) + " twice)");
  if (columns_.empty()) return;
  rows_ = columns_.front().size();
  for (std::size_t c = 0; c < columns_.size(); ++c)
    if (columns_[c].size() != rows_)
      throw Error(ErrorKind::invalid_argument,
                  "table: columns must have the same length (got " + std::to_string(rows_) + " values of " +
                      quoted(names_.front()) + ", " + std::to_string(columns_[c].size()) + " of " +
                      quoted(names_[c]) + ")");
}

Schema Table::schema() const {
  Schema schema;
  for (std::size_t c = 0; c < names_.size(); ++c) schema.push_back({names_[c], columns_[c].type()});
  return schema;
}

std::optional<std::size_t> Table::find(std::string_view name) const noexcept {
  for (std::size_t c = 0; c < names_.size(); ++c)
    if (names_[c] == name) return c;
  return std::nullopt;
}

const Column& Table::column(std::string_view name) const& {
  const auto found = find(name);
  return columns_[found ? *found : detail::frame::find_column("table", name, schema())];
}

std::uint64_t Table::bytes() const noexcept {
  std::uint64_t bytes = 0;
  for (const Column& column : columns_) bytes += column.bytes();
  return bytes;
}

Table Table::slice(std::size_t first, std::size_t count) const {
  first = std::min(first, rows_);
  count = std::min(count, rows_ - first);
  if (count == rows_) return *this;
  std::vector<detail::frame::Row> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = static_cast<detail::frame::Row>(first + i);
  return detail::frame::take(*this, rows);
}

std::string Table::show(std::size_t most_rows) const {
  constexpr std::size_t widest = 40;
  const std::size_t shown = std::min(rows_, most_rows);
  std::vector<std::string> lines(shown + 2);
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    std::vector<std::string> cells{detail::printable(names_[c]), std::string(to_string(columns_[c].type()))};
    for (std::size_t i = 0; i < shown; ++i) cells.push_back(cell_text(columns_[c], i, widest));
    std::size_t width = 0;
    for (const std::string& cell : cells) width = std::max(width, width_of(cell));
    const bool is_left = columns_[c].type() == ColumnType::text;
    const bool is_last = c + 1 == columns_.size();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string blanks(width - width_of(cells[i]), ' ');
      if (c) lines[i] += "  ";
      lines[i] += is_left ? cells[i] + (is_last ? "" : blanks) : blanks + cells[i];
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  if (columns_.empty()) text.clear();
  if (shown < rows_) text += "... " + std::to_string(rows_) + " rows\n";
  else if (rows_ == 0) text += "no rows\n";
  return text;
}

std::ostream& operator<<(std::ostream& out, const Table& table) { return out << table.show(); }

void Table::save(OutArchive& archive) const { detail::frame::save_table(archive, *this); }
void Table::load(InArchive& archive) { *this = detail::frame::load_table(archive); }

bool operator==(const Table& a, const Table& b) { return a.names_ == b.names_ && a.columns_ == b.columns_; }

namespace detail::frame {

namespace {

[[noreturn]] void throw_unknown_column(const std::string& who, std::string_view name, const Schema& schema) {
  std::vector<std::string_view> names;
  std::string all;
  for (const Field& field : schema) {
    names.push_back(field.name);
    if (names.size() <= 30) all += (all.empty() ? "" : ", ") + field.name;
  }
  if (names.size() > 30) all += ", ... " + std::to_string(names.size()) + " in all";
  std::string text = who + ": there must be a column of that name (got " + quoted(name) + ")";
  if (const auto meant = nearest(name, names))
    text += "; did you mean " + quoted(*meant) + "? The columns are: ";
  else text += "; the columns are: ";
  throw Error(ErrorKind::not_found, text + (all.empty() ? "none" : printable(all)));
}

}  // namespace

std::size_t find_column(const std::string& who, std::string_view name, const Schema& schema) {
  for (std::size_t c = 0; c < schema.size(); ++c)
    if (schema[c].name == name) return c;
  throw_unknown_column(who, name, schema);
}

}  // namespace detail::frame
}  // namespace weir
