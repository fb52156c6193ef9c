// The variables that tell a process what to do, and what is wrong with those that are set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir::detail {

/// A variable that is no setting of the configuration.
struct Variable {
  std::string_view name;
  std::string_view meaning;  ///< For people; empty: set by Weir for Weir.
};

/// All of them.
[[nodiscard]] const std::vector<Variable>& variables();

/// The variable of a setting: `WEIR_QUEUE` of `queue`.
[[nodiscard]] std::string variable_of(std::string_view setting);

/// One sentence for each variable named WEIR_ that nothing reads, with the nearest known one, for a WEIR_LOG
/// that is no level, and for a configuration file that cannot be read.
[[nodiscard]] std::vector<std::string> environment_problems();

/// HOME, else what the system knows of this user; empty if neither tells.
[[nodiscard]] std::string home_directory();

}  // namespace weir::detail
