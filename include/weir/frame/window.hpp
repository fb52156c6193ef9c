// Windows: columns made of the rows before and behind each row, and joins by the nearest time.
#pragma once

#include <optional>

#include "weir/frame/aggregate.hpp"

namespace weir {

/// What a row is given of those around it; made by `shift`, `diff`, `cumsum`, `cumprod`, `cummin`, `cummax`
/// and `rolling`, and a column of a frame by `frame.with(shift("x"))`.
///
/// Rows are in the order of the frame: `sort_by` first where that says nothing.
struct Window {
  /// What is done.
  enum class Kind : std::uint8_t { shift, diff, cumsum, cummin, cummax, cumprod, rolling };
  /// Names the column, which is otherwise called after function and column: `shift_x`, `rolling_mean_x`.
  [[nodiscard]] Window as(std::string other) const {
    Window named = *this;
    named.name = std::move(other);
    return named;
  }
  /// How many values a rolling window must hold; fewer give a missing one. Otherwise all `rows`, or 1 of a
  /// window of time.
  [[nodiscard]] Window at_least(std::size_t values) const {
    Window other = *this;
    other.least = values;
    return other;
  }

  Kind kind;                             ///< What is done.
  std::string column;                    ///< With which column; of `rolling` that of its aggregation.
  std::string name;                      ///< Of the result.
  std::int64_t rows = 0;                 ///< How far `shift` and `diff` reach, how many `rolling` holds.
  std::int64_t span_ns = 0;              ///< The length of a rolling window of time; 0: one of rows.
  std::string time{};                    ///< The column that it is measured in.
  std::optional<std::size_t> least{};    ///< Values that there must be.
  std::optional<Aggregate> aggregate{};  ///< What a rolling window is summed up as.
};

/// The value `rows` rows before, or behind if that is negative; missing where there is no such row.
/// **Source.** pandas' `shift`.
[[nodiscard]] Window shift(const std::string& column, std::int64_t rows = 1);
/// The difference to the value `rows` rows before: int64 of integers, days and nanoseconds, else float64.
/// **Source.** pandas' `diff`.
[[nodiscard]] Window diff(const std::string& column, std::int64_t rows = 1);
/// The sum of all values up to this one; missing values stay missing and add nothing.
/// **Errors.** A sum of integers beyond 64 bits is `Error{task_failed}` when the frame is computed; so
/// are such a difference and such a rolling sum.
[[nodiscard]] Window cumsum(const std::string& column);
/// The product of all values up to this one; as `cumsum`.
[[nodiscard]] Window cumprod(const std::string& column);
/// The least of all numbers up to this one.
[[nodiscard]] Window cummin(const std::string& column);
/// The greatest of all numbers up to this one.
[[nodiscard]] Window cummax(const std::string& column);
/// An aggregation of the last `rows` rows, this one included: `rolling(7, mean("x"))`.
///
/// **Shape.** Missing values are passed over, and give no result if there are less than `at_least`: all
/// `rows` by itself, but counts are always there.
/// **Errors.** Throws `Error{invalid_argument}` if `rows` is 0; what the aggregation would, when a frame is
/// given the window.
/// **Source.** pandas' `rolling`; of first, last, nunique and own aggregations too, and integers stay
/// integers.
[[nodiscard]] Window rolling(std::size_t rows, const Aggregate& aggregate);
/// The same of the rows no older than `span` before this one, itself included: `rolling("5m", "when",
/// mean("x"))`.
///
/// **Errors.** Throws `Error{invalid_argument}` if the span is none or not longer than 0; the computation
/// fails where times are missing or fall.
[[nodiscard]] Window rolling(const std::string& span, const std::string& time, const Aggregate& aggregate);

/// An aggregation of all rows up to this one: `expanding(mean("x"))`; of these `at_least(1)` by itself.
///
/// **Errors.** As `rolling`.
/// **Cost.** A partition is given the column's values in all before it; `cumsum`, `cumprod`, `cummin` and
/// `cummax` need one value of them.
/// **Source.** pandas' `expanding`.
[[nodiscard]] Window expanding(const Aggregate& aggregate);

/// Which row of the other side is near: the last that is not later, the first that is not earlier, or the
/// nearer one of both (the earlier if they are as near).
enum class Near : std::uint8_t { backward, forward, nearest };

/// How the nearest row is joined: `trades.merge_asof(quotes, {.on = "time", .by = {"ticker"}})`.
struct MergeAsof {
  std::string on{};                 ///< The column of both sides that is compared: numbers, days or times.
  std::vector<std::string> by{};    ///< Columns of both sides that must be equal.
  Near direction = Near::backward;  ///< Which row is near.
  std::string tolerance{};  ///< How far away a row may be: a duration for days and times, else a number.
  bool exact = true;        ///< Whether an equal value is near.
  std::pair<std::string, std::string> suffixes{"_x", "_y"};  ///< For other columns that both sides have.
};

}  // namespace weir
