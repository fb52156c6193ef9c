// Which MPI a program is linked to, and which one a launcher starts the ranks of.
#pragma once

#include <string>
#include <string_view>

namespace weir::detail::program {

/// "Open MPI" or "MPICH" (and its family), of an executable that is linked to it itself; else nothing.
[[nodiscard]] std::string_view linked_mpi(const std::string& file);

/// The same of a launcher, judged by what its file is called behind all links; nothing if that does not tell.
[[nodiscard]] std::string_view launched_mpi(const std::string& file);

/// Whether programs of this MPICH may wait in MPI_Finalize for ever where they are on several hosts, by what
/// its launcher answers to `--version`. Until 4.2 a rank that has said good-bye over UCX waits for the others
/// without answering those that are yet to do so.
[[nodiscard]] bool may_not_end(const std::string& version_text);

/// Throws `Error{invalid_argument}` if `launcher` would start each rank of `program` alone; both are files.
void check_family(const std::string& launcher, const std::string& program);

}  // namespace weir::detail::program
