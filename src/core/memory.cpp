// Extents of pages, used and free; those that are free join their neighbours.
#include "core/memory.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <set>

namespace weir::memory {

namespace {

using Clock = std::chrono::steady_clock;
using Address = std::uintptr_t;

constexpr std::size_t page_bytes = 4096;
constexpr std::size_t region_bytes = 256 << 20;  // of addresses, taken from the system at once
constexpr auto window = std::chrono::seconds(5);

constexpr std::size_t round_up(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

struct Extent {
  Address begin = 0;
  std::size_t bytes = 0;
};

/// The addresses that were ever taken from the system: who asks whether a block is one of ours needs no lock, and none of the pool's own small ones is.
class Regions {
 public:
  [[nodiscard]] bool contain(Address place) const noexcept {
    for (std::size_t i = 0, count = count_.load(std::memory_order_acquire); i < count; ++i)
      if (place - regions_[i].begin < regions_[i].bytes) return true;
    return false;
  }
  /// Whether there was room for one more.
  bool add(Extent region) noexcept {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == std::size(regions_)) return false;
    regions_[count] = region;
    count_.store(count + 1, std::memory_order_release);
    return true;
  }

 private:
  Extent regions_[4096];
  std::atomic<std::size_t> count_{0};
};

/// Free extents, joined with their neighbours; the smallest that is large enough is taken.
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

class Pool {
 public:
  void* take(std::size_t bytes) {
    const std::size_t size = round_up(bytes, page_bytes);
    const std::lock_guard hold(mutex_);
    Extent extent = kept_.take(size);
    least_kept_ = std::min(least_kept_, kept_.bytes());
    if (!extent.bytes) extent = new_.take(size);
    if (!extent.bytes) {
      if (!reserve(size)) return nullptr;
      extent = new_.take(size);
    }
    used_.emplace(extent.begin, size);
    return reinterpret_cast<void*>(extent.begin);
  }
  bool give_back(Address block) {
    if (!regions_.contain(block)) return false;
    {
      const std::lock_guard hold(mutex_);
      const auto found = used_.find(block);
      kept_.add({found->first, found->second});
      used_.erase(found);
      if (kept_.bytes() <= most_) return true;
    }
    release(most_);
    return true;
  }
  void keep_at_most(std::uint64_t bytes) {
    most_ = bytes;
    release(bytes);
  }
  // What has been free in a whole window is not needed; half of it, since the next one may need a little more.
  void release_unused() {
    std::uint64_t keep;
    {
      const std::lock_guard hold(mutex_);
      const auto now = Clock::now();
      if (now - window_began_ < window) return;
      window_began_ = now;
      keep = kept_.bytes() - std::min(kept_.bytes(), least_kept_) / 2;
      least_kept_ = keep;
    }
    release(keep);
  }
  std::uint64_t kept() {
    const std::lock_guard hold(mutex_);
    return kept_.bytes();
  }

 private:
  bool reserve(std::size_t bytes) {
    const std::size_t size = std::max(bytes, region_bytes);
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return false;
    const Extent region{reinterpret_cast<Address>(mapped), size};
    if (!regions_.add(region)) {
      munmap(mapped, size);
      return false;
    }
    new_.add(region);
    return true;
  }
  void release(std::uint64_t keep) {
    for (;;) {
      Extent extent;
      {
        const std::lock_guard hold(mutex_);
        if (kept_.bytes() <= keep) return;
        extent = kept_.take_largest(round_up(kept_.bytes() - keep, page_bytes));
        least_kept_ = std::min(least_kept_, kept_.bytes());
      }
      madvise(reinterpret_cast<void*>(extent.begin), extent.bytes, MADV_DONTNEED);
      const std::lock_guard hold(mutex_);
      new_.add(extent);
    }
  }

  std::mutex mutex_;
  Regions regions_;
  Extents kept_;  // free, with pages
  Extents new_;   // free, without
  std::map<Address, std::size_t> used_;
  std::atomic<std::uint64_t> most_{static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes / 16};
  std::uint64_t least_kept_ = 0;  // in this window
  Clock::time_point window_began_ = Clock::now();
};

// Never destroyed: blocks are freed until the process ends.
Pool& pool() {
  static Pool& only = *new Pool;
  return only;
}

}  // namespace

void* take_large(std::size_t bytes) noexcept {
  try {
    return pool().take(bytes);
  } catch (...) {
    return nullptr;
  }
}

bool give_back(void* block) noexcept {
  const auto place = reinterpret_cast<Address>(block);
  return place % page_bytes == 0 && pool().give_back(place);
}

void keep_at_most(std::uint64_t bytes) noexcept { pool().keep_at_most(bytes); }
void release_unused() noexcept { pool().release_unused(); }
std::uint64_t kept() noexcept { return pool().kept(); }

}  // namespace weir::memory
