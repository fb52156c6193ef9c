// Frames over MPI.
#include "comm/mpi.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace weir::detail::comm {

namespace {

constexpr int plain_tag = 1, valued_tag = 2, block_tag = 3;
constexpr int lending_tag =
    4;  // with values, and after the head, for each block, where it lies in the sender's lent memory, or:
constexpr std::uint64_t follows = ~std::uint64_t{0};
constexpr int eager_bytes = 4000;  // a message up to this size has arrived whole when it is seen
constexpr std::uint64_t piece_bytes = std::uint64_t{1} << 30;  // MPI counts are 32-bit

template <class Requests>
bool all_done(Requests& requests) {
  int done = 1;
  if (requests.size() == 1) MPI_Test(requests.data(), &done, MPI_STATUS_IGNORE);
  else if (!requests.empty())
    MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE);
  return done;
}

template <class Requests>
MPI_Request& one_more(Requests& requests) {
  requests.push_back(MPI_REQUEST_NULL);
  return requests.back();
}

}  // namespace

void keep_core_in_polls() { setenv("OMPI_MCA_mpi_yield_when_idle", "0", 0); }

MpiTransport::MpiTransport(MPI_Comm world, std::uint64_t most_lent) : neighbours_(world, most_lent) {
  MPI_Comm_dup(world, &heads_);
  MPI_Comm_dup(world, &blocks_);
  MPI_Comm_set_errhandler(heads_, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(blocks_, MPI_ERRORS_RETURN);
  int rank = 0, size = 0;
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &size);
  rank_ = static_cast<PeerId>(rank);
  peers_.resize(static_cast<std::size_t>(size));
}

void MpiTransport::send(PeerId to, Frame frame) {
  Peer& peer = peers_.at(to);
  if (peer.gone) return;
  const bool plain = frame.values.empty(), is_urgent = frame.is_urgent;
  Outgoing out;
  if (plain) out.frame.head = std::move(frame.head);
  else out.frame = to_wire(std::move(frame), neighbours_.memory_for(to));
  if (out.frame.head.size() > piece_bytes)
    throw Error(ErrorKind::unsupported,
                "send: the arguments of a task are larger than 1 GiB; scatter them first");
  const int tag = plain ? plain_tag : lend_blocks(to, out.frame) ? lending_tag : valued_tag;
  peer.outgoing.push_back(std::move(out));
  ++outgoing_;
  Outgoing& kept = peer.outgoing.back();
  const auto post = [&](const std::byte* data, std::uint64_t size, int tag, MPI_Comm comm) {
    for (std::uint64_t at = 0; at == 0 || at < size; at += piece_bytes) {
      MPI_Request& request = one_more(kept.requests);
      MPI_Isend(data + at, static_cast<int>(std::min(piece_bytes, size - at)), MPI_BYTE, static_cast<int>(to),
                tag, comm, &request);
    }
  };
  post(kept.frame.head.data(), kept.frame.head.size(), tag, heads_);
  for (const Block& block : kept.frame.blocks) post(block.data, block.size, block_tag, blocks_);
  if (peer.outgoing.size() == 1 && all_done(kept.requests)) {
    peer.outgoing.pop_back();
    --outgoing_;
    if (!is_urgent) return;
  } else {
    is_half_done_ = true;
  }
  neighbours_.ring(to);
}

// The blocks that a neighbour can use in place; those that remain follow. Whether there were any.
bool MpiTransport::lend_blocks(PeerId to, WireFrame& frame) {
  LentMemory* memory = neighbours_.memory_for(to);
  if (!memory || frame.blocks.empty()) return false;
  std::vector<std::uint64_t> places;
  std::vector<Block> others;
  for (Block& block : frame.blocks) {
    places.push_back(memory->lend(block, to).value_or(follows));
    if (places.back() == follows) others.push_back(std::move(block));
  }
  const bool is_any_lent = others.size() < frame.blocks.size();
  frame.blocks = std::move(others);
  if (is_any_lent) frame.head.append(places.data(), places.size() * sizeof places[0]);
  return is_any_lent;
}

bool MpiTransport::progress_sends() {
  bool moved = false;
  for (PeerId to = 0; to < peers_.size(); ++to) {
    Peer& peer = peers_[to];
    while (!peer.outgoing.empty() && all_done(peer.outgoing.front().requests)) {
      peer.outgoing.pop_front();
      --outgoing_;
      moved = true;
      neighbours_.ring(to);
    }
  }
  return moved;
}

