// The ranks of a job that share a host, and so memory.
#pragma once

#include <mpi.h>

#include <functional>

#include "comm/bell.hpp"
#include "memory/lent.hpp"

namespace weir::detail::comm {

/// Lent memory and bells between the ranks of one host.
class MpiNeighbours {
 public:
  /// Collective, at start-up.
  MpiNeighbours(MPI_Comm world, std::uint64_t most_lent);

  /// Where blocks for this rank are best made; null if it does not read this rank's memory.
  [[nodiscard]] LentMemory* memory_for(PeerId rank) noexcept {
    return rank < reads_ours_.size() && reads_ours_[rank] ? &own_ : nullptr;
  }
  /// The block that a rank lends. Throws `Error{protocol}` if there is none.
  [[nodiscard]] Block borrowed(PeerId from, std::uint64_t place, std::uint64_t size) const;
  [[nodiscard]] LentMemory& own() noexcept { return own_; }

  [[nodiscard]] Bell& bell() noexcept { return bell_.bell(); }
  /// Whether every other rank can ring here.
  [[nodiscard]] bool all_ring() const noexcept { return all_ring_; }
  /// Wakes this rank, if it is a neighbour.
  void ring(PeerId rank) noexcept {
    if (Bell* bell = bells_[rank]) bell->ring();
  }
  void each_bell(const std::function<void(const Bell&)>& look) const {
    for (const Bell* bell : bells_)
      if (bell) look(*bell);
  }

 private:
  struct Host;  // the communicator of a host's ranks
  MpiNeighbours(MPI_Comm world, const Host& host, std::uint64_t most_lent);

  LentMemory own_;
  SharedBell bell_;
  bool all_ring_ = false;
  std::vector<Bell*> bells_;      // by rank; null: no neighbour
  std::vector<char> reads_ours_;  // by rank
  std::vector<std::optional<BorrowedMemory>> theirs_;
};

}  // namespace weir::detail::comm
