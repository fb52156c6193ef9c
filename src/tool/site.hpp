// The machine and the batch job this process is in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// Of the MPI that was named when this was built (`MPI_HOME`), else the one in PATH.
[[nodiscard]] std::optional<std::string> find_launcher(const std::string& name);
/// Everything but `status_file` and `host_file`.
///
/// **Errors.** Throws `Error{not_found}` if mpirun is not in PATH.
[[nodiscard]] Site find_site();

/// What helps where mpirun does not reach the other nodes of a job.
inline constexpr std::string_view ways_to_nodes =
    "`ssh NODE true` must work from the first node without a question (a key of yours in "
    "~/.ssh/authorized_keys, known hosts), or OMPI_MCA_plm_rsh_agent names the site's own way; a job of one "
    "node (--nodes 1) needs neither";

/// Refuses a job on several hosts where mpirun has no program to log in with.
///
/// **Errors.** Throws `Error{not_found}` that names another host and says what helps.
void check_ways_to(const std::vector<std::string>& hosts, const Site& site);

}  // namespace weir::detail::tool
