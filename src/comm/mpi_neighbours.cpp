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
  [[nodiscard]] std::uint64_t lent_bytes() const {
    return size == 1 ? 0 : std::min(most_bytes, most_bytes_of_all / static_cast<std::uint64_t>(size));
  }
};

MpiNeighbours::MpiNeighbours(MPI_Comm world) : MpiNeighbours(world, Host(world)) {}

MpiNeighbours::MpiNeighbours(MPI_Comm world, const Host& host) : own_(host.lent_bytes()) {
  int rank = 0, ranks = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &ranks);
  reads_ours_.resize(static_cast<std::size_t>(ranks));
  theirs_.resize(static_cast<std::size_t>(ranks));
  if (host.size == 1) return;
  struct Greeting {
    LentCard card;
    int rank;
  };
  const auto size = static_cast<std::size_t>(host.size);
  const Greeting own{own_.card(), rank};
  std::vector<Greeting> all(size);
  MPI_Allgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE, host.comm);
  std::vector<char> read(size), are_read(size);
  for (std::size_t i = 0; i < size; ++i) {
    if (all[i].rank == rank) continue;
    auto& memory = theirs_[static_cast<std::size_t>(all[i].rank)] = BorrowedMemory::open(all[i].card);
    read[i] = memory.has_value();
  }
  MPI_Alltoall(read.data(), 1, MPI_BYTE, are_read.data(), 1, MPI_BYTE, host.comm);
  for (std::size_t i = 0; i < size; ++i) reads_ours_[static_cast<std::size_t>(all[i].rank)] = are_read[i];
  own_.close();
}

Block MpiNeighbours::borrowed(PeerId from, std::uint64_t place, std::uint64_t size) const {
  if (from >= theirs_.size() || !theirs_[from])
    throw Error(ErrorKind::protocol, "frame: a block in memory that is not lent");
  return theirs_[from]->block(place, size);
}

}  // namespace weir::detail::comm
