// Loops over columns: everything that touches the values of many rows.
#pragma once

#include <array>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "core/digits.hpp"
#include "weir/error.hpp"
#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// A row of a partition; `no_row` stands for a row of missing values.
using Row = std::uint32_t;
inline constexpr Row no_row = std::numeric_limits<Row>::max();

/// For vectors whose memory is not zeroed when they grow.
template <class T>
struct NotZeroed : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = NotZeroed<U>;
  };
  NotZeroed() = default;
  template <class U>
  NotZeroed(const NotZeroed<U>&) noexcept {}
  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class First, class... Rest>
  void construct(U* at, First&& first, Rest&&... rest) {
    ::new (static_cast<void*>(at)) U(std::forward<First>(first), std::forward<Rest>(rest)...);
  }
};
using Rows = std::vector<Row, NotZeroed<Row>>;
using GroupNumbers = std::vector<std::uint32_t, NotZeroed<std::uint32_t>>;

/// Memory of `count` values under construction, not zeroed.
template <class T>
class Fresh {
 public:
  explicit Fresh(std::size_t count) : block_(new_block(std::max<std::size_t>(count * sizeof(T), 1))) {
    block_.size = count * sizeof(T);
  }
  [[nodiscard]] T* data() noexcept { return reinterpret_cast<T*>(const_cast<std::byte*>(block_.data)); }
  T& operator[](std::size_t i) noexcept { return data()[i]; }
  [[nodiscard]] Block block() const { return block_; }

 private:
  Block block_;
};

/// A vector's memory as that of a column.
template <class T>
[[nodiscard]] Block block_of(std::vector<T> values) {
  auto owner = std::make_shared<const std::vector<T>>(std::move(values));
  return {owner, reinterpret_cast<const std::byte*>(owner->data()), owner->size() * sizeof(T)};
}

/// The values of one column while it is made; of its type only one of them is used.
struct Cells {
  std::vector<std::int64_t> integers;
  std::vector<double> reals;
  std::vector<std::uint8_t> flags;
  std::vector<char> text;  ///< `integers` are its offsets.

  /// The column of them; `validity` may be empty: none is missing.
  [[nodiscard]] Column column(ColumnType type, std::size_t rows, Block validity) && {
    switch (type) {
      case ColumnType::boolean:
        return Column(type, rows, block_of(std::move(flags)), {}, std::move(validity));
      case ColumnType::float64:
        return Column(type, rows, block_of(std::move(reals)), {}, std::move(validity));
      case ColumnType::text:
        return Column(type, rows, block_of(std::move(text)), block_of(std::move(integers)),
                      std::move(validity));
      default:
        return Column(type, rows, block_of(std::move(integers)), {}, std::move(validity));
    }
  }
};

/// Bits that say which values are there, all of them at first.
class Bits {
 public:
  explicit Bits(std::size_t count) : words_((count + 63) / 64, ~std::uint64_t{0}) {}
  void clear(std::size_t i) {
    words_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    any_cleared_ = true;
  }
  /// Memory for a column: nothing if all are there.
  [[nodiscard]] Block block() && { return any_cleared_ ? block_of(std::move(words_)) : Block{}; }

 private:
  std::vector<std::uint64_t> words_;
  bool any_cleared_ = false;
};

/// A result that no 64-bit integer is: never a wrong number, never a missing one.
struct BeyondInteger : Error {
  /// `what` was computed; `value` is what came out, or of which values.
  BeyondInteger(const std::string& what, const std::string& value)
      : Error(ErrorKind::invalid_argument, what + ": the result must be a 64-bit integer (got " + value +
                                               "); astype to float64 before computes it approximately"),
        got(value) {}
  std::string got;
};
/// Sums of 64-bit integers.
using Integer = Integer128;
[[nodiscard]] constexpr bool fits_int64(Integer value) noexcept {
  return value == static_cast<std::int64_t>(value);
}

[[nodiscard]] constexpr bool is_int64(ColumnType type) noexcept {
  return type == ColumnType::int64 || type == ColumnType::date || type == ColumnType::datetime;
}
/// The values of a column whose type holds 64-bit integers, unchecked.
[[nodiscard]] inline const std::int64_t* integers(const Column& column) noexcept {
  return reinterpret_cast<const std::int64_t*>(column.data());
}
[[nodiscard]] inline const double* reals(const Column& column) noexcept {
  return reinterpret_cast<const double*>(column.data());
}
[[nodiscard]] inline const std::uint8_t* flags(const Column& column) noexcept {
  return reinterpret_cast<const std::uint8_t*>(column.data());
}

/// A column of a fixed-size type.
template <class T>
[[nodiscard]] Column fixed_column(ColumnType type, std::size_t size, Fresh<T> values, Block validity = {}) {
  return Column(type, size, values.block(), {}, std::move(validity));
}
/// `rows` missing values.
[[nodiscard]] Column missing_column(ColumnType type, std::size_t rows);
/// An empty column and an empty table of these types.
[[nodiscard]] Table empty_table(const Schema& schema);

