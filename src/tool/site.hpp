// The machine and the batch job this process is in.
#pragma once

#include <optional>
#include <string>

#include "tool/launch.hpp"
#include "weir/batch.hpp"

namespace weir::detail::tool {

/// Cores this process may use.
[[nodiscard]] int available_cores();

/// Ranks when the user gives no number: the places of the batch job, else a worker for every core and
/// rank 0 beside them.
[[nodiscard]] int default_ranks(int threads_per_rank);

/// What the batch job of this process was given; nothing outside one.
[[nodiscard]] std::optional<Allocation> job_allocation(int threads_per_rank);

/// Path of this program.
[[nodiscard]] std::string own_path();

/// Everything but `status_file` and `host_file`.
///
/// **Errors.** Throws `Error{not_found}` if mpirun is not in PATH.
[[nodiscard]] Site find_site();

}  // namespace weir::detail::tool
