// Points for plots: the last rows of a stream, as a file that is whole at any time.
#pragma once

#include "weir/frame/table.hpp"

namespace weir::detail::frame {

/// The last `count` rows of both.
[[nodiscard]] Table last_rows(const Table& before, const Table& batch, std::size_t count);
/// Throws `Error{invalid_argument}` unless it ends as a form of points does.
void check_points_path(const std::string& path);
/// Puts the rows in place of what the file had.
void write_points(const std::string& path, const Table& table);

}  // namespace weir::detail::frame