void MpiTransport::post_blocks(PeerId from, Incoming& incoming) {
  incoming.has_head = true;
  if (incoming.tag == plain_tag) return;
  incoming.requests.clear();
  const std::vector<std::uint64_t> sizes = block_sizes(incoming.head.bytes());
  std::vector<std::uint64_t> places(sizes.size(), follows);
  if (incoming.tag == lending_tag) {
    const std::size_t bytes = sizes.size() * sizeof places[0];
    if (bytes > incoming.head.size()) throw Error(ErrorKind::protocol, "frame: places of blocks are missing");
    std::memcpy(places.data(), incoming.head.data() + incoming.head.size() - bytes, bytes);
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::uint64_t size = sizes[i];
    if (places[i] != follows) {
      incoming.blocks.push_back(neighbours_.borrowed(from, places[i], size));
      continue;
    }
    const Block& block = incoming.blocks.emplace_back(arriving_block(size));
    for (std::uint64_t at = 0; at < size; at += piece_bytes) {
      MPI_Request& request = one_more(incoming.requests);
      // What does not fit is dropped by MPI.
      const std::uint64_t piece = block.data ? std::min(piece_bytes, size - at) : 0;
      MPI_Irecv(piece ? const_cast<std::byte*>(block.data) + at : nullptr, static_cast<int>(piece), MPI_BYTE,
                static_cast<int>(from), block_tag, blocks_, &request);
    }
  }
}

void MpiTransport::deliver(PeerId from, Incoming&& incoming, Receiver& receiver) {
  if (incoming.tag == plain_tag) receiver.receive(from, Frame{std::move(incoming.head), {}});
  else receiver.receive(from, from_wire(incoming.head.bytes(), std::move(incoming.blocks)));
}

bool MpiTransport::probe(Receiver& receiver) {
  int there = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, heads_, &there, &status);
  if (!there) return false;
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  const auto from = static_cast<PeerId>(status.MPI_SOURCE);
  Peer& peer = peers_[from];
  Incoming incoming;
  incoming.tag = status.MPI_TAG;
  std::byte* place = incoming.head.grow(static_cast<std::size_t>(bytes));
  if (bytes <= eager_bytes) {
    MPI_Recv(place, bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, heads_, MPI_STATUS_IGNORE);
    if (peer.gone) return true;
    if (incoming.tag == plain_tag && peer.incoming.empty()) {
      deliver(from, std::move(incoming), receiver);
      return true;
    }
    peer.incoming.push_back(std::move(incoming));
  } else {
    // The buffer moves into the queue first: its address must not change any more.
    auto& queue = peer.gone ? abandoned_in_.emplace_back() : peer.incoming;
    Incoming& kept = queue.emplace_back(std::move(incoming));
    MPI_Irecv(kept.head.data(), bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, heads_,
              &one_more(kept.requests));
    if (peer.gone) return true;
  }
  ++incoming_;
  return true;
}

// Of each peer at most one value, since each may take milliseconds to arrive: there is something to do with
// the first while others are on their way.
bool MpiTransport::progress_receives(Receiver& receiver) {
  bool moved = false;
  for (PeerId from = 0; incoming_ && from < peers_.size(); ++from) {
    auto& queue = peers_[from].incoming;
    while (!queue.empty()) {
      Incoming& first = queue.front();
      if (!all_done(first.requests)) break;
      if (!first.has_head) {
        post_blocks(from, first);
        continue;
      }
      Incoming whole = std::move(first);
      const bool has_values = whole.tag != plain_tag;
      queue.pop_front();
      --incoming_;
      moved = true;
      deliver(from, std::move(whole), receiver);
      if (has_values) break;
    }
  }
  return moved;
}

bool MpiTransport::poll(Receiver& receiver) {
  bool moved = outgoing_ && progress_sends();
  if (incoming_) moved |= progress_receives(receiver);
  // A probe that finds nothing lets Open MPI look into its queues, for the next probe.
  for (int found = 0, missed = 0; found < 16 && missed < 2;)
    if (probe(receiver)) moved = true, ++found;
    else ++missed;
  is_half_here_ = incoming_ > 0;
  is_half_done_ = outgoing_ || incoming_;
  return moved;
}

void MpiTransport::forget(PeerId gone) {
  Peer& peer = peers_.at(gone);
  peer.gone = true;
  if (LentMemory* memory = neighbours_.memory_for(gone)) memory->forget(gone);
  outgoing_ -= peer.outgoing.size();
  incoming_ -= peer.incoming.size();
  abandoned_out_.push_back(
      std::move(peer.outgoing));  // whole queues: MPI knows the addresses of their elements
  abandoned_in_.push_back(std::move(peer.incoming));
  peer.outgoing = {};
  peer.incoming = {};
}

}  // namespace weir::detail::comm
