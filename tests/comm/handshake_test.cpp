#include "comm/handshake.hpp"

#include <catch2/catch.hpp>
#include <cstring>

#include "weir/error.hpp"

using namespace weir;
using namespace weir::detail::comm;

namespace {

struct Side {
  Buffer out;
  Handshake shake;
  Side(Handshake::Role role, const SessionKey& key) : shake(role, key, out) {}
  void hear(Side& other) {
    const Buffer bytes = std::exchange(other.out, {});
    if (!bytes.empty()) (void)shake.take(bytes.bytes(), out);
  }
};

const SessionKey key = random_bytes();

}  // namespace

TEST_CASE("handshake: two sides with the same key believe each other") {
  Side a(Handshake::Role::initiator, key), b(Handshake::Role::acceptor, key);
  b.hear(a);
  a.hear(b);
  CHECK_FALSE(a.shake.done());
  b.hear(a);
  CHECK(b.shake.done());
  a.hear(b);
  CHECK(a.shake.done());
}

TEST_CASE("handshake: bytes may come one by one, and what follows is left") {
  Side a(Handshake::Role::initiator, key), b(Handshake::Role::acceptor, key);
  Buffer pending;
  for (int round = 0; round < 2; ++round) {
    Buffer from_a = std::exchange(a.out, {});
    if (round == 1) from_a.append("frame", 5);
    std::size_t at = 0;
    for (std::size_t upto = 1; upto <= from_a.size(); ++upto)
      at += b.shake.take(from_a.bytes().subspan(at, upto - at), b.out);
    CHECK(at == from_a.size() - (round == 1 ? 5 : 0));
    a.hear(b);
  }
  CHECK(a.shake.done());
  CHECK(b.shake.done());
}

TEST_CASE("handshake: another key is refused by the side that hears it first") {
  Side a(Handshake::Role::initiator, random_bytes()), b(Handshake::Role::acceptor, key);
  b.hear(a);
  a.hear(b);
  b.hear(a);
  CHECK(b.shake.failure() == "it does not have the session's key");
  CHECK(b.out.empty());
  CHECK_FALSE(a.shake.done());
}

TEST_CASE("handshake: an acceptor without the key is not believed") {
  Side a(Handshake::Role::initiator, key), b(Handshake::Role::acceptor, key);
  b.hear(a);
  a.hear(b);
  const Proof invented = random_bytes();
  (void)a.shake.take(invented, a.out);
  CHECK(a.shake.failure() == "it does not have the session's key");
}

TEST_CASE("handshake: a side cannot be made to prove the key to itself") {
  Side a(Handshake::Role::initiator, key), b(Handshake::Role::initiator, key);
  a.hear(b);
  CHECK(a.shake.failure() == "it sent something that is no greeting");
}

TEST_CASE("handshake: proofs differ from connection to connection") {
  const Nonce one = random_bytes(), two = random_bytes();
  CHECK(prove(key, "x", one, two) == prove(key, "x", one, two));
  CHECK(prove(key, "x", one, two) != prove(key, "x", two, one));
  CHECK(prove(key, "x", one, two) != prove(key, "y", one, two));
  CHECK(same(one, one));
  CHECK_FALSE(same(one, two));
}

TEST_CASE("handshake: garbage is refused at its first byte") {
  for (const std::string text : {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01", "weir", "WEIX"}) {
    Side b(Handshake::Role::acceptor, key);
    (void)b.shake.take(std::as_bytes(std::span(text)), b.out);
    CHECK(b.shake.failure() == "it sent something that is no greeting");
    CHECK(b.out.empty());
  }
}

TEST_CASE("handshake: another version is told ours") {
  Side a(Handshake::Role::initiator, key), b(Handshake::Role::acceptor, key);
  a.out.data()[4] = std::byte{9};
  b.hear(a);
  CHECK(b.shake.failure() == "it speaks version 9 of the protocol, this process version 1");
  CHECK(b.out.size() == Handshake::greeting_bytes);
}

TEST_CASE("session key: written as hexadecimal and read back") {
  CHECK(key_from_hex(to_hex(key)) == key);
  CHECK(to_hex(key).size() == 64);
  CHECK_THROWS_AS(key_from_hex("abc"), Error);
  CHECK_THROWS_WITH(key_from_hex(std::string(64, 'g')),
                    "session key: must be 64 hexadecimal digits (got 64 characters that are not)");
}
