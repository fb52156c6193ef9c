// Connection: one TCP connection: the handshake, then frames in both directions.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <deque>
#include <optional>

#include "comm/handshake.hpp"
#include "comm/socket.hpp"
#include "comm/wire.hpp"

namespace weir::detail::comm {

/// A frame as it arrived.
struct Arrival {
  enum class Kind : unsigned char { plain = 1, valued = 2, introduction = 3, verdict = 4 };
  Kind kind;
  Buffer head;
  std::vector<Block> blocks;
};

/// Bytes of one connection. A frame is 8 bytes (kind, length of the head), the head, and the blocks whose
/// sizes the head tells.
///
/// Large heads and blocks are written from the memory they are in and read into the memory they stay in.
/// **Errors.** Never throws because of the other side: `broken` says in a clause what has happened.
class Connection {
 public:
  using Clock = std::chrono::steady_clock;

  /// One that connects to us, or one that we have asked for.
  Connection(Descriptor socket, Handshake::Role role, const SessionKey& key);

  /// Takes what has arrived, at most a few MiB; whether there was anything. Complete frames are given by
  /// `next`.
  bool read();
  [[nodiscard]] std::optional<Arrival> next();
  /// Sends what waits; whether anything moved.
  bool write();
  /// Queues a frame; it leaves at once if nothing waits before it and the handshake is done.
  void send(Arrival::Kind kind, WireFrame frame);

  [[nodiscard]] bool proven() const noexcept { return handshake_.done(); }
  [[nodiscard]] bool idle() const noexcept { return queue_.empty() && greeting_.empty(); }
  [[nodiscard]] bool wants_write() const noexcept {
    return connecting_ || !greeting_.empty() || (!queue_.empty() && proven());
  }
  [[nodiscard]] const std::string& broken() const noexcept { return broken_; }
  /// Whether the other side closed it, rather than we.
  [[nodiscard]] bool has_gone() const noexcept { return gone_; }
  void break_off(const std::string& why);
  /// The connection we asked for is there, or has failed.
  void connected();
  /// Tries another way, with all that waits to be sent; only while nothing of it has been.
  void retry(Descriptor socket, const SessionKey& key);
  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  [[nodiscard]] Handshake::Role role() const noexcept { return role_; }
  [[nodiscard]] const std::string& remote() const noexcept { return remote_; }
  void name_remote(const std::string& address) { remote_ = address; }

  // The owner's notes.
  std::optional<PeerId> peer;   ///< Whose it is, once that is known.
  bool open = false;            ///< Introduced and accepted.
  bool watching_write = false;  ///< The poller has been asked to tell when it is writable.
  bool ending = false;          ///< Listed to be closed.
  Clock::time_point since = Clock::now();

 private:
  struct Outgoing {
    std::uint64_t header;
    WireFrame frame;
    std::uint64_t total;
  };

  std::size_t target_bytes_left() const;
  std::byte* target() const;
  void filled(std::size_t count);
  void take_from_buffer();
  bool shake_hands();
  void begin_frame(std::uint64_t header);
  void begin_blocks();
  std::size_t gather(iovec* pieces, std::size_t most) const;
  void sent(std::uint64_t count);

  Descriptor socket_;
  Handshake::Role role_;
  Buffer greeting_;  // bytes of the handshake that wait to be sent
  Handshake handshake_;
  std::string remote_, broken_;
  bool gone_ = false;
  bool connecting_;

  // receiving
  enum class Part : unsigned char { header, head, blocks };
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  Part part_ = Part::header;
  Arrival arriving_{};
  std::size_t filled_ = 0;  // of the head, or of the block
  std::size_t block_ = 0;
  std::deque<Arrival> arrived_;

  // sending
  std::deque<Outgoing> queue_;
  std::uint64_t sent_ = 0;  // of the first in the queue
};

}  // namespace weir::detail::comm
