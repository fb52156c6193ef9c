// Open MPI or MPICH.
#include "home/mpi_job.hpp"

#include <mpi.h>

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <utility>

#include "batch/program.hpp"
#include "core/process.hpp"
#include "home/settings.hpp"
#include "home/siblings.hpp"
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

namespace {

/// Says that not all ranks will come, and ends this one.
[[noreturn]] void give_up(const RankNames& own, const Siblings& there, const std::function<bool()>& tell) {
  std::string gone;
  int count = 0;
  const int size = own.size == own.local_size ? std::atoi(own.size.c_str()) : 0;
  for (int rank = 0; rank < size; ++rank)
    if (!there.alive.contains(rank)) gone += (count++ ? ", " : " ") + std::to_string(rank);
  if (std::to_string(*there.alive.begin()) == own.rank)
    std::cerr << "weir: "
              << (count == 0   ? "a rank on this host"
                  : count == 1 ? "rank"
                               : "ranks")
              << gone
              << " ended before weir::run, where the others would wait for ever; every rank must call it"
              << std::endl;
  // The launcher's process on another host than mpirun's takes all ranks with it.
  const bool is_told = tell && tell(), is_elsewhere = name_of(there.launcher) == "orted";
  if (is_elsewhere)
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // it passes on what was said
  if (is_elsewhere || (!is_told && there.launcher != getppid())) kill(there.launcher, SIGTERM);
  exit_now(2);
}

// Of a host's ranks who sends a message puts it behind the last one of the receiver's list in two steps, of
// whichever rank that is: one that is killed between them leaves the list cut, and the receiver waits in
// MPI for ever. Open MPI has boxes for each pair beside it, which nothing cuts, for what is not large; by
// itself from the 17th message on.
void keep_neighbours_apart() {
  for (const char* const name : {"OMPI_MCA_btl_vader_fbox_threshold", "OMPI_MCA_btl_sm_fbox_threshold"})
    setenv(name, "1", 0);
}

}  // namespace

MpiSession::MpiSession(int& argc, char**& argv, int level, std::function<bool()> tell) {
  int is_there = 0, size = 0, provided = 0;
  MPI_Initialized(&is_there);
  // A read of a dead neighbour's memory would be the end of the reader, below MPI (UCX's cma).
  const bool is_chosen = std::getenv("UCX_TLS") || mpi_family() == MpiFamily::open_mpi;
  if (!is_chosen) setenv("UCX_TLS", "^cma", 1);
  keep_neighbours_apart();
  const RankNames own = rank_names(batch::own_variables(), mpi_family());
  watch_.emplace(static_cast<std::size_t>(std::atoi(own.local_size.c_str())),
                 [own, tell = std::move(tell)](const Siblings& there) { give_up(own, there, tell); });
  if (!is_there) MPI_Init_thread(&argc, &argv, level, &provided);
  if (!is_chosen) unsetenv("UCX_TLS");  // what tasks start decides for itself
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (!own.size.empty() && own.size != std::to_string(size))
    throw Error(ErrorKind::unsupported,
                "MPI has " + std::to_string(size) + " rank(s) where the launcher started " + own.size +
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
