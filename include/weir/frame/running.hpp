// Groups and windows of a stream: tables come one by one, and what is known of those before goes on.
#pragma once

#include <deque>

#include "weir/frame/aggregate.hpp"
#include "weir/frame/window.hpp"

namespace weir {

namespace detail::frame {
struct GroupPlan;
struct WindowPlan;
}  // namespace detail::frame

/// Which rows a running group is of.
struct Last {
  std::size_t tables = 0;  ///< Those of the last so many tables, 0: of all; or
  std::size_t rows = 0;    ///< the last so many rows; or
  std::string time{};      ///< those no older than this, such as "5s", than the newest in the column
  std::string column{};    ///< of this name, of type datetime; rows may come in any order.
};

/// Groups of all tables that were added, or of the last ones or their last rows: `group_by(...).agg(...)` of
/// a frame that never ends.
///
/// A value, which a stream carries as the state of `accumulate`:
/// `tables.accumulate([](weir::RunningGroups groups, const weir::Table& batch) { return groups.add(batch); },
/// weir::RunningGroups({"sensor"}, {weir::mean("value")}))`.
/// **Errors.** Throws `Error{unsupported}` for median, quantile and nunique, which need all values, unless it
/// is of the last rows.
/// **Threads.** One at a time; copies are independent and share memory.
/// **Cost.** Holds the sums of each group, once, or once for each table of the window.
/// **Source.** streamz' `DataFrame.groupby` and `window(n | value)`; min, max, median, nunique, first and
/// last are there too, and rows may be late.
class RunningGroups {
 public:
  /// Of nothing; only to be assigned to.
  RunningGroups() = default;
  /// Groups by these columns (none: all rows are one group). `window` counts tables; 0: all of them.
  RunningGroups(std::vector<std::string> keys, std::vector<Aggregate> aggregates, std::size_t window = 0)
      : RunningGroups(std::move(keys), std::move(aggregates), Last{.tables = window}) {}
  /// The same of the last rows, by number or by time; of these median, quantile and nunique are there too.
  ///
  /// `weir::RunningGroups({"sensor"}, {weir::median("value")}, weir::Last{.time = "5s", .column = "when"})`
  /// **Errors.** Throws `Error{invalid_argument}` for a time that is none or has no column, and for more than
  /// one kind of window; when the first table comes, if the column is no datetime.
  /// **Cost.** Holds the rows, and sums them up for each result.
  RunningGroups(std::vector<std::string> keys, std::vector<Aggregate> aggregates, const Last& last);

  /// Adds the rows of a table; of a window the oldest table leaves. Itself.
  ///
  /// **Errors.** Throws what `group_by` and `agg` throw; `Error{invalid_argument}` if a table has other
  /// columns than the first.
  RunningGroups& add(const Table& batch);
  /// Adds what another one with the same keys and aggregations has added; not with a window.
  RunningGroups& merge(const RunningGroups& other);
  /// One row for each group, in order of the keys. No columns before the first table.
  [[nodiscard]] Table result() const;

 private:
  std::vector<std::string> keys_;
  std::vector<Aggregate> aggregates_;
  [[nodiscard]] bool keeps_rows() const noexcept { return last_.rows > 0 || span_ns_ > 0; }
  void forget_old_rows();

  Last last_;
  std::int64_t span_ns_ = 0;
  Schema schema_;
  std::shared_ptr<const detail::frame::GroupPlan> plan_;
  std::deque<Table> states_;  // the oldest first; one if there is no window; the rows if they are kept
};

/// Windows over the rows of tables that come one by one: `shift`, `diff`, `cumsum`, `rolling` and the others
/// go on from each table to the next, as `with` does in a frame of all rows.
///
/// A value, which a stream carries as the state of `accumulate`:
/// `tables.accumulate([](weir::RunningWindows windows, const weir::Table& batch) { const weir::Table more =
/// windows.add(batch); return std::pair(windows, more); }, weir::RunningWindows({weir::cumsum("value")}),
/// weir::ReturnsState{})`.
/// **Errors.** Throws `Error{unsupported}` for a `shift` or `diff` that looks at rows to come.
/// **Threads.** One at a time; copies are independent and share memory.
/// **Cost.** Holds the rows that the longest window reaches back to, and a value for each running sum.
/// **Source.** streamz' `DataFrame.rolling` and `cumsum`; integers stay integers.
class RunningWindows {
 public:
  /// Of nothing; only to be assigned to.
  RunningWindows() = default;
  /// These windows.
  explicit RunningWindows(std::vector<Window> windows);

  /// The rows of the table with a column for each window.
  ///
  /// **Errors.** Throws what `Frame::with` throws for unknown columns and types; `Error{invalid_argument}` if
  /// a table has other columns than the first, if times fall, or if a sum is no 64-bit integer. What is known
  /// is then as it was.
  [[nodiscard]] Table add(const Table& batch);

 private:
  std::vector<Window> windows_;
  Schema schema_;
  std::shared_ptr<const detail::frame::WindowPlan> plan_;
  Table rows_, totals_;  // of all before
};

}  // namespace weir
