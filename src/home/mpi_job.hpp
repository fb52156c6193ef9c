// The MPI that Weir was built with: who starts its ranks, what a rank knows of itself, its beginning and end.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "home/siblings.hpp"
#include "weir/batch.hpp"

namespace weir::detail::home {

/// Whose `mpi.h` it was. MPICH stands for its family (Intel MPI, MVAPICH), which Hydra starts.
enum class MpiFamily { open_mpi, mpich };
[[nodiscard]] MpiFamily mpi_family() noexcept;

/// Of a family: its name, the program that starts its ranks, and the Debian package of that.
struct MpiStarter {
  std::string_view family, program, package;
};
[[nodiscard]] const MpiStarter& mpi_starter(MpiFamily family = mpi_family()) noexcept;

/// What a launcher tells a rank, as texts; `size` is empty where there is none.
struct RankNames {
  std::string rank, size, local_rank, local_size;
};
[[nodiscard]] RankNames rank_names(const BatchSystem::Variables& variables, MpiFamily family);

/// Says in Open MPI's words (OMPI_COMM_WORLD_*) what MPICH's launchers have told this process. Whether a
/// launcher of this MPI has started it as a rank; what a rank starts is none.
bool take_rank();

/// MPI while the object lives: errors are returned, not the end of the process.
///
/// **Errors.** Throws `Error{unsupported}` if the job has another size than the launcher said: it was started
/// for another MPI.
class MpiSession {
 public:
  /// `level` is one of `MPI_THREAD_*`. Ends the process, with status 2, when a rank of this host has ended
  /// and the others wait for it; `tell` says so to who started the job, if that is possible.
  MpiSession(int& argc, char**& argv, int level, std::function<bool()> tell = {});
  MpiSession(const MpiSession&) = delete;
  ~MpiSession();
  [[nodiscard]] static bool is_over();
  /// All ranks have been in a collective call behind MPI_Init: until then each waits for ever for one that
  /// has ended, and is told so.
  void are_all_here() { watch_.reset(); }

 private:
  std::optional<SiblingWatch> watch_;
};

}  // namespace weir::detail::home
