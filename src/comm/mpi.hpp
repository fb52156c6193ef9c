// MpiTransport: peers are the ranks of one MPI job; nonblocking point-to-point only.
#pragma once

#include <mpi.h>

#include <deque>
#include <list>

#include "comm/mpi_neighbours.hpp"
#include "comm/wire.hpp"

namespace weir::detail::comm {

/// Before MPI is initialized, where nobody but Weir will call it: a poll that finds nothing keeps the core,
/// which Open MPI would give away on nodes with more ranks than cores. Whoever polls holds a baton.
void keep_core_in_polls();

/// The ranks of one job. The peer ids are the ranks.
///
/// Small frames go to a neighbour by a belt in its memory, if there is room, or are one eager message:
/// their numbers say in which order they are delivered. Large blocks are lent to a neighbour, or follow on a
/// communicator of their own, straight from and into the values' memory, in pieces that MPI can count.
/// Whoever has sent to a neighbour rings its bell, unless what is sent is not urgent and has left whole.
/// Deaths are not noticed here: requests to the dead are abandoned by `forget`, with their buffers kept for
/// ever.
class MpiTransport final : public Transport {
 public:
  /// Collective: every rank of `world` makes one at start-up.
  explicit MpiTransport(MPI_Comm world, std::uint64_t most_lent = UINT64_MAX);
  void send(PeerId to, Frame frame) override;
  [[nodiscard]] bool send_now(PeerId to, std::span<const std::byte> messages, bool is_urgent) override;
  bool poll(Receiver& receiver) override;
  [[nodiscard]] bool busy(PeerId to) const override {
    return !peers_[to].outgoing.empty() || neighbours_.is_crowded(to);
  }
  [[nodiscard]] bool sending() const override { return outgoing_ > 0; }
  void forget(PeerId peer) override;
  void each_neighbour(const std::function<void(const Bell&)>& look) const override {
    neighbours_.each_bell(look);
  }
  [[nodiscard]] Bell& bell() noexcept override { return neighbours_.bell(); }
  [[nodiscard]] bool rings() const noexcept override { return neighbours_.all_ring() && !is_half_done_; }
  [[nodiscard]] bool is_being_heard() const noexcept override {
    return neighbours_.all_ring() && is_half_done_ && !is_half_here_;
  }
  [[nodiscard]] bool wakes() const noexcept override { return peers_.size() == 1; }

  /// So many bytes of blocks that neighbours use are in this process's memory; more are copied by MPI.
  void lend_at_most(std::uint64_t bytes) noexcept { neighbours_.own().use_at_most(bytes); }

  [[nodiscard]] PeerId rank() const noexcept { return rank_; }
  [[nodiscard]] std::size_t size() const noexcept { return peers_.size(); }

 private:
  using Requests = SmallVector<MPI_Request, 1>;
  struct Outgoing {
    WireFrame frame;
    Requests requests;
  };
  struct Incoming {
    Buffer head;
    std::vector<Block> blocks;
    Requests requests;
    bool has_head = false;
    int kind = 0;
    std::uint32_t number = 0;  // of the lowest bits
  };
  struct Peer {
    std::deque<Outgoing> outgoing;
    std::deque<Incoming> incoming;          // by MPI
    std::uint32_t sent = 0, delivered = 0;  // frames, by MPI or a belt
    std::uint32_t heads = 0;                // seen by MPI
    bool gone = false;
  };

  bool lend_blocks(PeerId to, WireFrame& frame);
  bool progress_sends();
  bool progress_receives(Receiver& receiver);
  [[nodiscard]] bool put(PeerId to, int kind, std::span<const std::byte> head, bool is_urgent);
  bool receive_belts(Receiver& receiver);
  [[nodiscard]] bool is_next(const Peer& peer, std::uint32_t number) const noexcept;
  [[nodiscard]] bool lacks_heads() noexcept;
  bool probe(Receiver& receiver);
  void deliver(PeerId from, Incoming&& incoming, Receiver& receiver);
  void post_blocks(PeerId from, Incoming& incoming);

  MPI_Comm heads_ = MPI_COMM_NULL, blocks_ = MPI_COMM_NULL;
  PeerId rank_ = 0;
  MpiNeighbours neighbours_;
  std::vector<Peer> peers_;
  std::size_t outgoing_ = 0, incoming_ = 0;
  unsigned polls_ = 0;
  Buffer spare_;                           // of the last plain frame
  std::atomic<bool> is_half_done_{false};  // something is on its way that only polling moves ...
  std::atomic<bool> is_half_here_{false};  // ... to this process
  // Lists: what is in them never moves, since MPI knows the addresses.
  std::list<std::deque<Outgoing>> abandoned_out_;
  std::list<std::deque<Incoming>> abandoned_in_;
};

}  // namespace weir::detail::comm
