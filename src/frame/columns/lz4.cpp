#include "frame/columns/lz4.hpp"

#include <xxhash.h>

#include <cstdint>
#include <cstring>

namespace weir::detail::frame {

namespace {

// Takes numbers and bytes off the front, as long as they are there.
class Lz4Input {
 public:
  explicit Lz4Input(std::string_view bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_empty() const noexcept { return bytes_.empty(); }
  template <class T>
  bool number(T& to) {
    if (bytes_.size() < sizeof to) return false;
    std::memcpy(&to, bytes_.data(), sizeof to);
    bytes_.remove_prefix(sizeof to);
    return true;
  }
  bool take(std::size_t size, std::string_view& to) {
    if (bytes_.size() < size) return false;
    to = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  // A length that goes on in further bytes if its first part is full.
  bool length(std::size_t& length) {
    if (length < 15) return true;
    for (std::uint8_t more = 255; more == 255; length += more)
      if (!number(more)) return false;
    return true;
  }

 private:
  std::string_view bytes_;
};

// Appends what a block holds to what was unpacked before, to which it may refer.
bool append_block(std::string_view block, std::size_t most, std::string& to) {
  Lz4Input input(block);
  while (!input.is_empty()) {
    std::uint8_t token = 0;
    input.number(token);
    std::size_t literals = token >> 4, match = token & 15;
    std::string_view text;
    if (!input.length(literals) || !input.take(literals, text) || text.size() > most - to.size())
      return false;
    to += text;
    if (input.is_empty()) return true;  // the last ones have no match behind them
    std::uint16_t back = 0;
    if (!input.number(back) || !input.length(match)) return false;
    match += 4;
    if (back == 0 || back > to.size() || match > most - to.size()) return false;
    // What is copied may be longer than what there is: it repeats.
    const std::size_t from = to.size() - back;
    to.resize(to.size() + match);
    char* const out = to.data() + to.size() - match;
    if (back >= match) std::memcpy(out, to.data() + from, match);
    else
      for (std::size_t i = 0; i < match; ++i) out[i] = to[from + i];
  }
  return false;
}

}  // namespace

std::optional<std::string> unpacked_lz4_block(std::string_view bytes, std::size_t size) {
  std::string to;
  to.reserve(size);
  if (!append_block(bytes, size, to) || to.size() != size) return std::nullopt;
  return to;
}

std::optional<std::string> unpacked_lz4_frame(std::string_view bytes, std::size_t size) {
  constexpr std::uint32_t magic = 0x184D2204, as_it_is = std::uint32_t{1} << 31;
  Lz4Input input(bytes);
  std::uint32_t begin = 0;
  std::uint8_t flags = 0, block_size = 0, sum_of_header = 0;
  std::string_view passed;
  if (!input.number(begin) || begin != magic || !input.number(flags) || flags >> 6 != 1 ||
      !input.number(block_size))
    return std::nullopt;
  const bool has_sums = flags & 16, has_size = flags & 8, has_sum = flags & 4, has_dictionary = flags & 1;
  if (has_dictionary || (has_size && !input.take(8, passed)) || !input.number(sum_of_header))
    return std::nullopt;
  std::string to;
  to.reserve(size);
  for (;;) {
    std::uint32_t length = 0;
    if (!input.number(length)) return std::nullopt;
    if (length == 0) break;
    std::string_view block;
    if (!input.take(length & ~as_it_is, block)) return std::nullopt;
    if (length & as_it_is) {
      if (block.size() > size - to.size()) return std::nullopt;
      to += block;
    } else if (!append_block(block, size, to)) {
      return std::nullopt;
    }
    if (has_sums && !input.take(4, passed)) return std::nullopt;
  }
  std::uint32_t sum = 0;
  if (has_sum && (!input.number(sum) || sum != XXH32(to.data(), to.size(), 0))) return std::nullopt;
  if (to.size() != size) return std::nullopt;
  return to;
}

}  // namespace weir::detail::frame
