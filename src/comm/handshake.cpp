// Greeting: "WEIR", version, role, nonce. Proof: 32 bytes.
#include "comm/handshake.hpp"

#include <cstring>

namespace weir::detail::comm {

namespace {

constexpr char magic[4] = {'W', 'E', 'I', 'R'};

constexpr std::string_view label(Handshake::Role role) {
  return role == Handshake::Role::initiator ? "weir session initiator" : "weir session acceptor";
}
constexpr Handshake::Role opposite(Handshake::Role role) {
  return role == Handshake::Role::initiator ? Handshake::Role::acceptor : Handshake::Role::initiator;
}

}  // namespace

Handshake::Handshake(Role role, const SessionKey& key, Buffer& out)
    : role_(role), key_(key), own_(random_bytes()) {
  if (role_ == Role::initiator) greet(out);
}

void Handshake::greet(Buffer& out) const {
  out.append(magic, sizeof magic);
  const unsigned char rest[2] = {version, static_cast<unsigned char>(role_)};
  out.append(rest, sizeof rest);
  out.append(own_.data(), own_.size());
}

void Handshake::send_proof(Buffer& out) const {
  const Proof proof = prove(key_, label(role_), own_, other_);
  out.append(proof.data(), proof.size());
}

std::size_t Handshake::take(std::span<const std::byte> bytes, Buffer& out) {
  std::size_t taken = 0;
  while (!done() && failure_.empty()) {
    const auto rest = bytes.subspan(taken);
    // What does not begin like a greeting is refused at its first wrong byte.
    if (step_ == Step::greeting &&
        std::memcmp(rest.data(), magic, std::min(rest.size(), sizeof magic)) != 0) {
      failure_ = "it sent something that is no greeting";
      break;
    }
    const std::size_t need = step_ == Step::greeting ? greeting_bytes : sizeof(Proof);
    if (rest.size() < need) break;
    step_ == Step::greeting ? on_greeting(rest.first(need), out) : on_proof(rest.first(need), out);
    taken += need;
  }
  return taken;
}

void Handshake::on_greeting(std::span<const std::byte> bytes, Buffer& out) {
  const auto their_version = static_cast<unsigned char>(bytes[4]);
  const auto their_role = static_cast<Role>(bytes[5]);
  if (role_ == Role::acceptor) greet(out);  // also to another version, so that it knows why
  if (their_version != version) {
    failure_ = "it speaks version " + std::to_string(their_version) +
               " of the protocol, this process version " + std::to_string(version);
    return;
  }
  if (their_role != opposite(role_)) {
    failure_ = "it sent something that is no greeting";
    return;
  }
  std::memcpy(other_.data(), bytes.data() + 6, other_.size());
  step_ = Step::proof;
  if (role_ == Role::initiator) send_proof(out);
}

void Handshake::on_proof(std::span<const std::byte> bytes, Buffer& out) {
  Proof theirs;
  std::memcpy(theirs.data(), bytes.data(), theirs.size());
  if (!same(theirs, prove(key_, label(opposite(role_)), other_, own_))) {
    failure_ = "it does not have the session's key";
    return;
  }
  step_ = Step::done;
  if (role_ == Role::acceptor) send_proof(out);
}

}  // namespace weir::detail::comm
