// operator new and delete with a list of large blocks.
#include "core/large_blocks.hpp"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <new>

namespace weir {

namespace {

constexpr std::size_t large = 1 << 20;

struct Block {
  void* memory = nullptr;
  std::size_t size = 0;
};

// The latest at the end. No allocation in here.
class Blocks {
 public:
  void keep(std::uint64_t bytes) noexcept {
    std::array<Block, most> dropped;
    std::size_t count = 0;
    {
      const std::lock_guard hold(mutex_);
      limit_ = bytes;
      count = drop_oldest(bytes, dropped);
    }
    release(dropped, count);
  }
  std::uint64_t bytes() noexcept {
    const std::lock_guard hold(mutex_);
    return bytes_;
  }
  // One that is at most an eighth too large; the latest, which is most likely in a cache.
  void* take(std::size_t size) noexcept {
    const std::lock_guard hold(mutex_);
    for (std::size_t i = count_; i-- > 0;) {
      const Block block = blocks_[i];
      if (block.size < size || block.size - size > size / 8) continue;
      std::move(blocks_.begin() + static_cast<std::ptrdiff_t>(i) + 1, blocks_.begin() + static_cast<std::ptrdiff_t>(count_), blocks_.begin() + static_cast<std::ptrdiff_t>(i));
      --count_;
      bytes_ -= block.size;
      return block.memory;
    }
    return nullptr;
  }
  // False if it is too large to be kept.
  bool give(Block block) noexcept {
    std::array<Block, most> dropped;
    std::size_t count = 0;
    {
      const std::lock_guard hold(mutex_);
      if (block.size > limit_) return false;
      count = drop_oldest(limit_ - block.size, dropped);
      blocks_[count_++] = block;
      bytes_ += block.size;
    }
    release(dropped, count);
    return true;
  }

 private:
  static constexpr std::size_t most = 1024;

  std::size_t drop_oldest(std::uint64_t bytes, std::array<Block, most>& dropped) noexcept {
    std::size_t count = 0;
    while (count < count_ && (bytes_ > bytes || count_ - count == most)) {
      dropped[count] = blocks_[count];
      bytes_ -= blocks_[count++].size;
    }
    if (count) std::move(blocks_.begin() + static_cast<std::ptrdiff_t>(count), blocks_.begin() + static_cast<std::ptrdiff_t>(count_), blocks_.begin());
    count_ -= count;
    return count;
  }
  static void release(const std::array<Block, most>& dropped, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) std::free(dropped[i].memory);
  }

  std::mutex mutex_;
  std::array<Block, most> blocks_;
  std::size_t count_ = 0;
  std::uint64_t bytes_ = 0, limit_ = 0;
};

// Is there before and after everything that has a constructor.
constinit Blocks blocks;

}  // namespace

void keep_large_blocks(std::uint64_t bytes) noexcept { blocks.keep(bytes); }
std::uint64_t kept_large_blocks() noexcept { return blocks.bytes(); }

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

constexpr std::size_t huge = 2 << 20, page = 4096;

// A hint for the pages that are wholly inside.
void use_huge_pages(void* memory, std::size_t size) noexcept {
  const std::uintptr_t first = (reinterpret_cast<std::uintptr_t>(memory) + page - 1) / page * page, last = (reinterpret_cast<std::uintptr_t>(memory) + size) / page * page;
  madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
}

void* allocate(std::size_t size) {
  if (size >= large)
    if (void* memory = blocks.take(size)) return memory;
  for (;;) {
    if (void* memory = std::malloc(size ? size : 1)) {
      if (size >= 2 * huge) use_huge_pages(memory, size);
      return memory;
    }
    if (blocks.bytes()) {  // what is kept may be what is missing
      blocks.keep(0);
      continue;
    }
    const std::new_handler handler = std::get_new_handler();
    if (!handler) throw std::bad_alloc();
    handler();
  }
}

void deallocate(void* memory) noexcept {
  if (!memory) return;
  const std::size_t size = malloc_usable_size(memory);
  if (size < large || !blocks.give({memory, size})) std::free(memory);
}

}  // namespace

#endif

}  // namespace weir

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// Weak: a program's own come first. The other forms of new and delete, but for over-aligned types, end here.
[[gnu::weak]] void* operator new(std::size_t size) { return weir::allocate(size); }
[[gnu::weak]] void operator delete(void* memory) noexcept { weir::deallocate(memory); }
[[gnu::weak]] void operator delete(void* memory, std::size_t size) noexcept {
  if (size < weir::large)
    std::free(memory);
  else
    weir::deallocate(memory);
}

#endif
