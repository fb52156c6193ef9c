// Index: where the result of a key is.
#pragma once

#include <vector>

#include "weir/detail/journal/key.hpp"

namespace weir::detail::journal {

struct Place {
  std::uint64_t offset = 0;  ///< Of the value in its segment.
  std::uint32_t size = 0;    ///< Of the value; 0 with `object`: its file says.
  std::uint16_t segment = 0;
  bool object = false;  ///< The value is a file of its own.
  bool used = false;    ///< Of the index.
};

/// Keys and places in one block of memory.
///
/// **Cost.** 32 bytes a place, at most three quarters of the places in use: 43 to 64 bytes a key.
class Index {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const Place* find(const Key& key) const noexcept;
  /// Replaces what there was and returns it; not `used` if there was nothing.
  Place put(const Key& key, const Place& place);
  /// Room for so many keys without growing.
  void reserve(std::size_t keys);
  bool erase(const Key& key);
  template <class F>
  void for_each(F f) const {
    for (const Entry& entry : entries_)
      if (entry.place.used) f(entry.key, entry.place);
  }

 private:
  struct Entry {
    Key key;
    Place place;
  };
  static_assert(sizeof(Entry) == 32);
  [[nodiscard]] std::size_t slot(const Key& key) const noexcept;
  void resize(std::size_t entries);

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
};

}  // namespace weir::detail::journal
