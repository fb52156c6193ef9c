// Open addressing; the key is a hash already.
#include "journal/index.hpp"

namespace weir::detail::journal {

std::size_t Index::slot(const Key& key) const noexcept {
  std::size_t at =
      static_cast<std::size_t>((static_cast<unsigned __int128>(key.low) * entries_.size()) >> 64);
  while (entries_[at].place.used() && entries_[at].key != key) at = at + 1 == entries_.size() ? 0 : at + 1;
  return at;
}

const Place* Index::find(const Key& key) const noexcept {
  if (size_ == 0) return nullptr;
  const Entry& entry = entries_[slot(key)];
  return entry.place.used() ? &entry.place : nullptr;
}

void Index::resize(std::size_t entries) {
  std::vector<Entry> old(entries);
  old.swap(entries_);
  for (const Entry& entry : old)
    if (entry.place.used()) entries_[slot(entry.key)] = entry;
}

void Index::reserve(std::size_t keys) {
  // A little more: who says how many there will be has often estimated it.
  if (const std::size_t entries = keys + keys / 4 + keys / 64 + 64; entries > entries_.size())
    resize(entries);
}

Place Index::put(const Key& key, const Place& place) {
  if (5 * (size_ + 1) > 4 * entries_.size())
    resize(entries_.empty() ? 64 : entries_.size() + entries_.size() / 2);
  Entry& entry = entries_[slot(key)];
  const Place before = entry.place;
  size_ += !before.used();
  entry = {key, place};
  return before;
}

bool Index::erase(const Key& key) {
  if (!find(key)) return false;
  std::size_t gap = slot(key);
  entries_[gap] = {};
  --size_;
  // Those behind it that were put aside because of it move up.
  for (std::size_t at = gap;;) {
    at = at + 1 == entries_.size() ? 0 : at + 1;
    if (!entries_[at].place.used()) return true;
    const Entry entry = entries_[at];
    entries_[at] = {};
    entries_[slot(entry.key)] = entry;
  }
}

}  // namespace weir::detail::journal
