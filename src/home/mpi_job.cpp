// Open MPI or MPICH.
#include "home/mpi_job.hpp"

#include <mpi.h>

#include <array>
#include <cstdlib>
#include <utility>

#include "batch/program.hpp"
#include "weir/error.hpp"

namespace weir::detail::home {

MpiFamily mpi_family() noexcept {
#ifdef OPEN_MPI
  return MpiFamily::open_mpi;
#else
  return MpiFamily::mpich;
#endif
}

const MpiStarter& mpi_starter(MpiFamily family) noexcept {
  static constexpr MpiStarter open_mpi{"Open MPI", "mpirun", "openmpi-bin"},
      mpich{"MPICH", "mpiexec.hydra", "mpich"};
  return family == MpiFamily::open_mpi ? open_mpi : mpich;
}

RankNames rank_names(const BatchSystem::Variables& variables, MpiFamily family) {
  const auto text = [&](const char* name) { return variables(name).value_or(""); };
  if (text(family == MpiFamily::open_mpi ? "PMIX_RANK" : "PMI_RANK").empty()) return {};
  if (family == MpiFamily::open_mpi)
    return {text("OMPI_COMM_WORLD_RANK"), text("OMPI_COMM_WORLD_SIZE"), text("OMPI_COMM_WORLD_LOCAL_RANK"),
            text("OMPI_COMM_WORLD_LOCAL_SIZE")};
  return {text("PMI_RANK"), text("PMI_SIZE"), text("MPI_LOCALRANKID"), text("MPI_LOCALNRANKS")};
}

bool take_rank() {
  const RankNames names = rank_names(batch::own_variables(), mpi_family());
  if (names.size.empty()) return false;
  const std::array<std::pair<const char*, const std::string&>, 4> told{
      {{"OMPI_COMM_WORLD_RANK", names.rank},
       {"OMPI_COMM_WORLD_SIZE", names.size},
       {"OMPI_COMM_WORLD_LOCAL_RANK", names.local_rank},
       {"OMPI_COMM_WORLD_LOCAL_SIZE", names.local_size}}};
  for (const auto& [name, value] : told)
    if (!value.empty()) setenv(name, value.c_str(), 1);
  return true;
}

MpiSession::MpiSession(int& argc, char**& argv, int level) {
  int is_there = 0, size = 0, provided = 0;
  MPI_Initialized(&is_there);
  // A read of a dead neighbour's memory would be the end of the reader, below MPI (UCX's cma).
  const bool is_chosen = std::getenv("UCX_TLS") || mpi_family() == MpiFamily::open_mpi;
  if (!is_chosen) setenv("UCX_TLS", "^cma", 1);
  if (!is_there) MPI_Init_thread(&argc, &argv, level, &provided);
  if (!is_chosen) unsetenv("UCX_TLS");  // what tasks start decides for itself
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const std::string told = rank_names(batch::own_variables(), mpi_family()).size;
  if (!told.empty() && told != std::to_string(size))
    throw Error(ErrorKind::unsupported,
                "MPI has " + std::to_string(size) + " rank(s) where the launcher started " + told +
                    "; `weir run` takes the launcher of " + std::string(mpi_starter().family) +
                    ", which Weir was built with");
}

MpiSession::~MpiSession() {
  if (!is_over()) MPI_Finalize();
}

bool MpiSession::is_over() {
  int is_over = 0;
  MPI_Finalized(&is_over);
  return is_over != 0;
}

}  // namespace weir::detail::home
