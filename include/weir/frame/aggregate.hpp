// Aggregations: what group_by and whole frames are summed up with.
#pragma once

#include "weir/frame/expression.hpp"

namespace weir {

namespace detail::frame {
/// An aggregation of a program's own: its functions, which are known on every rank. States are texts of
/// bytes, so that they are grouped and travel as columns do.
struct OwnAggregate {
  Column (*add)(const Column& values, std::span<const std::uint32_t> group_of,
                std::uint32_t groups) = nullptr;
  Column (*merge)(const Column& states, std::span<const std::uint32_t> group_of,
                  std::uint32_t groups) = nullptr;
  Column (*result)(const Column& states) = nullptr;
  Column (*roll)(const Column& values, std::span<const std::uint32_t> low, std::size_t first,
                 std::uint64_t at_least) = nullptr;
  ColumnType takes{}, gives{};
};
}  // namespace detail::frame

/// How many values become one; made by `sum("x")`, `mean(col("a") * 2)` and the others below.
///
/// Missing values are passed over. The result is named after function and column, `mean_delay`, or as `as`
/// says.
struct Aggregate {
  /// What is done.
  enum class Kind : std::uint8_t {
    sum,
    mean,
    count,
    rows,
    min,
    max,
    var,
    stddev,
    first,
    last,
    nunique,
    quantile,
    own,
    product
  };
  /// Names the result.
  [[nodiscard]] Aggregate as(std::string other) const {
    Aggregate named = *this;
    named.name = std::move(other);
    return named;
  }

  Kind kind;                                    ///< What is done.
  Expression value;                             ///< To what; nothing is looked at if only rows are counted.
  std::string name;                             ///< Of the result.
  double parameter = 0;                         ///< Which quantile, or what is taken off n in variances.
  detail::frame::OwnAggregate own_functions{};  ///< Of an aggregation of one's own.
};

/// The sum: int64 of integers and booleans, float64 of float64. 0 of no values.
/// **Errors.** Sums of integers are exact; one beyond 64 bits is `Error{task_failed}` when the frame is
/// computed, whatever the sums of its partitions are.
[[nodiscard]] Aggregate sum(const std::string& column);
/// The product: int64 of integers and booleans, float64 of float64. 1 of no values.
/// **Errors.** As `sum`; a product with a 0 is 0, however large the others are.
[[nodiscard]] Aggregate product(const std::string& column);
/// The mean, as float64; missing of no values. Integers are summed up exactly.
[[nodiscard]] Aggregate mean(const std::string& column);
/// How many values are there.
[[nodiscard]] Aggregate count(const std::string& column);
/// How many rows there are, with missing values or not; named `count`.
[[nodiscard]] Aggregate count();
/// The least value, of any type; missing of no values.
[[nodiscard]] Aggregate min(const std::string& column);
/// The greatest value, of any type; missing of no values.
[[nodiscard]] Aggregate max(const std::string& column);
/// The variance, divided by n - ddof; missing if that is not positive.
/// **Source.** Parts are put together by the formula of Chan, Golub and LeVeque.
[[nodiscard]] Aggregate var(const std::string& column, double ddof = 1);
/// The standard deviation: the root of `var`. Named `std_` and the column.
[[nodiscard]] Aggregate stddev(const std::string& column, double ddof = 1);
/// The first value that is there, in order of rows.
[[nodiscard]] Aggregate first(const std::string& column);
/// The last value that is there, in order of rows.
[[nodiscard]] Aggregate last(const std::string& column);
/// How many different values. **Cost.** The rows of a group are brought to one worker.
[[nodiscard]] Aggregate nunique(const std::string& column);
/// The median, exact. **Cost.** As `nunique`.
[[nodiscard]] Aggregate median(const std::string& column);
/// The q-quantile, exact, between two values by linear interpolation. **Errors.** Throws
/// `Error{invalid_argument}` if `q` is not in [0, 1]. **Cost.** As `nunique`.
[[nodiscard]] Aggregate quantile(const std::string& column, double q);
/// An aggregation of one's own: of each group what a `State` says that has been given its values.
///
/// `State` has `void add(value)`, where the value is a bool, an integer, double or text, `void merge(const
/// State&)`, and `result() const`, which gives one of these or a std::optional of it; it begins as `State{}`
/// and travels. With `void remove(value)` a rolling window takes off it what leaves; otherwise each window is
/// added up anew.
/// **Shape.** Missing values are passed over. The result is called `aggregate_` and the column.
/// **Errors.** What its functions throw ends the computation.
/// **Cost.** A state for each group and partition.
template <class State>
[[nodiscard]] Aggregate aggregate(const std::string& column);
/// The same of an expression, which is to be named with `as`.
[[nodiscard]] Aggregate aggregate(Aggregate::Kind kind, const Expression& value, double parameter = 0);

}  // namespace weir

#include "weir/detail/frame/own_aggregate.hpp"
