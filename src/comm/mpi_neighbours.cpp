// Ranks of a host find each other's memory, and say whether they could.
#include "comm/mpi_neighbours.hpp"

#include <algorithm>

#include "weir/error.hpp"

namespace weir::detail::comm {

namespace {

// Enough for what is on its way; it counts as memory of every neighbour that has used it, so that all of it
// together is bounded.
constexpr std::uint64_t most_bytes = 128 << 20, most_bytes_of_all = 1 << 30;

// Each poll looks into all belts to here: where they are many MPI's one queue is quicker.
constexpr int most_with_belts = 16;

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
  [[nodiscard]] std::size_t belt_bytes() const {
    return size == 1 || size > most_with_belts ? 0 : static_cast<std::size_t>(size) * sizeof(Belt);
  }
};

MpiNeighbours::MpiNeighbours(MPI_Comm world, std::uint64_t most_lent)
    : MpiNeighbours(world, Host(world), most_lent) {}

MpiNeighbours::MpiNeighbours(MPI_Comm world, const Host& host, std::uint64_t most_lent)
    : own_(host.lent_bytes(most_lent)), belt_pages_(host.belt_bytes()) {
  int rank = 0, ranks = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &ranks);
  reads_ours_.resize(static_cast<std::size_t>(ranks));
  theirs_.resize(static_cast<std::size_t>(ranks));
  bells_.resize(static_cast<std::size_t>(ranks));
  belts_to_.resize(static_cast<std::size_t>(ranks));
  belts_from_.resize(static_cast<std::size_t>(ranks));
  all_ring_ = ranks == 1;
  if (host.size == 1) return;
  struct Greeting {
    LentCard card;
    PagesCard bell, belts;
    int rank;
  };
  struct Opened {
    bool memory, bell, belts;
  };
  const auto size = static_cast<std::size_t>(host.size);
  const Greeting own{own_.card(), bell_.card(), belt_pages_.card(), rank};
  std::vector<Greeting> all(size);
  MPI_Allgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE, host.comm);
  std::vector<Opened> theirs(size), ours(size);
  std::size_t own_place = 0;
  while (all[own_place].rank != rank) ++own_place;
  for (std::size_t i = 0; i < size; ++i) {
    if (all[i].rank == rank) continue;
    const auto other = static_cast<std::size_t>(all[i].rank);
    theirs_[other] = BorrowedMemory::open(all[i].card);
    bells_[other] = SharedBell::open(all[i].bell);
    std::byte* const belts = host.belt_bytes() ? SharedPages::open(all[i].belts) : nullptr;
    if (belts) belts_to_[other] = BeltWriter(reinterpret_cast<Belt*>(belts) + own_place);
    theirs[i] = {theirs_[other].has_value(), bells_[other] != nullptr, belts != nullptr};
  }
  MPI_Alltoall(theirs.data(), sizeof(Opened), MPI_BYTE, ours.data(), sizeof(Opened), MPI_BYTE, host.comm);
  all_ring_ = all_have_belts_ = host.size == ranks;
  for (std::size_t i = 0; i < size; ++i) {
    reads_ours_[static_cast<std::size_t>(all[i].rank)] = ours[i].memory;
    if (all[i].rank == rank) continue;
    all_ring_ &= ours[i].bell;
    all_have_belts_ &= ours[i].belts;
    if (ours[i].belts)
      belts_from_[static_cast<std::size_t>(all[i].rank)] =
          BeltReader(reinterpret_cast<Belt*>(belt_pages_.data()) + i);
  }
  own_.close();
  bell_.close();
  belt_pages_.close();
}

Block MpiNeighbours::borrowed(PeerId from, std::uint64_t place, std::uint64_t size) const {
  if (from >= theirs_.size() || !theirs_[from])
    throw Error(ErrorKind::protocol, "frame: a block in memory that is not lent");
  return theirs_[from]->block(place, size);
}

}  // namespace weir::detail::comm
