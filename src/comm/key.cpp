// Keys and proofs, on OpenSSL's libcrypto.
#include "comm/key.hpp"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <vector>

#include "weir/error.hpp"

namespace weir::detail::comm {

std::array<std::byte, 32> random_bytes() {
  std::array<std::byte, 32> bytes;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
    throw Error(ErrorKind::io, "session key: the system has no random bytes");
  return bytes;
}

Proof prove(const SessionKey& key, std::string_view who, const Nonce& own, const Nonce& other) {
  std::vector<unsigned char> text(who.begin(), who.end());
  for (const Nonce* nonce : {&own, &other})
    for (const std::byte byte : *nonce) text.push_back(static_cast<unsigned char>(byte));
  Proof proof;
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), text.data(), text.size(),
            reinterpret_cast<unsigned char*>(proof.data()), &size) ||
      size != proof.size())
    throw Error(ErrorKind::io, "session key: HMAC-SHA256 is not available in this OpenSSL");
  return proof;
}

bool same(const Proof& a, const Proof& b) noexcept {
  return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_hex(const SessionKey& key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : key) {
    text += digits[static_cast<unsigned>(byte) >> 4];
    text += digits[static_cast<unsigned>(byte) & 15];
  }
  return text;
}

SessionKey key_from_hex(std::string_view text) {
  const auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  SessionKey key;
  bool good = text.size() == 2 * key.size();
  for (std::size_t i = 0; good && i < key.size(); ++i) {
    const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    good = high >= 0 && low >= 0;
    key[i] = static_cast<std::byte>((high & 15) << 4 | (low & 15));
  }
  if (!good)
    throw Error(ErrorKind::protocol, "session key: must be 64 hexadecimal digits (got " +
                                         std::to_string(text.size()) + " characters that are not)");
  return key;
}

}  // namespace weir::detail::comm
