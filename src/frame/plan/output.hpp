// Files that a frame is written to: one, or one for each partition; all appear or none.
#pragma once

#include "frame/plan/node.hpp"

namespace weir::detail::frame {

/// Writes partition `part` to a temporary name; `path` is what it will be called.
using WritePart =
    std::function<Future<void>(std::size_t part, const std::string& temporary, const std::string& path)>;

/// Files `out-0.csv`, `out-1.csv` and so on of a path with a `*`; their paths.
///
/// **Errors.** Throws what the tasks throw and what reading has found out; no file appears then.
[[nodiscard]] std::vector<std::string> write_parts(Run& run, const char* who, const std::string& path,
                                                   std::size_t count, const WritePart& write);

/// The rows as `to_csv` writes them.
[[nodiscard]] std::string csv_text(const Table& table, const WriteCsv& options, bool has_header);

}  // namespace weir::detail::frame