/// The rows of a column, in this order.
[[nodiscard]] Column take(const Column& column, std::span<const Row> rows);
[[nodiscard]] Table take(const Table& table, std::span<const Row> rows);
/// Rows that are true.
[[nodiscard]] std::vector<Row> true_rows(const Column& condition);
/// Columns of one type one behind the other; tables with the same columns.
[[nodiscard]] Column concat(std::span<const Column* const> columns);
[[nodiscard]] Table concat(std::span<const Table> tables);
/// One column of them.
[[nodiscard]] Column whole_column(std::span<const Table> tables, std::string_view name);
/// Rows of all of them, counted from the first one of the first.
[[nodiscard]] Table take(std::span<const Table> tables, std::span<const Row> rows);
/// Numbers of another type; what a text says.
[[nodiscard]] Column cast(const Column& column, ColumnType type);

/// A column that lies in several tables, one behind the other.
class LongColumn {
 public:
  /// At least one of them, of one type.
  explicit LongColumn(std::vector<Column> parts) : parts_(std::move(parts)) {
    for (const Column& part : parts_) size_ += part.size(), na_count_ += part.na_count();
  }
  explicit LongColumn(Column one) : LongColumn(std::vector<Column>{std::move(one)}) {}
  [[nodiscard]] ColumnType type() const noexcept { return parts_.front().type(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t na_count() const noexcept { return na_count_; }
  [[nodiscard]] std::span<const Column> parts() const noexcept { return parts_; }
  /// Calls `use(part, first)` for each; `first` is the row of the whole column with which it begins.
  template <class F>
  void each(F&& use) const {
    std::size_t first = 0;
    for (const Column& part : parts_) {
      use(part, first);
      first += part.size();
    }
  }
  /// As one column. **Cost.** A copy, if there are several.
  [[nodiscard]] Column whole() const;
  /// These of its rows, which are in order.
  [[nodiscard]] Column take_ascending(std::span<const Row> rows) const;

 private:
  std::vector<Column> parts_;
  std::size_t size_ = 0, na_count_ = 0;
};

/// A number for each row that equal keys share, on every machine and day. Missing values are equal to each
/// other, as are NaNs, and -0.0 and 0.0.
[[nodiscard]] std::vector<std::uint64_t> hash_rows(std::span<const Column> keys, std::size_t rows);
/// Which of `parts` each hash belongs to.
[[nodiscard]] inline std::uint32_t part_of(std::uint64_t hash, std::uint32_t parts) noexcept {
  return static_cast<std::uint32_t>((hash >> 32) * parts >> 32);
}
/// Whether row `i` of `a` has the keys of row `j` of `b`.
[[nodiscard]] bool equal_rows(std::span<const Column> a, std::size_t i, std::span<const Column> b,
                              std::size_t j);

/// Rows with equal keys have the same number, counted from 0 in order of first rows.
struct Groups {
  GroupNumbers of_row;
  std::vector<Row> first_row;
  [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(first_row.size()); }
};
[[nodiscard]] Groups group_rows(std::span<const Column> keys, std::size_t rows);
/// The same of rows of several tables. **Cost.** As if they were one, without putting them together where
/// keys are numbers or short texts.
[[nodiscard]] Groups group_rows(std::span<const LongColumn> keys, std::size_t rows);
/// Rows none of whose keys is missing; nothing if that is all of them.
[[nodiscard]] std::optional<std::vector<Row>> rows_with_keys(std::span<const Column> keys, std::size_t rows);

/// The rows in order of the keys; equal ones as they were, missing values last in either order.
[[nodiscard]] std::vector<Row> sort_rows(std::span<const Column> keys, std::span<const bool> descending,
                                         std::size_t rows);
/// Whether row `i` of `a` comes before (-1) or behind (1) row `j` of `b`.
[[nodiscard]] int compare_rows(std::span<const Column> a, std::size_t i, std::span<const Column> b,
                               std::size_t j, std::span<const bool> descending);

/// Rows by groups: those of group `g` are `rows[begin[g]]` to `rows[begin[g + 1]]`.
struct GroupedRows {
  std::vector<std::ptrdiff_t> begin;
  std::vector<Row> rows;
};
/// The first `count` rows of each group in order of a column; of equal ones the earlier, missing ones last.
[[nodiscard]] GroupedRows first_of_groups(const Groups& groups, const Column& values, bool is_descending,
                                          std::uint64_t count);

/// Rows that belong together; `no_row` where a side has none.
struct Pairs {
  Rows left, right;
};
enum class JoinKind : std::uint8_t { inner, left, right, outer, semi, anti };
/// Missing keys match nothing. Left rows in their order, right rows without partner behind them.
[[nodiscard]] Pairs join_rows(std::span<const Column> left, std::size_t left_rows,
                              std::span<const Column> right, std::size_t right_rows, JoinKind kind);

}  // namespace weir::detail::frame
