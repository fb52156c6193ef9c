// Extents of pages, used and free; those that are free join their neighbours.
#include "memory/pool.hpp"

#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "memory/extents.hpp"

namespace weir::detail::memory {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t region_bytes = 256 << 20;  // of addresses, taken from the system at once
constexpr std::size_t huge_bytes = 2 << 20;      // of a huge page
// A huge page that takes longer than this costs more than small ones: the system had to move others' pages,
// or the host of a virtual machine had none.
constexpr auto slow_page = std::chrono::microseconds(600);
constexpr int most_slow_pages = 3;  // then no more are asked for
constexpr auto window = std::chrono::seconds(30);
// Given back at once by a node, which answers nobody meanwhile: each GB may take the kernel most of a second.
constexpr std::uint64_t step_bytes = 256 << 20;

struct Region : Extent {
  std::atomic<std::uint8_t>* freed = nullptr;  // of another process: what is told of blocks that are freed
};

/// The addresses that were ever taken from the system or from other processes: who asks for the region of a
/// block needs no lock, and small blocks are in none.
class Regions {
 public:
  [[nodiscard]] const Region* find(Address place) const noexcept {
    for (std::size_t i = 0, count = count_.load(std::memory_order_acquire); i < count; ++i)
      if (place - regions_[i].begin < regions_[i].bytes) return &regions_[i];
    return nullptr;
  }
  /// Whether there was room for one more. Not by two threads at once.
  bool add(const Region& region) noexcept {
    const std::size_t count = count_.load(std::memory_order_relaxed);
    if (count == std::size(regions_)) return false;
    regions_[count] = region;
    count_.store(count + 1, std::memory_order_release);
    return true;
  }

 private:
  Region regions_[4096];
  std::atomic<std::size_t> count_{0};
};

class Pool;
Pool& pool();

class Pool {
 public:
  // As with malloc, a child of fork can allocate whatever other threads were doing.
  Pool() {
    pthread_atfork([] { pool().mutex_.lock(); }, [] { pool().mutex_.unlock(); },
                   [] { pool().mutex_.unlock(); });
  }
  void* take(std::size_t bytes) {
    if (bytes > PTRDIFF_MAX) return nullptr;
    const std::size_t size = round_up(bytes, page_bytes);
    Extent extent;
    {
      const std::lock_guard hold(mutex_);
      extent = kept_.take(size);
      least_kept_ = std::min(least_kept_, kept_.bytes());
      const bool is_new = !extent.bytes;
      if (is_new) extent = new_.take(size);
      if (!extent.bytes) {
        if (!reserve(size)) return nullptr;
        extent = new_.take(size);
      }
      used_.emplace(extent.begin, Used{size, is_new});
      used_bytes_ += size;
      if (!is_new || kept_.bytes() <= most_kept()) return reinterpret_cast<void*>(extent.begin);
    }
    release();
    return reinterpret_cast<void*>(extent.begin);
  }
  bool give_back(Address block) {
    const Region* region = regions_.find(block);
    if (!region) return false;
    if (region->freed) {
      region->freed[(block - region->begin) / page_bytes].store(1, std::memory_order_release);
      return true;
    }
    {
      const std::lock_guard hold(mutex_);
      const auto found = used_.find(block);
      kept_.add({found->first, found->second.bytes});
      used_bytes_ -= found->second.bytes;
      used_.erase(found);
      if (kept_.bytes() <= most_kept()) return true;
    }
    release();
    return true;
  }
  void will_write(Address block) {
    Address end = block;
    {
      const std::lock_guard hold(mutex_);
      const auto found = used_.find(block);
      if (found == used_.end() || !std::exchange(found->second.is_new, false)) return;
      end += found->second.bytes;
    }
#ifdef MADV_POPULATE_WRITE
    const auto advise = [](Address from, Address to, int advice) {
      return from >= to || madvise(reinterpret_cast<void*>(from), to - from, advice) == 0;
    };
    // Huge pages that begin before the block or end after it belong to its neighbours, too.
    const Region& region = *regions_.find(block);
    const Address first = std::max(region.begin, block / huge_bytes * huge_bytes),
                  last = std::min(region.begin + region.bytes, round_up(end, huge_bytes));
    bool huge = huge_is_fast_ && end - block >= huge_bytes && advise(first, last, MADV_HUGEPAGE);
    for (Address at = block, next = 0; at < end; at = next) {
      next = std::min(end, round_up(at + 1, huge_bytes));
      const auto start = Clock::now();
      if (!advise(at, next, MADV_POPULATE_WRITE)) return;
      if (!huge || Clock::now() - start < slow_page) continue;
      huge = huge_is_fast_ = false;
      ++slow_pages_;
      advise(round_up(next, huge_bytes), last, MADV_NOHUGEPAGE);
    }
#endif
  }
  bool adopt(const Region& region) {
    const std::lock_guard hold(mutex_);
    return regions_.add(region);
  }
  [[nodiscard]] bool owns(Address block) const { return regions_.find(block) != nullptr; }
  void keep_at_most(std::uint64_t bytes, std::uint64_t with_used) {
    {
      const std::lock_guard hold(mutex_);
      most_ = bytes;
      most_with_used_ = with_used;
    }
    release();
  }
  // What has been free in a whole window is not needed; half of it, since the next one may need a little
  // more.
  void release_unused() {
    std::uint64_t keep;
    {
      const std::lock_guard hold(mutex_);
      if (const auto now = Clock::now(); now - window_began_ >= window) {
        window_began_ = now;
        unused_ = std::min(kept_.bytes(), least_kept_) / 2;
        least_kept_ = kept_.bytes();
      }
      const std::uint64_t step = std::min(unused_, step_bytes);
      if (step == 0) return;
      unused_ -= step;
      keep = kept_.bytes() - std::min(kept_.bytes(), step);
    }
    release(keep);
  }
  void release_beyond(std::uint64_t bytes) {
    const std::uint64_t now = resident(), kept = this->kept();
    if (now > bytes) release(kept - std::min(kept, now - bytes));
  }
  std::uint64_t kept() {
    const std::lock_guard hold(mutex_);
    return kept_.bytes();
  }

