// clean_environment: the variables for a program that is to be no part of the MPI job which starts it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The variables of this process, `NAME=value`, without those by which a program that is started with them
/// would take itself for a rank of this process's MPI job: `OMPI_*`, `PMIX_*`, `PMI_*`, `ORTE_*`, `PRTE_*`.
/// Kept is what allows a launcher more: to run as root, more ranks than places, unbound ones.
///
/// For `execve` and `posix_spawn`: `mpirun`, `weir run` and MPI programs then start jobs of their own. `weir
/// run` and `from_process` do so by themselves, and inside `weir::run` also what `std::system` starts is no
/// part of the job: of its variables only `OMPI_COMM_WORLD_*` (rank, size) are left there. Outside an MPI job
/// everything is kept, so that settings such as `OMPI_MCA_btl` of a user reach what is started.
///
/// **Threads.** Any, as long as none changes the environment.
[[nodiscard]] std::vector<std::string> clean_environment();

namespace detail {
/// Whether this process is a rank of an MPI job.
[[nodiscard]] bool is_in_mpi_job();
/// Takes from this process what makes those that it starts ranks of its job; rank and size stay to be read.
/// **Threads.** Before there are others that read the environment.
void leave_mpi_job();
/// Whether a rank has this variable from its MPI job.
[[nodiscard]] bool belongs_to_mpi_job(std::string_view variable);
}  // namespace detail

}  // namespace weir
