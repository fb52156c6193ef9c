// Reading and writing frames.
#include "comm/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace weir::detail::comm {

namespace {

constexpr std::size_t buffer_bytes = 128 << 10;
constexpr std::size_t direct_bytes = 16 << 10;  // what is larger is read where it stays
constexpr std::size_t most_per_read = 8 << 20;  // then other connections have their turn
constexpr std::size_t most_pieces = 64;
constexpr std::size_t most_unproven = 4096;  // bytes of somebody who has not shown the key
constexpr unsigned length_bits = 56;

std::uint64_t total_of(const WireFrame& frame) {
  std::uint64_t total = 8 + frame.head.size();
  for (const Block& block : frame.blocks) total += block.size;
  return total;
}

}  // namespace

Connection::Connection(Descriptor socket, Handshake::Role role, const SessionKey& key)
    : socket_(std::move(socket)),
      role_(role),
      handshake_(role, key, greeting_),
      connecting_(role == Handshake::Role::initiator),
      buffer_(new std::byte[buffer_bytes]) {
  tune(socket_.get());
  if (!connecting_) remote_ = remote_address(socket_.get());
}

void Connection::break_off(const std::string& why) {
  if (broken_.empty()) broken_ = why;
}

void Connection::retry(Descriptor socket, const SessionKey& key) {
  socket_ = std::move(socket);
  tune(socket_.get());
  greeting_.clear();
  handshake_ = Handshake(role_, key, greeting_);
  broken_.clear();
  begin_ = end_ = 0;
  connecting_ = true;
  watching_write = ending = false;
  since = Clock::now();
}

void Connection::connected() {
  if (!connecting_) return;
  connecting_ = false;
  if (const std::string error = connection_error(socket_.get()); !error.empty())
    break_off("it cannot be reached (" + error + ")");
}

// --- receiving

std::byte* Connection::target() const {
  if (part_ == Part::head) return const_cast<std::byte*>(arriving_.head.data()) + filled_;
  const std::byte* block = part_ == Part::blocks ? arriving_.blocks[block_].data : nullptr;
  return block ? const_cast<std::byte*>(block) + filled_ : nullptr;
}

std::size_t Connection::target_bytes_left() const {
  if (part_ == Part::head) return arriving_.head.size() - filled_;
  if (part_ == Part::blocks) return arriving_.blocks[block_].size - filled_;
  return 0;
}

void Connection::begin_frame(std::uint64_t header) {
  const auto kind = static_cast<Arrival::Kind>(header >> length_bits);
  const std::uint64_t length = header & ((std::uint64_t{1} << length_bits) - 1);
  if (kind < Arrival::Kind::plain || kind > Arrival::Kind::verdict ||
      (kind >= Arrival::Kind::introduction && length > (1 << 16))) {
    break_off("it sent bytes that are no frame");
    return;
  }
  arriving_ = {kind, {}, {}};
  arriving_.head.grow(length);
  filled_ = 0;
  part_ = Part::head;
}

void Connection::begin_blocks() {
  block_ = filled_ = 0;
  if (arriving_.kind == Arrival::Kind::valued)
    for (const std::uint64_t size : block_sizes(arriving_.head.bytes()))
      arriving_.blocks.push_back(arriving_block(size));
  part_ = Part::blocks;
}

/// `count` more bytes are in the target; moves on over everything that is complete.
void Connection::filled(std::size_t count) {
  filled_ += count;
  while (part_ != Part::header && target_bytes_left() == 0) {
    if (part_ == Part::head) {
      begin_blocks();
    } else {
      ++block_;
      filled_ = 0;
    }
    if (part_ == Part::blocks && block_ == arriving_.blocks.size()) {
      arrived_.push_back(std::move(arriving_));
      part_ = Part::header;
    }
  }
}

void Connection::take_from_buffer() {
  while (broken_.empty() && begin_ < end_) {
    if (part_ == Part::header) {
      if (end_ - begin_ < 8) break;
      std::uint64_t header = 0;
      std::memcpy(&header, buffer_.get() + begin_, 8);
      begin_ += 8;
      begin_frame(header);
      if (broken_.empty()) filled(0);
      continue;
    }
    const std::size_t count = std::min(end_ - begin_, target_bytes_left());
    if (std::byte* place = target()) std::memcpy(place, buffer_.get() + begin_, count);
    begin_ += count;
    filled(count);
  }
  if (begin_ == end_) {
    begin_ = end_ = 0;
  } else if (begin_ > 0 && end_ == buffer_bytes) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
}

