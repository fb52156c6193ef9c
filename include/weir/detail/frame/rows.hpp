// Rows as plain structs: the names and types of their members, and how they are read from columns.
#pragma once

#include <chrono>
#include <cmath>
#include <type_traits>

#include "weir/detail/task/member_name.hpp"
#include "weir/frame/table.hpp"

namespace weir::detail::frame {

using task::member_name;

/// The place of the column of a name. Throws `Error{not_found}` with those that are there: `filter: there
/// must be a column of that name (got "dealy"); did you mean "delay"? The columns are: ...`.
[[nodiscard]] std::size_t find_column(const std::string& who, std::string_view name, const Schema& schema);

using SysDays = std::chrono::sys_days;
using SysTime = std::chrono::sys_time<std::chrono::nanoseconds>;

/// The column type that a C++ type stands for.
template <class T>
struct TypeOf : std::false_type {};
template <ColumnType kind>
struct TypeIs : std::true_type {
  static constexpr ColumnType value_of = kind;
};
template <>
struct TypeOf<bool> : TypeIs<ColumnType::boolean> {};
template <class T>
requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) struct TypeOf<T> : TypeIs<ColumnType::int64> {
};
template <class T>
requires std::is_floating_point_v<T>
struct TypeOf<T> : TypeIs<ColumnType::float64> {
};
template <>
struct TypeOf<std::string> : TypeIs<ColumnType::text> {};
template <>
struct TypeOf<std::string_view> : TypeIs<ColumnType::text> {};
template <>
struct TypeOf<SysDays> : TypeIs<ColumnType::date> {};
template <>
struct TypeOf<SysTime> : TypeIs<ColumnType::datetime> {};

template <class T>
struct Optional : std::false_type {
  using type = T;
};
template <class T>
struct Optional<std::optional<T>> : std::true_type {
  using type = T;
};
template <class T>
using Bare = typename Optional<T>::type;

/// What a cell may be in C++: a value or an optional of one.
template <class T>
concept Cell = TypeOf<Bare<T>>::value;

/// `who` begins the sentence: `collect: member count is an integer and needs a column of int64 (got text)`.
void check_readable(const char* who, std::string_view name, const Column& column, ColumnType wanted,
                    bool may_be_missing);
[[noreturn]] void throw_out_of_range(const char* who, std::string_view name, std::int64_t value);
[[noreturn]] void throw_out_of_range(const char* who, std::string_view name, double value);
/// Columns have no integers of 2^63 and more; one without a name is "an integer".
[[noreturn]] void throw_too_large(const char* who, std::string_view name, std::uint64_t value);

/// An integer as columns keep it.
template <class T>
requires std::is_integral_v<T> std::int64_t as_int64(const char* who, std::string_view name, T value) {
  if constexpr (std::is_unsigned_v<T> && sizeof(T) >= sizeof(std::int64_t))
    if (!std::in_range<std::int64_t>(value)) throw_too_large(who, name, value);
  return static_cast<std::int64_t>(value);
}

/// Value `i`, which is there.
template <class T>
T cell(const char* who, std::string_view name, const Column& column, std::size_t i) {
  if constexpr (std::is_same_v<T, bool>) {
    return column.booleans()[i] != 0;
  } else if constexpr (std::is_floating_point_v<T>) {
    const double value =
        column.type() == ColumnType::int64 ? static_cast<double>(column.int64s()[i]) : column.float64s()[i];
    const auto narrow = static_cast<T>(value);
    if (std::isinf(narrow) && !std::isinf(value)) throw_out_of_range(who, name, value);
    return narrow;
  } else if constexpr (std::is_integral_v<T>) {
    const std::int64_t value = column.int64s()[i];
    if (!std::in_range<T>(value)) throw_out_of_range(who, name, value);
    return static_cast<T>(value);
  } else if constexpr (std::is_same_v<T, SysDays>) {
    return SysDays(std::chrono::days(column.int64s()[i]));
  } else if constexpr (std::is_same_v<T, SysTime>) {
    return SysTime(std::chrono::nanoseconds(column.int64s()[i]));
  } else {
    return T(column.text(i));
  }
}

template <class T>
void read_cell(const char* who, std::string_view name, const Column& column, std::size_t i, T& to) {
  if constexpr (Optional<T>::value) {
    if (column.is_na(i)) to.reset();
    else to = cell<Bare<T>>(who, name, column, i);
  } else {
    to = cell<T>(who, name, column, i);
  }
}

/// What values of a type are kept as in a column.
template <class T>
using Stored = std::conditional_t<
    std::is_same_v<T, bool>, bool,
    std::conditional_t<
        std::is_integral_v<T>, std::int64_t,
        std::conditional_t<
            std::is_floating_point_v<T>, double,
            std::conditional_t<std::is_same_v<T, SysDays> || std::is_same_v<T, SysTime>, T, std::string>>>>;

