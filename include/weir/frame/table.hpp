// Table: named columns in memory; Column: values of one type, each of which may be missing.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/detail/core/refused.hpp"
#include "weir/detail/task/pack.hpp"
#include "weir/error.hpp"

/// What the compiler says of what cannot be read from columns.
#define WEIR_CELLS                                                                             \
  "bool, an integer, double, std::string, std::chrono::sys_days, sys_time<nanoseconds>, or a " \
  "std::optional of these"
#define WEIR_ROW "a row is a plain struct, whose members have the names of columns and are " WEIR_CELLS

namespace weir {

namespace detail::task {
class OutArchive;
class InArchive;
}  // namespace detail::task
using OutArchive = detail::task::OutArchive;
using InArchive = detail::task::InArchive;

namespace detail::frame {
/// Whether a value of a column can be read as T.
template <class T>
constexpr bool is_cell();
/// Whether it is a plain struct whose members can be.
template <class Row>
constexpr bool has_cells();
}  // namespace detail::frame

/// The types of columns.
enum class ColumnType : std::uint8_t {
  boolean,   ///< A byte each, 0 or 1.
  int64,     ///< Signed integers.
  float64,   ///< IEEE double; NaN is a value, not a missing one.
  date,      ///< Days since 1970-01-01, as int64.
  datetime,  ///< Nanoseconds since 1970-01-01 UTC, as int64: 1677 to 2262.
  text       ///< Bytes, UTF-8 by convention.
};
/// The same as a word: `read_csv("*.csv", {.types = {{"zip", weir::text}}})`.
inline constexpr ColumnType text = ColumnType::text;

/// `"bool"`, `"int64"`, `"float64"`, `"date"`, `"datetime"`, `"text"`.
[[nodiscard]] std::string_view to_string(ColumnType type) noexcept;

/// A column's name and type.
struct Field {
  std::string name;                       ///< As in the header of the file.
  ColumnType type = ColumnType::float64;  ///< Of all its values.
  friend bool operator==(const Field&, const Field&) = default;
};
/// The columns of a table, in order.
using Schema = std::vector<Field>;
/// `"origin text, delay int64"`.
[[nodiscard]] std::string to_text(const Schema& schema);

/// Values of one type, in Arrow's layout; copies share memory, nothing in it changes.
///
/// **Threads.** Any number may read.
/// **Source.** Arrow's columnar format: bits for what is there, offsets and bytes for text. Booleans take a
/// byte and dates 64 bits, so that loops over them are simple.
class Column {
 public:
  /// No values, of type float64.
  Column() = default;
  /// Of memory in this layout; for the library. `validity` has a bit for each value, or nothing if all are
  /// there; `offsets` are of text alone, one more than there are values.
  Column(ColumnType type, std::size_t size, Block values, Block offsets, Block validity);

  /// The type of the values.
  [[nodiscard]] ColumnType type() const noexcept { return type_; }
  /// How many values, missing ones included.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// How many are missing.
  [[nodiscard]] std::size_t na_count() const noexcept { return na_count_; }
  /// Whether value `i` is missing.
  [[nodiscard]] bool is_na(std::size_t i) const noexcept { return na_count_ != 0 && !bit(i); }
  /// Memory it holds. **Units.** Bytes.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return values_.size + offsets_.size + validity_.size; }

  /// The integers, days or nanoseconds of a column of such a type; what stands where one is missing has no
  /// meaning. Of a column that goes at once, as that of `frame.compute().column("x")`, a copy. Throws
  /// `Error{invalid_argument}` for another type.
  [[nodiscard]] std::span<const std::int64_t> int64s() const&;
  /// The same, a copy.
  [[nodiscard]] std::vector<std::int64_t> int64s() && { return copied(std::as_const(*this).int64s()); }
  /// The numbers of a float64 column. Throws `Error{invalid_argument}` for another type.
  [[nodiscard]] std::span<const double> float64s() const&;
  /// The same, a copy.
  [[nodiscard]] std::vector<double> float64s() && { return copied(std::as_const(*this).float64s()); }
  /// The bytes of a bool column. Throws `Error{invalid_argument}` for another type.
  [[nodiscard]] std::span<const std::uint8_t> booleans() const&;
  /// The same, a copy.
  [[nodiscard]] std::vector<std::uint8_t> booleans() && { return copied(std::as_const(*this).booleans()); }
  /// Value `i` of a text column; empty if it is missing.
  [[nodiscard]] std::string_view text(std::size_t i) const noexcept {
    const auto* offset = reinterpret_cast<const std::int64_t*>(offsets_.data) + i;
    return {reinterpret_cast<const char*>(values_.data) + offset[0],
            static_cast<std::size_t>(offset[1] - offset[0])};
  }
  /// Value `i` as people read it: `12`, `0.5`, `true`, `2015-03-01`; empty if it is missing.
  [[nodiscard]] std::string show(std::size_t i) const;

  /// All values as `T`: bool, std::int64_t, double, std::string, or std::optional of these.
  ///
  /// **Errors.** Throws `Error{invalid_argument}` if the column has another type (int64 may be read as
  /// double), or a value is missing and `T` is no optional.
  template <class T>
  requires(detail::frame::is_cell<T>()) [[nodiscard]] std::vector<T> to() const;
  /// \cond
  template <class T>
  requires(!detail::frame::is_cell<T>()) WEIR_REFUSES("weir: to: values of a column are read as " WEIR_CELLS)
  std::vector<detail::Refused> to() const { return {}; }
  /// \endcond

