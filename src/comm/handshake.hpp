// Handshake: the first bytes of a TCP connection, by which both sides prove that they belong to the session.
// Pure: bytes in, bytes out.
#pragma once

#include <optional>

#include "comm/key.hpp"
#include "weir/detail/task/buffer.hpp"

namespace weir::detail::comm {

/// One side's part of the handshake.
///
/// Both greet with a version and a nonce; the initiator proves the key first, so a stranger who connects
/// learns nothing; then the acceptor does. The key itself never travels, and a proof is worth nothing on
/// another connection or in the other direction.
///
/// **Errors.** Never throws because of what arrives: `failure` says in a clause what was wrong, and nothing
/// more is sent.
/// **Source.** Challenge and response as in RFC 2104's uses of HMAC; proofs are bound to the role, against
/// reflection.
class Handshake {
 public:
  enum class Role : unsigned char { initiator = 1, acceptor = 2 };
  static constexpr unsigned char version = 1;
  static constexpr std::size_t greeting_bytes = 6 + sizeof(Nonce);

  Handshake(Role role, const SessionKey& key, Buffer& out);

  /// Takes what it needs from the front of `bytes`, appends answers to `out`; how many bytes it took.
  std::size_t take(std::span<const std::byte> bytes, Buffer& out);
  /// The other side belongs to the session.
  [[nodiscard]] bool done() const noexcept { return step_ == Step::done; }
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  enum class Step : unsigned char { greeting, proof, done };

  void on_greeting(std::span<const std::byte> bytes, Buffer& out);
  void on_proof(std::span<const std::byte> bytes, Buffer& out);
  void greet(Buffer& out) const;
  void send_proof(Buffer& out) const;

  Role role_;
  SessionKey key_;
  Nonce own_, other_{};
  Step step_ = Step::greeting;
  std::string failure_;
};

}  // namespace weir::detail::comm
