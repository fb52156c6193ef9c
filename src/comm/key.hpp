// SessionKey: what the processes of one session share, and how they prove it to each other without sending
// it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace weir::detail::comm {

/// 32 random bytes; whoever has them belongs to the session.
using SessionKey = std::array<std::byte, 32>;
/// Made freshly for every connection, so that an old proof is worth nothing.
using Nonce = std::array<std::byte, 32>;
using Proof = std::array<std::byte, 32>;

/// From the system's source of randomness. Throws `Error{io}` if there is none.
[[nodiscard]] std::array<std::byte, 32> random_bytes();

/// HMAC-SHA256 of who proves and both nonces.
[[nodiscard]] Proof prove(const SessionKey& key, std::string_view who, const Nonce& own, const Nonce& other);

/// Compares in a time that does not depend on the bytes.
[[nodiscard]] bool same(const Proof& a, const Proof& b) noexcept;

/// 64 hexadecimal digits.
[[nodiscard]] std::string to_hex(const SessionKey& key);
/// Throws `Error{protocol}`, without showing the text, if it is no key.
[[nodiscard]] SessionKey key_from_hex(std::string_view text);

}  // namespace weir::detail::comm
