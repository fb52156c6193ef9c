// Frames over MPI.
#include "comm/mpi.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace weir::detail::comm {

namespace {

constexpr int plain = 1, valued = 2;
constexpr int lending =
    3;  // with values, and after the head, for each block, where it lies in the sender's lent memory, or:
constexpr std::uint64_t follows = ~std::uint64_t{0};
constexpr int block_tag = 1;
// A head's tag is its kind and the lowest bits of its number: MPI promises 32767. They tell whether it is the
// next one, since what comes before it is on a belt, which has fewer.
constexpr int kinds = 4;
constexpr std::uint32_t number_mask = 0xfff;
static_assert(Belt::lines <= number_mask && lending < kinds);
constexpr int eager_bytes = 4000;  // a message up to this size has arrived whole when it is seen
static_assert(eager_bytes <= BeltWriter::most_bytes);

int tag_of(int kind, std::uint32_t number) { return kind + kinds * static_cast<int>(number & number_mask); }
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
  const bool is_plain = frame.values.empty(), is_urgent = frame.is_urgent;
  Outgoing out;
  if (is_plain) out.frame.head = std::move(frame.head);
  else out.frame = to_wire(std::move(frame), neighbours_.memory_for(to));
  if (out.frame.head.size() > piece_bytes)
    throw Error(ErrorKind::unsupported,
                "send: the arguments of a task are larger than 1 GiB; scatter them first");
  const int kind = is_plain ? plain : lend_blocks(to, out.frame) ? lending : valued;
  if (out.frame.blocks.empty() && put(to, kind, out.frame.head.bytes(), is_urgent)) return;
  const std::uint32_t number = peer.sent++;
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
  post(kept.frame.head.data(), kept.frame.head.size(), tag_of(kind, number), heads_);
  for (const Block& block : kept.frame.blocks) post(block.data, block.size, block_tag, blocks_);
  if (BeltWriter& belt = neighbours_.belt_to(to)) belt.note_beside();
  if (peer.outgoing.size() == 1 && all_done(kept.requests)) {
    peer.outgoing.pop_back();
    --outgoing_;
    if (!is_urgent) return;
  } else {
    is_half_done_ = true;
  }
  neighbours_.ring(to);
}

bool MpiTransport::send_now(PeerId to, std::span<const std::byte> messages, bool is_urgent) {
  return peers_.at(to).gone || put(to, plain, messages, is_urgent);
}

// Onto the belt, if there is one and room in it.
bool MpiTransport::put(PeerId to, int kind, std::span<const std::byte> head, bool is_urgent) {
  BeltWriter& belt = neighbours_.belt_to(to);
  Peer& peer = peers_[to];
  if (!belt || head.size() > eager_bytes ||
      !belt.put({.tag = static_cast<std::uint32_t>(kind), .number = peer.sent}, head))
    return false;
  ++peer.sent;
  if (is_urgent) neighbours_.ring(to);
  return true;
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
  if (incoming.kind == plain) return;
  incoming.requests.clear();
  const std::vector<std::uint64_t> sizes = block_sizes(incoming.head.bytes());
  std::vector<std::uint64_t> places(sizes.size(), follows);
  if (incoming.kind == lending) {
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
  ++peers_[from].delivered;
  if (incoming.kind == plain) receiver.receive(from, Frame{std::move(incoming.head), {}});
  else receiver.receive(from, from_wire(incoming.head.bytes(), std::move(incoming.blocks)));
}

bool MpiTransport::is_next(const Peer& peer, std::uint32_t number) const noexcept {
  return ((number ^ peer.delivered) & number_mask) == 0;
}

// Whether heads have been sent by MPI that have not been seen.
bool MpiTransport::lacks_heads() noexcept {
  for (PeerId from = 0; from < peers_.size(); ++from)
    if (const BeltReader& belt = neighbours_.belt_from(from);
        belt && belt.beside() != peers_[from].heads && !peers_[from].gone)
      return true;
  return false;
}

bool MpiTransport::receive_belts(Receiver& receiver) {
  constexpr int most = 16;
  int found = 0;
  for (PeerId from = 0; from < peers_.size(); ++from) {
    BeltReader& belt = neighbours_.belt_from(from);
    if (!belt) continue;
    Peer& peer = peers_[from];
    while (found < most && !belt.empty() && !peer.gone) {
      const BeltHead head = belt.head();
      if (!is_next(peer, head.number)) break;
      ++found;
      if (head.tag == plain) {
        Frame frame{std::move(spare_), {}};
        frame.head.clear();
        belt.take(head, frame.head.grow(head.bytes));
        ++peer.delivered;
        receiver.receive(from, std::move(frame));
        spare_ = std::move(frame.head);
        continue;
      }
      Incoming incoming;
      incoming.kind = static_cast<int>(head.tag);
      belt.take(head, incoming.head.grow(head.bytes));
      post_blocks(from, incoming);
      deliver(from, std::move(incoming), receiver);
    }
  }
  return found > 0;
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
  incoming.kind = status.MPI_TAG % kinds;
  incoming.number = static_cast<std::uint32_t>(status.MPI_TAG / kinds);
  ++peer.heads;
  std::byte* place = incoming.head.grow(static_cast<std::size_t>(bytes));
  if (bytes <= eager_bytes) {
    MPI_Recv(place, bytes, MPI_BYTE, status.MPI_SOURCE, status.MPI_TAG, heads_, MPI_STATUS_IGNORE);
    if (peer.gone) return true;
    if (incoming.kind == plain && peer.incoming.empty() && is_next(peer, incoming.number)) {
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
      if (!is_next(peers_[from], first.number)) break;
      Incoming whole = std::move(first);
      const bool has_values = whole.kind != plain;
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
  constexpr unsigned between = 512;  // polls of MPI where everybody says what is to be found there
  const bool has_sent = outgoing_ && progress_sends();
  const bool moved_belts = receive_belts(receiver);
  bool moved = incoming_ && progress_receives(receiver);
  if (!neighbours_.all_have_belts() || lacks_heads() || ++polls_ % between == 0) {
    // A probe that finds nothing lets Open MPI look into its queues, for the next probe.
    for (int found = 0, missed = 0; found < 16 && missed < 2;)
      if (probe(receiver)) moved = true, ++found;
      else ++missed;
  }
  if (moved) (void)receive_belts(receiver);  // what has waited for that
  is_half_here_ = incoming_ > 0 || lacks_heads();
  is_half_done_ = outgoing_ || is_half_here_;
  return moved || moved_belts || has_sent;
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
