// The machine and the batch job this process is in.
#pragma once

#include <optional>
#include <string>

#include "tool/launch.hpp"

namespace weir::detail::tool {

/// Cores this process may use.
[[nodiscard]] int available_cores();

/// Ranks when the user gives no number: the places of the PBS or Slurm job, else a worker for every core and
/// rank 0 beside them.
[[nodiscard]] int default_ranks();

/// Path of this program.
[[nodiscard]] std::string own_path();

/// Everything but `status_file`.
///
/// **Errors.** Throws `Error{not_found}` if mpirun is not in PATH.
[[nodiscard]] Site find_site();

}  // namespace weir::detail::tool
