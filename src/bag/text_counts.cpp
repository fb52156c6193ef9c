#include "weir/detail/bag/text_counts.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "weir/detail/bag/hash.hpp"

namespace weir::detail::bag {

namespace {

constexpr std::size_t most_short = 15;  // bytes
constexpr std::uint64_t is_long = 0xff;
constexpr int tag_bit = 56;

// Bytes as a number, the first one lowest.
template <class T>
std::uint64_t word_at(const char* at) noexcept {
  T word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big)
    word =
        sizeof word == 8 ? static_cast<T>(__builtin_bswap64(word)) : static_cast<T>(__builtin_bswap32(word));
  return word;
}

// The slot that is this, or the free one where it would be; there is one.
template <class Slots, class Same>
inline auto& slot_of(Slots& slots, std::uint64_t hash, Same&& is_same) {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = hash & mask;
  while (slots[at].key.high != 0 && !is_same(slots[at])) at = (at + 1) & mask;
  return slots[at];
}
constexpr auto is_none = [](const auto&) { return false; };

}  // namespace

// What is done for each text is inline: else, as a part of a shared library, it would be called.

// A text of 4 to 15 bytes is two words, which overlap.
inline TextCounts::Key TextCounts::short_key(std::string_view text) noexcept {
  const char* const at = text.data();
  const std::size_t size = text.size();
  const auto byte = [at](std::size_t i) {
    return std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  };
  Key key{0, (std::uint64_t{size} + 1) << tag_bit};
  if (size >= 8) {
    key.low = word_at<std::uint64_t>(at);
    key.high |= word_at<std::uint64_t>(at + size - 8) >> (8 * (15 - size)) >> 8;
  } else if (size >= 4) {
    key.low = word_at<std::uint32_t>(at) | word_at<std::uint32_t>(at + size - 4) << (8 * (size - 4));
  } else if (size > 0) {
    key.low = byte(0) | byte(size / 2) | byte(size - 1);
  }
  return key;
}

inline std::uint64_t TextCounts::hash_of(const Key& key) const noexcept {
  if (key.high >> tag_bit == is_long) return key.low;
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{key.low ^ 0x9E3779B97F4A7C15} * (key.high ^ 0xD6E8FEB86659FD93);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline void TextCounts::add_short(const Key& key, std::uint64_t hash, std::uint64_t count) {
  if (slots_.empty()) grow();
  Slot& slot = slot_of(slots_, hash, [&](const Slot& one) {
    return ((one.key.low ^ key.low) | (one.key.high ^ key.high)) == 0;
  });
  if (slot.key.high != 0) slot.count += count;
  else put(key, hash, count);
}

void TextCounts::add(std::string_view text, std::uint64_t count) {
  if (text.size() > most_short) return add_long(text, count);
  const Key key = short_key(text);
  add_short(key, hash_of(key), count);
}

void TextCounts::add_all(std::span<const std::string_view> texts) {
  constexpr std::size_t batch = 32;
  Key keys[batch];
  std::uint64_t hashes[batch];
  while (!texts.empty()) {
    const auto some = texts.first(std::min(batch, texts.size()));
    if (slots_.empty()) grow();
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (some[i].size() > most_short) continue;
      keys[i] = short_key(some[i]);
      hashes[i] = hash_of(keys[i]);
      __builtin_prefetch(&slots_[hashes[i] & mask], 1);
    }
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (some[i].size() > most_short) add_long(some[i], 1);
      else add_short(keys[i], hashes[i], 1);
    }
    texts = texts.subspan(some.size());
  }
}

void TextCounts::add_long(std::string_view text, std::uint64_t count) {
  if (slots_.empty()) grow();
  const std::uint64_t hash = hash_bytes(text.data(), text.size());
  Slot& slot = slot_of(slots_, hash, [&](const Slot& one) {
    return one.key.high >> tag_bit == is_long && one.key.low == hash &&
           long_[static_cast<std::uint32_t>(one.key.high)] == text;
  });
  if (slot.key.high != 0) {
    slot.count += count;
    return;
  }
  long_.emplace_back(text);
  put({hash, is_long << tag_bit | (long_.size() - 1)}, hash, count);
}

// A text that is not there.
TextCounts::Slot& TextCounts::put(const Key& key, std::uint64_t hash, std::uint64_t count) {
  if (4 * (size_ + 1) > 3 * slots_.size()) grow();
  return slot_of(slots_, hash, is_none) = {key, count, static_cast<std::uint32_t>(size_++)};
}

void TextCounts::grow() {
  if (size_ >= UINT32_MAX - 1)
    throw Error(ErrorKind::unsupported, "bag: a partition can have at most 4294967294 different keys");
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(slots_.empty() ? 16 : 2 * slots_.size()));
  for (const Slot& slot : old)
    if (slot.key.high != 0) slot_of(slots_, hash_of(slot.key), is_none) = slot;
}

std::vector<const TextCounts::Slot*> TextCounts::in_order() const {
  std::vector<const Slot*> order(size_);
  for (const Slot& slot : slots_)
    if (slot.key.high != 0) order[slot.number] = &slot;
  return order;
}

// Of a short text in `room`.
std::string_view TextCounts::text_of(const Slot& slot, char (&room)[16]) const {
  const std::uint64_t tag = slot.key.high >> tag_bit;
  if (tag == is_long) return long_[static_cast<std::uint32_t>(slot.key.high)];
  for (std::size_t i = 0; i < 8; ++i) {
    room[i] = static_cast<char>(slot.key.low >> (8 * i));
    room[8 + i] = static_cast<char>(slot.key.high >> (8 * i));
  }
  return {room, static_cast<std::size_t>(tag - 1)};
}

void TextCounts::merge(const TextCounts& other) {
  constexpr std::size_t ahead = 16;
  const std::vector<const Slot*> theirs = other.in_order();
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    if (i + ahead < theirs.size() && !slots_.empty())
      __builtin_prefetch(&slots_[hash_of(theirs[i + ahead]->key) & (slots_.size() - 1)], 1);
    const Slot& slot = *theirs[i];
    if (slot.key.high >> tag_bit == is_long)
      add_long(other.long_[static_cast<std::uint32_t>(slot.key.high)], slot.count);
    else add_short(slot.key, hash_of(slot.key), slot.count);
  }
}

void TextCounts::write_bytes(Writer& writer) const {
  std::vector<std::uint64_t> counts, sizes;
  std::string all;
  counts.reserve(size_);
  sizes.reserve(size_);
  each([&](std::string_view text, std::uint64_t count) {
    counts.push_back(count);
    sizes.push_back(text.size());
    all += text;
  });
  const Writer::Lasting before = writer.set_lasting(Writer::nothing_lasts);  // they are made here
  write(writer, counts);
  write(writer, sizes);
  write(writer, all);
  writer.set_lasting(before);
}

void TextCounts::read_bytes(Reader& reader) {
  std::vector<std::uint64_t> counts, sizes;
  std::string all;
  read(reader, counts);
  read(reader, sizes);
  read(reader, all);
  *this = TextCounts();
  std::string_view rest = all;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    add(rest.substr(0, sizes[i]), counts[i]);
    rest.remove_prefix(sizes[i]);
  }
}

}  // namespace weir::detail::bag