template <class T>
Stored<T> stored(const char* who, std::string_view name, const T& value) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) return as_int64(who, name, value);
  else return static_cast<Stored<T>>(value);
}

[[nodiscard]] Column as_dates(const std::vector<std::optional<std::int64_t>>& values, ColumnType type);

/// Member `I` of every row, from the column of its name. (A function: g++ 12 takes the member's type for that
/// of another struct inside a generic lambda.)
template <std::size_t I, class Row>
void read_member(const char* who, const Column& from, std::vector<Row>& rows) {
  using T = task::FieldType<Row, I>;
  constexpr std::string_view name = member_name<Row, I>();
  check_readable(who, name, from, TypeOf<Bare<T>>::value_of, Optional<T>::value);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    auto fields = task::fields_of(rows[row]);
    read_cell(who, name, from, row, boost::pfr::detail::sequence_tuple::get<I>(fields));
  }
}

/// Member `I` of every row, as a column.
template <class Row, std::size_t I>
Column column_of_member(const std::vector<Row>& rows) {
  using Fields = decltype(task::fields_of(std::declval<const Row&>()));
  using T =
      std::remove_cvref_t<decltype(boost::pfr::detail::sequence_tuple::get<I>(std::declval<Fields&>()))>;
  using Kept = Stored<Bare<T>>;
  constexpr std::string_view name = member_name<Row, I>();
  std::vector<std::optional<Kept>> values;
  values.reserve(rows.size());
  for (const Row& row : rows) {
    const auto fields = task::fields_of(row);
    const T& value = boost::pfr::detail::sequence_tuple::get<I>(fields);
    if constexpr (Optional<T>::value) {
      if (value) values.emplace_back(stored("table_of", name, *value));
      else values.emplace_back();
    } else {
      values.emplace_back(stored("table_of", name, value));
    }
  }
  return make_column(values);
}

template <class T>
constexpr bool is_cell() {
  return Cell<T>;
}
template <class Row>
constexpr bool has_cells() {
  if constexpr (!std::is_aggregate_v<Row>) return false;
  else return []<std::size_t... I>(std::index_sequence<I...>) {
      return (Cell<task::FieldType<Row, I>> && ...);
    }
  (std::make_index_sequence<task::field_count<Row>>{});
}

}  // namespace weir::detail::frame

namespace weir {

template <class T>
requires(detail::frame::is_cell<T>()) std::vector<T> Column::to()
const {
  using Bare = detail::frame::Bare<T>;
  detail::frame::check_readable("column", "value", *this, detail::frame::TypeOf<Bare>::value_of,
                                detail::frame::Optional<T>::value);
  std::vector<T> values;
  values.reserve(size_);
  for (std::size_t i = 0; i < size_; ++i) {
    T value{};
    detail::frame::read_cell("column", "value", *this, i, value);
    values.push_back(std::move(value));
  }
  return values;
}

namespace detail::frame {
/// The rows of a table; `who` begins the sentences.
template <class Row>
std::vector<Row> rows_of(const char* who, const Table& table) {
  std::vector<Row> rows(table.rows());
  const Schema schema = table.schema();
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (read_member<I>(who, table.columns()[find_column(who, member_name<Row, I>(), schema)], rows), ...);
  }
  (std::make_index_sequence<task::field_count<Row>>{});
  return rows;
}
}  // namespace detail::frame

template <class Row>
requires(detail::frame::has_cells<Row>()) std::vector<Row> Table::to()
const { return detail::frame::rows_of<Row>("to", *this); }

namespace detail::frame {
/// Throws what `rows_of` would if a member has no column of its name: before the rows are computed.
template <class Row>
void check_names(const char* who, const Schema& schema) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (static_cast<void>(find_column(who, member_name<Row, I>(), schema)), ...);
  }
  (std::make_index_sequence<task::field_count<Row>>{});
}
}  // namespace detail::frame

/// Plain structs as a table: each member is a column of its name.
///
/// **Errors.** Throws `Error{invalid_argument}` for an integer of 2^63 or more.
template <class Row>
requires(detail::frame::has_cells<Row>()) [[nodiscard]] Table table_of(const std::vector<Row>& rows) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (columns.push_back(detail::frame::column_of_member<Row, I>(rows)), ...);
    (names.emplace_back(detail::frame::member_name<Row, I>()), ...);
  }
  (std::make_index_sequence<detail::task::field_count<Row>>{});
  return Table(std::move(names), std::move(columns));
}

/// \cond
template <class Row>
requires(!detail::frame::has_cells<Row>()) WEIR_REFUSES("weir: table_of: " WEIR_ROW)
Table table_of(const std::vector<Row>&) { return {}; }
/// \endcond

}  // namespace weir
