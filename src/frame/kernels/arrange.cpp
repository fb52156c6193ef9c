// Rows taken, put one behind the other, converted.
#include <algorithm>
#include <cstring>

#include "frame/columns/cell.hpp"
#include "frame/kernels/kernels.hpp"

namespace weir::detail::frame {

namespace {

// Calls `f` with a null pointer of the C++ type that values of the column type are kept as; not for text.
template <class F>
auto with_values(ColumnType type, F&& f) {
  if (type == ColumnType::boolean) return f(static_cast<const std::uint8_t*>(nullptr));
  return f(static_cast<const std::int64_t*>(nullptr));  // 64 bits that are only moved
}

Block taken_validity(const Column& column, std::span<const Row> rows) {
  const bool may_miss = column.na_count() || std::find(rows.begin(), rows.end(), no_row) != rows.end();
  if (!may_miss) return {};
  Bits bits(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i] == no_row || column.is_na(rows[i])) bits.clear(i);
  return std::move(bits).block();
}

Column take_text(const Column& column, std::span<const Row> rows) {
  Fresh<std::int64_t> offsets(rows.size() + 1);
  std::int64_t total = 0;
  const std::int64_t* from = column.offsets();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    offsets[i] = total;
    if (rows[i] != no_row) total += from[rows[i] + 1] - from[rows[i]];
  }
  offsets[rows.size()] = total;
  Fresh<char> bytes(static_cast<std::size_t>(total));
  const char* text = reinterpret_cast<const char*>(column.data());
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i] != no_row)
      std::memcpy(bytes.data() + offsets[i], text + from[rows[i]],
                  static_cast<std::size_t>(from[rows[i] + 1] - from[rows[i]]));
  return Column(ColumnType::text, rows.size(), bytes.block(), offsets.block(), taken_validity(column, rows));
}

// Bits of several columns one behind the other.
Block joined_validity(std::span<const Column* const> columns, std::size_t rows) {
  Bits bits(rows);
  std::size_t at = 0;
  for (const Column* column : columns) {
    if (column->na_count())
      for (std::size_t i = 0; i < column->size(); ++i)
        if (column->is_na(i)) bits.clear(at + i);
    at += column->size();
  }
  return std::move(bits).block();
}

template <class From, class To, class F>
Column convert(const Column& column, ColumnType type, const From* from, To*, F f) {
  Fresh<To> values(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) values[i] = f(from[i]);
  Bits bits(column.size());
  if (column.na_count())
    for (std::size_t i = 0; i < column.size(); ++i)
      if (column.is_na(i)) bits.clear(i);
  return fixed_column(type, column.size(), std::move(values), std::move(bits).block());
}

Column to_text_column(const Column& column) {
  std::vector<std::optional<std::string>> texts(column.size());
  for (std::size_t i = 0; i < column.size(); ++i)
    if (!column.is_na(i)) texts[i] = column.show(i);
  return make_column(texts);
}

Column from_text_column(const Column& column, ColumnType type) {
  const std::size_t rows = column.size();
  Bits bits(rows);
  Fresh<std::int64_t> integers(rows);
  Fresh<double> numbers(rows);
  Fresh<std::uint8_t> bools(rows);
  const CellFormat format;
  for (std::size_t i = 0; i < rows; ++i) {
    integers[i] = 0, numbers[i] = 0, bools[i] = 0;
    bool is_read = !column.is_na(i);
    if (is_read) {
      const std::string_view text = column.text(i);
      if (type == ColumnType::boolean) is_read = read_bool(text, bools[i]);
      else if (type == ColumnType::float64) is_read = read_real(text, format, numbers[i]);
      else if (type == ColumnType::int64) is_read = read_integer(text, format, integers[i]);
      else if (type == ColumnType::date) is_read = read_date(text, integers[i]);
      else is_read = read_datetime(text, integers[i]);
    }
    if (!is_read) bits.clear(i);
  }
  Block validity = std::move(bits).block();
  if (type == ColumnType::boolean) return fixed_column(type, rows, std::move(bools), std::move(validity));
  if (type == ColumnType::float64) return fixed_column(type, rows, std::move(numbers), std::move(validity));
  return fixed_column(type, rows, std::move(integers), std::move(validity));
}

