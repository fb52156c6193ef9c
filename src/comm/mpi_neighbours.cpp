// Ranks of a host find each other's memory, and say whether they could.
#include "comm/mpi_neighbours.hpp"

#include <algorithm>

#include "weir/error.hpp"

namespace weir::detail::comm {

namespace {

// Enough for what is on its way; it counts as memory of every neighbour that has used it, so that all of it
// together is bounded.
constexpr std::uint64_t most_bytes = 128 << 20, most_bytes_of_all = 1 << 30;

}  // namespace

struct MpiNeighbours::Host {
  MPI_Comm comm = MPI_COMM_NULL;
  int size = 1;
  explicit Host(MPI_Comm world) {
    MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm);
    MPI_Comm_size(comm, &size);
  }
  ~Host() { MPI_Comm_free(&comm); }
  [[nodiscard]] std::uint64_t lent_bytes(std::uint64_t most) const {
    return size == 1 ? 0 : std::min({most, most_bytes, most_bytes_of_all / static_cast<std::uint64_t>(size)});
  }
};

MpiNeighbours::MpiNeighbours(MPI_Comm world, std::uint64_t most_lent)
    : MpiNeighbours(world, Host(world), most_lent) {}

MpiNeighbours::MpiNeighbours(MPI_Comm world, const Host& host, std::uint64_t most_lent)
    : own_(host.lent_bytes(most_lent)) {
  int rank = 0, ranks = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &ranks);
  reads_ours_.resize(static_cast<std::size_t>(ranks));
  theirs_.resize(static_cast<std::size_t>(ranks));
  bells_.resize(static_cast<std::size_t>(ranks));
  all_ring_ = ranks == 1;
  if (host.size == 1) return;
  struct Greeting {
    LentCard card;
    BellCard bell;
    int rank;
  };
  struct Opened {
    bool memory, bell;
  };
  const auto size = static_cast<std::size_t>(host.size);
  const Greeting own{own_.card(), bell_.card(), rank};
  std::vector<Greeting> all(size);
  MPI_Allgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE, host.comm);
  std::vector<Opened> theirs(size), ours(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (all[i].rank == rank) continue;
    const auto other = static_cast<std::size_t>(all[i].rank);
    theirs_[other] = BorrowedMemory::open(all[i].card);
    bells_[other] = SharedBell::open(all[i].bell);
    theirs[i] = {theirs_[other].has_value(), bells_[other] != nullptr};
  }
  MPI_Alltoall(theirs.data(), sizeof(Opened), MPI_BYTE, ours.data(), sizeof(Opened), MPI_BYTE, host.comm);
  all_ring_ = host.size == ranks;
  for (std::size_t i = 0; i < size; ++i) {
    reads_ours_[static_cast<std::size_t>(all[i].rank)] = ours[i].memory;
    all_ring_ &= all[i].rank == rank || ours[i].bell;
  }
  own_.close();
  bell_.close();
}

Block MpiNeighbours::borrowed(PeerId from, std::uint64_t place, std::uint64_t size) const {
  if (from >= theirs_.size() || !theirs_[from])
    throw Error(ErrorKind::protocol, "frame: a block in memory that is not lent");
  return theirs_[from]->block(place, size);
}

}  // namespace weir::detail::comm
