// Extents of pages.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>

namespace weir::detail::memory {

using Address = std::uintptr_t;

inline constexpr std::size_t page_bytes = 4096;

constexpr std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

struct Extent {
  Address begin = 0;
  std::size_t bytes = 0;
};

/// Free extents, joined with their neighbours; the smallest that is large enough is taken, from its
/// beginning.
class Extents {
 public:
  void add(Extent extent) {
    bytes_ += extent.bytes;
    auto after = by_place_.lower_bound(extent.begin);
    if (after != by_place_.end() && extent.begin + extent.bytes == after->first) {
      extent.bytes += after->second;
      by_size_.erase({after->second, after->first});
      after = by_place_.erase(after);
    }
    if (after != by_place_.begin())
      if (const auto before = std::prev(after); before->first + before->second == extent.begin) {
        extent = {before->first, before->second + extent.bytes};
        by_size_.erase({before->second, before->first});
        by_place_.erase(before);
      }
    by_place_.emplace(extent.begin, extent.bytes);
    by_size_.emplace(extent.bytes, extent.begin);
  }
  /// So many bytes of the one that fits best; nothing if none is large enough.
  Extent take(std::size_t bytes) {
    const auto best = by_size_.lower_bound({bytes, 0});
    return best == by_size_.end() ? Extent{} : cut(best, bytes);
  }
  /// The largest, but at most so many bytes of it.
  Extent take_largest(std::size_t most) {
    const auto largest = std::prev(by_size_.end());
    return cut(largest, std::min(most, largest->first));
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  using BySize = std::set<std::pair<std::size_t, Address>>;
  Extent cut(BySize::const_iterator at, std::size_t bytes) {
    const auto [size, begin] = *at;
    by_size_.erase(at);
    by_place_.erase(begin);
    if (size > bytes) {
      by_place_.emplace(begin + bytes, size - bytes);
      by_size_.emplace(size - bytes, begin + bytes);
    }
    bytes_ -= bytes;
    return {begin, bytes};
  }

  std::map<Address, std::size_t> by_place_;
  BySize by_size_;
  std::uint64_t bytes_ = 0;
};

}  // namespace weir::detail::memory