constexpr std::int64_t day_ns = 86'400'000'000'000;

// Real numbers as integers: what no integer is becomes missing.
Column to_integers(const Column& column) {
  const double* from = reals(column);
  Fresh<std::int64_t> values(column.size());
  Bits bits(column.size());
  for (std::size_t i = 0; i < column.size(); ++i) {
    const bool fits = from[i] >= -0x1p63 && from[i] < 0x1p63;
    values[i] = fits ? static_cast<std::int64_t>(from[i]) : 0;
    if (!fits || column.is_na(i)) bits.clear(i);
  }
  return fixed_column(ColumnType::int64, column.size(), std::move(values), std::move(bits).block());
}

// Days as times: those before 1677 and after 2262 become missing.
Column to_times(const Column& column) {
  const std::int64_t* from = integers(column);
  Fresh<std::int64_t> values(column.size());
  Bits bits(column.size());
  for (std::size_t i = 0; i < column.size(); ++i)
    if (__builtin_mul_overflow(from[i], day_ns, values.data() + i) || column.is_na(i)) bits.clear(i);
  return fixed_column(ColumnType::datetime, column.size(), std::move(values), std::move(bits).block());
}

}  // namespace

Column missing_column(ColumnType type, std::size_t rows) {
  const std::vector<Row> none(rows, no_row);
  if (type != ColumnType::text) {
    Bits bits(rows);
    for (std::size_t i = 0; i < rows; ++i) bits.clear(i);
    const std::size_t size = type == ColumnType::boolean ? 1 : 8;
    return Column(type, rows, block_of(std::vector<std::uint8_t>(rows * size)), {}, std::move(bits).block());
  }
  return take_text(make_column(std::vector<std::string>{}), none);
}

Table empty_table(const Schema& schema) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const Field& field : schema) {
    names.push_back(field.name);
    columns.push_back(missing_column(field.type, 0));
  }
  return Table(std::move(names), std::move(columns));
}

Column take(const Column& column, std::span<const Row> rows) {
  if (column.type() == ColumnType::text) return take_text(column, rows);
  return with_values(column.type(), [&]<class T>(const T*) {
    const T* from = reinterpret_cast<const T*>(column.data());
    Fresh<T> values(rows.size());
    T* to = values.data();
    for (std::size_t i = 0; i < rows.size(); ++i) to[i] = rows[i] == no_row ? T{} : from[rows[i]];
    return fixed_column(column.type(), rows.size(), std::move(values), taken_validity(column, rows));
  });
}

Table take(const Table& table, std::span<const Row> rows) {
  std::vector<Column> columns;
  for (const Column& column : table.columns()) columns.push_back(take(column, rows));
  return Table(table.names(), std::move(columns));
}

std::vector<Row> true_rows(const Column& condition) {
  const std::uint8_t* is_true = flags(condition);
  std::vector<Row> rows(condition.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < condition.size(); ++i) {
    rows[count] = static_cast<Row>(i);
    count += is_true[i] != 0 && !condition.is_na(i);
  }
  rows.resize(count);
  return rows;
}

Column concat(std::span<const Column* const> columns) {
  const ColumnType type = columns.front()->type();
  std::size_t rows = 0;
  for (const Column* column : columns) rows += column->size();
  if (type == ColumnType::text) {
    std::size_t bytes = 0;
    for (const Column* column : columns)
      bytes += static_cast<std::size_t>(column->offsets()[column->size()] - column->offsets()[0]);
    Fresh<std::int64_t> offsets(rows + 1);
    Fresh<char> text(bytes);
    std::size_t row = 0;
    std::int64_t at = 0;
    for (const Column* column : columns) {
      const std::int64_t* from = column->offsets();
      for (std::size_t i = 0; i < column->size(); ++i) offsets[row++] = at + from[i] - from[0];
      const std::int64_t length = from[column->size()] - from[0];
      if (length) std::memcpy(text.data() + at, column->data() + from[0], static_cast<std::size_t>(length));
      at += length;
    }
    offsets[rows] = at;
    return Column(type, rows, text.block(), offsets.block(), joined_validity(columns, rows));
  }
  return with_values(type, [&]<class T>(const T*) {
    Fresh<T> values(rows);
    std::size_t at = 0;
    for (const Column* column : columns) {
      if (column->size()) std::memcpy(values.data() + at, column->data(), column->size() * sizeof(T));
      at += column->size();
    }
    return fixed_column(type, rows, std::move(values), joined_validity(columns, rows));
  });
}

