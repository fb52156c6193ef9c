// GangComm: a communicator of MPI for the ranks of a gang. The one public header that includes mpi.h.
#pragma once

#include <mpi.h>

#include <exception>
#include <set>

#include "weir/gang.hpp"

namespace weir {

/// A communicator of exactly the gang's ranks, in their order, while the object lives.
///
/// ```cpp
/// double energy(weir::Gang& gang, const System& system) {
///   const weir::GangComm comm(gang);
///   MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, comm);
/// ```
///
/// The ranks must be processes of the program's own MPI job, each with one rank of the gang:
/// `weir::gang{.ranks = 4, .separate = true}` under `weir run`. Weir itself talks over MPI meanwhile, from
/// another thread: the program must be started with `WEIR_MPI_THREADS=multiple`.
/// **Errors.** Throws `Error{unsupported}`, on all ranks, where one of these is missing. A rank that dies
/// inside a call of MPI leaves the others hanging there: they are ended after 5 s and the gang runs again,
/// while `Gang`'s own functions throw `GangError` at once. A rank that returns, or calls something else,
/// while others wait in a call of MPI leaves them there, which nobody can tell from work: give such a gang an
/// `Options::time_limit`, or use `Gang`'s own functions, which are told.
/// **Cost.** Made and freed by all ranks together: 50 to 140 us on one host.
/// **Source.** `MPI_Comm_create_group`, which also works after other ranks have died.
class GangComm {
 public:
  /// Made by all ranks of the gang together.
  explicit GangComm(Gang& gang) {
    int is_there = 0, is_over = 0, level = 0, rank = -1;
    MPI_Initialized(&is_there);
    MPI_Finalized(&is_over);
    if (is_there && !is_over) {
      MPI_Query_thread(&level);
      MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    }
    const auto place = gang.link().process_of(static_cast<std::uint32_t>(gang.rank()));
    const bool is_own = rank >= 0 && place == static_cast<std::uint32_t>(rank);
    // All say whether they can, so that all throw or none.
    const std::vector<int> ranks = gang.all_by_rank(!is_own                       ? -1
                                                    : level < MPI_THREAD_MULTIPLE ? -2
                                                                                  : rank,
                                                    Gang::Call::communicator);
    for (const int one : ranks) {
      if (one == -1)
        throw Error(
            ErrorKind::unsupported,
            "GangComm: all ranks must be processes of the program's own MPI job; start it with weir run "
            "and ask for weir::gang{.ranks = n, .separate = true}");
      if (one == -2)
        throw Error(ErrorKind::unsupported,
                    "GangComm: MPI was started for one thread at a time; start the program with "
                    "WEIR_MPI_THREADS=multiple");
    }
    if (std::set<int>(ranks.begin(), ranks.end()).size() != ranks.size())
      throw Error(ErrorKind::unsupported,
                  "GangComm: several ranks are threads of one process; ask for weir::gang{.ranks = n, "
                  ".separate = true}");
    MPI_Group world, group;
    MPI_Comm_group(MPI_COMM_WORLD, &world);
    MPI_Group_incl(world, static_cast<int>(ranks.size()), ranks.data(), &group);
    const int made = MPI_Comm_create_group(MPI_COMM_WORLD, group, tag, &comm_);
    MPI_Group_free(&group);
    MPI_Group_free(&world);
    if (made != MPI_SUCCESS)
      throw Error(ErrorKind::io, "GangComm: MPI_Comm_create_group failed with code " + std::to_string(made));
  }
  GangComm(const GangComm&) = delete;
  GangComm& operator=(const GangComm&) = delete;
  /// Frees it with the other ranks; not while an exception passes, since they may never come.
  ~GangComm() {
    if (comm_ != MPI_COMM_NULL && std::uncaught_exceptions() == exceptions_) MPI_Comm_free(&comm_);
  }
  /// The communicator.
  [[nodiscard]] operator MPI_Comm() const noexcept { return comm_; }

 private:
  static constexpr int tag = 4711;  // of the messages by which it is made
  MPI_Comm comm_ = MPI_COMM_NULL;
  int exceptions_ = std::uncaught_exceptions();
};

}  // namespace weir
