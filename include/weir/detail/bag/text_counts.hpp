// TextCounts: how often texts occur.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/detail/task/serialize.hpp"

namespace weir::detail::bag {

/// Texts and how often each occurs, in the order in which they first came; at most 2^32 - 2 of them.
///
/// **Cost.** One place of memory is looked at for a text of up to 15 bytes, which lies beside its count, two
/// for a longer one.
class TextCounts {
 public:
  static constexpr bool travels_by_bytes = true;

  void add(std::string_view text, std::uint64_t count = 1);
  /// Each of them once more. Their places are asked for together, so that memory is waited for once.
  void add_all(std::span<const std::string_view> texts);
  void merge(const TextCounts& other);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Calls `use(text, count)` for each, in order.
  template <class F>
  void each(F&& use) const {
    char room[16];
    for (const Slot* slot : in_order()) use(text_of(*slot, room), slot->count);
  }
  void write_bytes(Writer& writer) const;
  void read_bytes(Reader& reader);

 private:
  // A short text and, in the highest byte, its size + 1; of a long one its hash, 255 there, and its place
  // among long ones. No text has a `high` of 0.
  struct Key {
    std::uint64_t low = 0, high = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct alignas(32) Slot {
    Key key;
    std::uint64_t count = 0;
    std::uint32_t number = 0;  // in order
  };
  static Key short_key(std::string_view text) noexcept;
  [[nodiscard]] std::uint64_t hash_of(const Key& key) const noexcept;
  void add_short(const Key& key, std::uint64_t hash, std::uint64_t count);
  void add_long(std::string_view text, std::uint64_t count);
  Slot& put(const Key& key, std::uint64_t hash, std::uint64_t count);
  void grow();
  [[nodiscard]] std::vector<const Slot*> in_order() const;
  std::string_view text_of(const Slot& slot, char (&room)[16]) const;

  std::vector<Slot> slots_;  // a power of two, at most three of four taken
  std::vector<std::string> long_;
  std::size_t size_ = 0;
};

}  // namespace weir::detail::bag