Table concat(std::span<const Table> tables) {
  if (tables.empty()) return {};
  if (tables.size() == 1) return tables.front();
  std::vector<Column> columns;
  for (std::size_t c = 0; c < tables.front().columns().size(); ++c) {
    std::vector<const Column*> parts;
    for (const Table& table : tables) parts.push_back(&table.columns()[c]);
    columns.push_back(concat(parts));
  }
  return Table(tables.front().names(), std::move(columns));
}

Column whole_column(std::span<const Table> tables, std::string_view name) {
  if (tables.size() == 1) return tables.front().column(name);
  std::vector<const Column*> parts;
  for (const Table& table : tables) parts.push_back(&table.column(name));
  return concat(parts);
}

Column LongColumn::whole() const {
  if (parts_.size() == 1) return parts_.front();
  std::vector<const Column*> parts;
  for (const Column& part : parts_) parts.push_back(&part);
  return concat(parts);
}

Column LongColumn::take_ascending(std::span<const Row> rows) const {
  if (parts_.size() == 1) return take(parts_.front(), rows);
  std::vector<Column> taken;
  std::size_t next = 0;
  each([&](const Column& part, std::size_t first) {
    std::vector<Row> here;
    for (; next < rows.size() && rows[next] < first + part.size(); ++next)
      here.push_back(rows[next] - static_cast<Row>(first));
    taken.push_back(take(part, here));
  });
  return LongColumn(std::move(taken)).whole();
}

Table take(std::span<const Table> tables, std::span<const Row> rows) {
  std::vector<Column> columns;
  for (const std::string& name : tables.front().names())
    columns.push_back(take(whole_column(tables, name), rows));
  return Table(tables.front().names(), std::move(columns));
}

Column cast(const Column& column, ColumnType type) {
  const ColumnType from = column.type();
  if (from == type) return column;
  if (type == ColumnType::text) return to_text_column(column);
  if (from == ColumnType::text) return from_text_column(column, type);
  std::int64_t* const to_int64 = nullptr;
  double* const to_double = nullptr;
  std::uint8_t* const to_bool = nullptr;
  const auto same = [](auto value) { return static_cast<std::int64_t>(value); };
  if (from == ColumnType::boolean) {
    if (type == ColumnType::float64)
      return convert(column, type, flags(column), to_double, [](std::uint8_t v) { return double(v); });
    return convert(column, type, flags(column), to_int64, same);
  }
  if (from == ColumnType::float64) {
    if (type == ColumnType::boolean)
      return convert(column, type, reals(column), to_bool, [](double v) { return std::uint8_t(v != 0); });
    return to_integers(column);
  }
  const std::int64_t* values = integers(column);
  if (type == ColumnType::boolean)
    return convert(column, type, values, to_bool, [](std::int64_t v) { return std::uint8_t(v != 0); });
  if (type == ColumnType::float64)
    return convert(column, type, values, to_double, [](std::int64_t v) { return static_cast<double>(v); });
  if (from == ColumnType::date && type == ColumnType::datetime) return to_times(column);
  if (from == ColumnType::datetime && type == ColumnType::date)
    return convert(column, type, values, to_int64,
                   [](std::int64_t v) { return v / day_ns - (v % day_ns < 0); });
  return convert(column, type, values, to_int64, same);
}

}  // namespace weir::detail::frame
