// Windows over rows in order, partition by partition or batch by batch.
#pragma once

#include "frame/kernels/rolling.hpp"
#include "weir/frame/window.hpp"

namespace weir::detail::frame {

/// A window bound to the columns of its rows.
struct BoundWindow {
  Window::Kind kind{};
  std::string name, column;  ///< An empty column: rows are counted.
  std::int64_t rows = 0, span_ns = 0;
  std::string time;
  Rolling rolling;
};

/// What a task knows of the windows.
struct WindowPlan {
  std::vector<BoundWindow> windows;
  std::vector<std::string> used;  ///< Columns.
};
struct PlannedWindows {
  WindowPlan plan;
  Schema schema;  ///< Of the result.
};
/// Throws the sentences of `with`.
[[nodiscard]] PlannedWindows plan_windows(const Schema& rows, const std::vector<Window>& windows);

/// What a partition must know of all before it: their last rows, and running sums up to it.
struct RowsBefore {
  Table rows, totals;
};
/// What the next one must know.
[[nodiscard]] RowsBefore rows_before_next(const RowsBefore& before, const Table& table,
                                          const WindowPlan& plan);
/// How many rows behind it a row needs.
[[nodiscard]] std::uint64_t rows_ahead(const WindowPlan& plan);
/// The table with the columns of the windows.
[[nodiscard]] Table with_windows(const Table& table, const RowsBefore& before, const Table& ahead,
                                 const WindowPlan& plan);

}  // namespace weir::detail::frame