/// Whether frames may follow now.
bool Connection::shake_hands() {
  if (handshake_.done()) return true;
  begin_ += handshake_.take({buffer_.get() + begin_, end_ - begin_}, greeting_);
  if (!handshake_.failure().empty()) break_off(handshake_.failure());
  if (!handshake_.done() && end_ > most_unproven)
    break_off("it sent too much before it had shown the session's key");
  return handshake_.done() && broken_.empty();
}

bool Connection::read() {
  bool moved = false;
  std::size_t total = 0;
  while (broken_.empty() && total < most_per_read) {
    const std::size_t direct =
        target() && target_bytes_left() >= direct_bytes && begin_ == end_ ? target_bytes_left() : 0;
    iovec pieces[2] = {{direct ? target() : nullptr, direct}, {buffer_.get() + end_, buffer_bytes - end_}};
    const ssize_t count = direct ? readv(socket_.get(), pieces, 2)
                                 : recv(socket_.get(), pieces[1].iov_base, pieces[1].iov_len, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      gone_ = count == 0 || errno == ECONNRESET;
      break_off(count == 0 ? proven() ? "it has closed the connection"
                                      : "it has closed the connection without showing the session's key"
                           : std::string("the connection broke (") + std::strerror(errno) + ")");
      break;
    }
    moved = true;
    const auto got = static_cast<std::size_t>(count);
    total += got;
    try {
      const std::size_t in_place = std::min(got, direct);
      if (in_place) filled(in_place);
      end_ += got - in_place;
      if (shake_hands()) take_from_buffer();
    } catch (const std::exception& error) {
      break_off(std::string("what it sent cannot be received (") + error.what() + ")");
    }
    if (got < pieces[0].iov_len + pieces[1].iov_len) break;
  }
  return moved;
}

std::optional<Arrival> Connection::next() {
  if (arrived_.empty()) return std::nullopt;
  Arrival first = std::move(arrived_.front());
  arrived_.pop_front();
  return first;
}

// --- sending

void Connection::send(Arrival::Kind kind, WireFrame frame) {
  const std::uint64_t header =
      std::uint64_t{static_cast<unsigned char>(kind)} << length_bits | frame.head.size();
  const std::uint64_t total = total_of(frame);
  queue_.push_back({header, std::move(frame), total});
  if (queue_.size() == 1) write();
}

std::size_t Connection::gather(iovec* pieces, std::size_t most) const {
  std::size_t used = 0;
  std::uint64_t skip = sent_;
  const auto add = [&](const void* data, std::uint64_t size) {
    if (skip >= size) {
      skip -= size;
    } else if (used < most) {
      pieces[used++] = {const_cast<std::byte*>(static_cast<const std::byte*>(data)) + skip, size - skip};
      skip = 0;
    }
  };
  for (const Outgoing& out : queue_) {
    if (used == most) break;
    add(&out.header, 8);
    add(out.frame.head.data(), out.frame.head.size());
    for (const Block& block : out.frame.blocks) add(block.data, block.size);
  }
  return used;
}

void Connection::sent(std::uint64_t count) {
  sent_ += count;
  while (!queue_.empty() && sent_ >= queue_.front().total) {
    sent_ -= queue_.front().total;
    queue_.pop_front();
  }
}

bool Connection::write() {
  bool moved = false;
  while (broken_.empty()) {
    if (connecting_) return moved;
    iovec pieces[most_pieces];
    std::size_t used = 0;
    const bool greeting = !greeting_.empty();
    if (greeting) pieces[used++] = {greeting_.data(), greeting_.size()};
    else if (proven()) used = gather(pieces, most_pieces);
    if (used == 0) return moved;
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = used;
    const ssize_t count = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return moved;
    if (count < 0) {
      break_off(std::string("the connection broke (") + std::strerror(errno) + ")");
      return moved;
    }
    moved = true;
    if (greeting) greeting_ = Buffer(greeting_.bytes().subspan(static_cast<std::size_t>(count)));
    else sent(static_cast<std::uint64_t>(count));
  }
  return moved;
}

}  // namespace weir::detail::comm
