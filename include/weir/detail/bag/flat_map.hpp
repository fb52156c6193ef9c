// FlatMap: a hash table whose entries lie in the order in which they came.
#pragma once

#include "weir/detail/bag/hash.hpp"

namespace weir::detail::bag {

/// Keys with a value, in the order in which they came; at most 2^32 - 2 of them.
///
/// **Cost.** Two places of memory are looked at for a key that is there, one for most that are not; a
/// std::unordered_map looks at three.
template <class K, class V>
class FlatMap {
 public:
  using Entry = std::pair<K, V>;
  static constexpr bool travels_by_bytes = true;

  /// Asks memory for what `find` will look at first, and then, when that may have come, for the entry.
  void fetch_slot(std::uint64_t hash) const noexcept {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask()]);
  }
  void fetch_entry(std::uint64_t hash) const noexcept {
    if (slots_.empty()) return;
    if (const std::uint32_t entry = slots_[hash & mask()].entry) __builtin_prefetch(&entries_[entry - 1]);
  }
  /// The entry of a key, which may be of a type that compares with K; null if there is none.
  template <class Q>
  [[nodiscard]] Entry* find(const Q& key, std::uint64_t hash) {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = hash & mask(); slots_[at].entry != 0; at = (at + 1) & mask())
      if (slots_[at].tag == tag(hash) && same(entries_[slots_[at].entry - 1].first, key))
        return &entries_[slots_[at].entry - 1];
    return nullptr;
  }
  [[nodiscard]] const Entry* find(const K& key) const {
    return const_cast<FlatMap*>(this)->find(key, Hash<K>{}(key));
  }
  /// Adds a key that is not there.
  Entry& add(K key, V value, std::uint64_t hash) {
    if (slots_.size() < 2 * (entries_.size() + 1)) grow();
    hashes_.push_back(hash);
    entries_.emplace_back(std::move(key), std::move(value));
    put(hash, static_cast<std::uint32_t>(entries_.size()));
    return entries_.back();
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
  [[nodiscard]] auto end() const noexcept { return entries_.end(); }
  /// With the hashes of the keys beside them.
  [[nodiscard]] std::uint64_t hash_of(std::size_t place) const noexcept { return hashes_[place]; }
  [[nodiscard]] std::vector<Entry>& entries() noexcept { return entries_; }
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

  void write_bytes(Writer& writer) const {
    write(writer, hashes_);
    for (const Entry& entry : entries_) {
      write(writer, entry.first);
      write(writer, entry.second);
    }
  }
  void read_bytes(Reader& reader) {
    std::vector<std::uint64_t> hashes;
    read(reader, hashes);
    *this = FlatMap();
    entries_.reserve(hashes.size());
    for (const std::uint64_t hash : hashes) {
      K key{};
      V value{};
      read(reader, key);
      read(reader, value);
      add(std::move(key), std::move(value), hash);
    }
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t entry = 0;  // its place, from 1
  };
  template <class Q>
  static bool same(const K& key, const Q& other) {
    if constexpr (std::is_same_v<K, Q>) return Same<K>{}(key, other);
    else return key == other;
  }
  static std::uint32_t tag(std::uint64_t hash) noexcept { return static_cast<std::uint32_t>(hash >> 32); }
  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
  void put(std::uint64_t hash, std::uint32_t entry) {
    std::size_t at = hash & mask();
    while (slots_[at].entry != 0) at = (at + 1) & mask();
    slots_[at] = {tag(hash), entry};
  }
  void grow() {
    if (entries_.size() >= UINT32_MAX - 1)
      throw Error(ErrorKind::unsupported, "bag: a partition can have at most 4294967294 different keys");
    slots_.assign(slots_.empty() ? 16 : 2 * slots_.size(), Slot{});
    for (std::size_t i = 0; i < hashes_.size(); ++i) put(hashes_[i], static_cast<std::uint32_t>(i + 1));
  }

  std::vector<Slot> slots_;  // a power of two, at most half of them taken
  std::vector<std::uint64_t> hashes_;
  std::vector<Entry> entries_;
};

}  // namespace weir::detail::bag

namespace weir::detail::task {
/// What a bag's functions, tables and aggregates write themselves.
template <class T>
requires(T::travels_by_bytes) struct Travels<T> : std::true_type {
};
}  // namespace weir::detail::task
