// Job arrays: which elements one has, in the form that batch systems share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/batch.hpp"

namespace weir::detail::batch {

/// Elements of a job array.
struct JobArray {
  std::vector<int> elements;  ///< Ascending, each once; empty: no array.
  int at_once = 0;            ///< How many may run at the same time; 0: as many as the batch system lets.
};

/// Reads `0-99`, `1,3,5-9:2`, and `0-99%4` for at most four at once.
///
/// **Errors.** Throws `Error{invalid_argument}` for another form, more than 100000 elements, or an index
/// beyond a million.
[[nodiscard]] JobArray parse_array(std::string_view text);

/// What the job's own directives ask for, else its option `array`: as text, empty if it is no array.
[[nodiscard]] std::string array_text(const BatchSystem& system, const JobOptions& options);

/// The line of the script by which its program knows its element.
[[nodiscard]] std::string array_line(const std::string& variable);

}  // namespace weir::detail::batch