 private:
  bool reserve(std::size_t bytes) {
    const auto map = [](std::size_t size) {
      return mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    };
    std::size_t size = std::max(bytes, region_bytes);
    void* mapped = map(size);
    while (mapped == MAP_FAILED && size > bytes)
      mapped = map(size = std::max(bytes, round_up(size / 2, page_bytes)));  // under `ulimit -v`
    if (mapped == MAP_FAILED) return false;
    const Extent region{reinterpret_cast<Address>(mapped), size};
    if (!regions_.add({region})) {
      munmap(mapped, size);
      return false;
    }
    new_.add(region);
    huge_is_fast_ = slow_pages_ < most_slow_pages;  // again, perhaps
    return true;
  }
  [[nodiscard]] std::uint64_t most_kept() const {
    return std::min(most_, most_with_used_ - std::min(most_with_used_, used_bytes_));
  }
  void release(std::uint64_t keep = UINT64_MAX) {
    for (;;) {
      Extent extent;
      {
        const std::lock_guard hold(mutex_);
        keep = std::min(keep, most_kept());
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
  struct Used {
    std::size_t bytes = 0;
    bool is_new = false;  // and nobody has said that it will be written
  };
  std::map<Address, Used> used_;
  std::uint64_t used_bytes_ = 0;
  std::uint64_t most_ = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page_bytes / 16,
                most_with_used_ = UINT64_MAX;
  std::uint64_t least_kept_ = 0;  // in this window
  std::uint64_t unused_ = 0;      // in the one before, and still to be given back
  Clock::time_point window_began_ = Clock::now();
  std::atomic<bool> huge_is_fast_{true};  // as far as is known since the last region came
  std::atomic<int> slow_pages_{0};
};

// Never destroyed: blocks are freed until the process ends.
Pool& pool() {
  static Pool& only = *new Pool;
  return only;
}

// Before the program's own handlers of forks are there: they may allocate, or wait for somebody who does, and
// the last that are registered are called first.
[[gnu::constructor(101)]] void watch_forks() { static_cast<void>(pool()); }

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

void will_write(void* block) noexcept {
  if (const auto place = reinterpret_cast<Address>(block); place % page_bytes == 0) pool().will_write(place);
}

bool adopt(void* begin, std::size_t bytes, std::atomic<std::uint8_t>* freed) noexcept {
  return pool().adopt({{reinterpret_cast<Address>(begin), bytes}, freed});
}

bool serves_new() {
  void* block = ::operator new(large_bytes);
  const bool is_ours = pool().owns(reinterpret_cast<Address>(block));
  ::operator delete(block);
  return is_ours;
}

void keep_at_most(std::uint64_t bytes, std::uint64_t with_used) noexcept {
  pool().keep_at_most(bytes, with_used);
}
void release_unused() noexcept { pool().release_unused(); }
void release_beyond(std::uint64_t bytes) noexcept { pool().release_beyond(bytes); }
std::uint64_t kept() noexcept { return pool().kept(); }

}  // namespace weir::detail::memory