  /// The first bit, or null if nothing is missing.
  [[nodiscard]] const std::uint64_t* validity() const noexcept {
    return na_count_ ? reinterpret_cast<const std::uint64_t*>(validity_.data) : nullptr;
  }
  /// Where the texts begin, and where the last ends.
  [[nodiscard]] const std::int64_t* offsets() const noexcept {
    return reinterpret_cast<const std::int64_t*>(offsets_.data);
  }
  /// The bytes of values, or of texts.
  [[nodiscard]] const std::byte* data() const noexcept { return values_.data; }

  static constexpr bool holds_what_it_writes = true;  ///< For the library: `save` makes no buffers.
  /// Writes the column, its memory beside the bytes; for the library.
  void save(OutArchive& archive) const;
  /// Reads what `save` wrote. Throws `Error{serialization}` if it is not a column.
  void load(InArchive& archive);

  /// The same type, the same values there, the same values.
  friend bool operator==(const Column& a, const Column& b);

 private:
  template <class T>
  static std::vector<T> copied(std::span<const T> values) {
    return {values.begin(), values.end()};
  }
  [[nodiscard]] bool bit(std::size_t i) const noexcept {
    return reinterpret_cast<const std::uint64_t*>(validity_.data)[i / 64] >> (i % 64) & 1;
  }
  ColumnType type_ = ColumnType::float64;
  std::size_t size_ = 0, na_count_ = 0;
  Block values_, offsets_, validity_;
};

/// Named columns of the same length: a result, or a partition of a frame.
///
/// **Threads.** Any number may read.
class Table {
 public:
  /// No columns, no rows.
  Table() = default;
  /// Columns of the same length with different names. Throws `Error{invalid_argument}` otherwise.
  Table(std::vector<std::string> names, std::vector<Column> columns);

  /// Number of rows.
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  /// Names and types.
  [[nodiscard]] Schema schema() const;
  /// The names, in order.
  [[nodiscard]] const std::vector<std::string>& names() const& noexcept { return names_; }
  /// The same of a table that ends here.
  [[nodiscard]] std::vector<std::string> names() && noexcept { return std::move(names_); }
  /// The columns, in order.
  [[nodiscard]] const std::vector<Column>& columns() const& noexcept { return columns_; }
  /// The same of a table that ends here.
  [[nodiscard]] std::vector<Column> columns() && noexcept { return std::move(columns_); }
  /// The column with this name. Throws `Error{not_found}` with the nearest name and all of them.
  [[nodiscard]] const Column& column(std::string_view name) const&;
  /// The same of a table that ends here.
  [[nodiscard]] Column column(std::string_view name) && { return column(name); }
  /// Place of the column with this name, if there is one.
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const noexcept;
  /// Memory its columns hold. **Units.** Bytes.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// Rows `first` to `first + count`, as far as they are there.
  [[nodiscard]] Table slice(std::size_t first, std::size_t count) const;

  /// Every row as a plain struct: each member takes the column of its name.
  ///
  /// `struct Row { std::string origin; std::optional<double> delay; };`
  /// **Errors.** Throws `Error{invalid_argument}` if there is no such column (with the nearest name), its
  /// type is another, or a value is missing where the member is no std::optional.
  template <class Row>
  requires(detail::frame::has_cells<Row>()) [[nodiscard]] std::vector<Row> to() const;
  /// \cond
  template <class Row>
  requires(!detail::frame::has_cells<Row>()) WEIR_REFUSES("weir: to: " WEIR_ROW)
  std::vector<detail::Refused> to() const { return {}; }
  /// \endcond

  /// The table as people read it: names, types, at most `most_rows` rows.
  [[nodiscard]] std::string show(std::size_t most_rows = 20) const;

  static constexpr bool holds_what_it_writes = true;  ///< For the library: `save` makes no buffers.
  /// Writes the columns, their memory beside the bytes; for the library.
  void save(OutArchive& archive) const;
  /// Reads what `save` wrote. Throws `Error{serialization}` if it is not a table.
  void load(InArchive& archive);

  /// The same names, types and values in the same order.
  friend bool operator==(const Table& a, const Table& b);

 private:
  std::vector<std::string> names_;
  std::vector<Column> columns_;
  std::size_t rows_ = 0;
};

/// Prints `table.show()`.
std::ostream& operator<<(std::ostream& out, const Table& table);

/// A column of values, of which none is missing.
[[nodiscard]] Column make_column(const std::vector<std::int64_t>& values);
[[nodiscard]] Column make_column(const std::vector<double>& values);
[[nodiscard]] Column make_column(const std::vector<std::string>& values);
[[nodiscard]] Column make_column(const std::vector<bool>& values);
[[nodiscard]] Column make_column(const std::vector<std::chrono::sys_days>& values);
[[nodiscard]] Column make_column(const std::vector<std::chrono::sys_time<std::chrono::nanoseconds>>& values);
/// A column of values that may be missing.
[[nodiscard]] Column make_column(const std::vector<std::optional<std::int64_t>>& values);
[[nodiscard]] Column make_column(const std::vector<std::optional<double>>& values);
[[nodiscard]] Column make_column(const std::vector<std::optional<std::string>>& values);
[[nodiscard]] Column make_column(const std::vector<std::optional<bool>>& values);
[[nodiscard]] Column make_column(const std::vector<std::optional<std::chrono::sys_days>>& values);
[[nodiscard]] Column make_column(
    const std::vector<std::optional<std::chrono::sys_time<std::chrono::nanoseconds>>>& values);

}  // namespace weir

#include "weir/detail/frame/rows.hpp"
