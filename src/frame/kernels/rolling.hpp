// Windows over rows in order: what enters and leaves them is added to and taken off what is known.
#pragma once

#include "frame/kernels/kernels.hpp"
#include "weir/frame/aggregate.hpp"

namespace weir::detail::frame {

/// How each window is summed up.
struct Rolling {
  Aggregate::Kind kind{};
  double parameter = 0;
  std::uint64_t at_least = 1;  ///< Fewer values give a missing one.
  OwnAggregate own{};
};

/// For each row from `first` on what the rows from `low[row]` up to it say; `low` does not fall.
[[nodiscard]] Column rolled(const Column& column, std::span<const Row> low, std::size_t first,
                            const Rolling& how);

enum class Cumulative : std::uint8_t { sum, product, min, max };
/// Sums, products or extremes of all values up to each, going on from `before` if that has a value.
[[nodiscard]] Column cumulated(const Column& column, Cumulative what, const Column& before);

/// Row `i` minus row `i - distance`, for rows from `first` on, so many.
[[nodiscard]] Column differences(const Column& column, std::size_t first, std::size_t count,
                                 std::int64_t distance);
[[nodiscard]] ColumnType type_of_difference(ColumnType type) noexcept;

/// How the nearest row is found.
struct Nearest {
  std::uint8_t direction = 0;  ///< As `weir::Near`.
  bool exact = true;
  std::optional<double> tolerance{};  ///< In units of the values.
};
/// For each left row the right one that is nearest among those with equal `by`; `no_row` where there is none.
/// Both values are int64, dates, datetimes or float64 of one type.
[[nodiscard]] std::vector<Row> nearest_rows(const Column& left, std::span<const Column> left_by,
                                            const Column& right, std::span<const Column> right_by,
                                            const Nearest& how);

}  // namespace weir::detail::frame
