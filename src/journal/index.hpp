// Index: where the result of a key is.
#pragma once

#include <vector>

#include "weir/detail/journal/key.hpp"

namespace weir::detail::journal {

/// Where a value is; how long it is says its record.
struct Place {
  std::uint64_t offset : 47 = 0;  ///< Of the value in its segment; 0: there is none.
  std::uint64_t segment : 16 = 0;
  std::uint64_t object : 1 = 0;  ///< The value is a file of its own.
  [[nodiscard]] bool used() const noexcept { return offset != 0; }
};

/// Keys and places in one block of memory.
///
/// **Cost.** 24 bytes a place, at most four fifths of the places in use: 30 to 45 bytes a key.
class Index {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Null if there is none.
  [[nodiscard]] const Place* find(const Key& key) const noexcept;
  /// Replaces what there was and returns it; not `used()` if there was nothing.
  Place put(const Key& key, const Place& place);
  /// Room for so many keys without growing.
  void reserve(std::size_t keys);
  bool erase(const Key& key);
  template <class F>
  void for_each(F f) const {
    for (const Entry& entry : entries_)
      if (entry.place.used()) f(entry.key, entry.place);
  }

 private:
  struct Entry {
    Key key;
    Place place;
  };
  static_assert(sizeof(Entry) == 24);
  [[nodiscard]] std::size_t slot(const Key& key) const noexcept;
  void resize(std::size_t entries);

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace weir::detail::journal
