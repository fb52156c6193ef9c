// The ranks of a job that share a host, and so memory.
#pragma once

#include <mpi.h>

#include <functional>

#include "comm/bell.hpp"
#include "comm/belt.hpp"
#include "memory/lent.hpp"

namespace weir::detail::comm {

/// Lent memory, bells and belts between the ranks of one host.
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
  /// For small messages to this rank; nothing if it has no belt for this one.
  [[nodiscard]] BeltWriter& belt_to(PeerId rank) noexcept { return belts_to_[rank]; }
  [[nodiscard]] bool is_crowded(PeerId rank) const noexcept {
    return belts_to_[rank] && belts_to_[rank].is_crowded();
  }
  /// Of small messages from this rank; nothing if it has none to here.
  [[nodiscard]] BeltReader& belt_from(PeerId rank) noexcept { return belts_from_[rank]; }
  /// Whether every other rank has one to here, and so tells what goes another way.
  [[nodiscard]] bool all_have_belts() const noexcept { return all_have_belts_; }
  void each_bell(const std::function<void(const Bell&)>& look) const {
    for (const Bell* bell : bells_)
      if (bell) look(*bell);
  }

 private:
  struct Host;  // the communicator of a host's ranks
  MpiNeighbours(MPI_Comm world, const Host& host, std::uint64_t most_lent);

  LentMemory own_;
  SharedBell bell_;
  SharedPages belt_pages_;  // from each rank of the host
  bool all_ring_ = false, all_have_belts_ = false;
  std::vector<Bell*> bells_;                  // by rank; null: no neighbour
  mutable std::vector<BeltWriter> belts_to_;  // by rank
  std::vector<BeltReader> belts_from_;        // by rank
  std::vector<char> reads_ours_;              // by rank
  std::vector<std::optional<BorrowedMemory>> theirs_;
};

}  // namespace weir::detail::comm
