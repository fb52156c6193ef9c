// XXH3.
#include "weir/detail/journal/key.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "weir/error.hpp"

namespace weir::detail::journal {

struct Hasher::State {
  XXH3_state_t state;
};

Hasher::Hasher() : state_(new State) { XXH3_128bits_reset(&state_->state); }
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&& other) noexcept = default;
Hasher& Hasher::operator=(Hasher&& other) noexcept = default;

void Hasher::bytes(const void* data, std::size_t size) { XXH3_128bits_update(&state_->state, data, size); }

void Hasher::text(std::string_view text) {
  number(text.size());
  bytes(text.data(), text.size());
}

Key Hasher::result() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(&state_->state);
  return {hash.low64, hash.high64};
}

std::string to_text(const Key& key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint64_t half : {key.high, key.low})
    for (int shift = 60; shift >= 0; shift -= 4) text += digits[half >> shift & 15];
  return text;
}

Key parse_key(std::string_view text) {
  Key key;
  const bool whole = text.size() == 32;
  for (std::size_t i = 0; whole && i < 32; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) break;
    std::uint64_t& half = i < 16 ? key.high : key.low;
    half = half << 4 | static_cast<std::uint64_t>(digit);
    if (i == 31) return key;
  }
  throw Error(ErrorKind::invalid_argument, "journal: a key has 32 hexadecimal digits (got " +
                                               std::string(text) + "); `weir journal ls --keys` lists them");
}

}  // namespace weir::detail::journal
