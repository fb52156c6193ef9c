// Groups of a stream: tables come one by one, and at any time there is a result of all, or of the last ones.
#pragma once

#include <deque>

#include "weir/frame/aggregate.hpp"

namespace weir {

namespace detail::frame {
struct GroupPlan;
}  // namespace detail::frame

/// Groups of all tables that were added, or of the last `window` of them: `group_by(...).agg(...)` of a frame
/// that never ends.
///
/// A value, which a stream carries as the state of `accumulate`:
/// `tables.accumulate([](weir::RunningGroups groups, const weir::Table& batch) { return groups.add(batch); },
/// weir::RunningGroups({"sensor"}, {weir::mean("value")}))`.
/// **Errors.** Throws `Error{unsupported}` for median, quantile and nunique, which need all values.
/// **Threads.** One at a time; copies are independent and share memory.
/// **Cost.** Holds the sums of each group, once, or once for each table of the window.
/// **Source.** streamz' `DataFrame.groupby` and its windows; min, max, first and last are there too.
class RunningGroups {
 public:
  /// Of nothing; only to be assigned to.
  RunningGroups() = default;
  /// Groups by these columns (none: all rows are one group). `window` counts tables; 0: all of them.
  RunningGroups(std::vector<std::string> keys, std::vector<Aggregate> aggregates, std::size_t window = 0);

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
  std::size_t window_ = 0;
  Schema schema_;
  std::shared_ptr<const detail::frame::GroupPlan> plan_;
  std::deque<Table> states_;  // the oldest first; one if there is no window
};

}  // namespace weir
