// The program's operator new: large blocks come from `memory`, small ones from those that the thread has
// freed. Alone in its file, so that a program that brings its own keeps that.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <malloc.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "memory/extents.hpp"
#include "memory/pool.hpp"
#include "memory/small.hpp"

namespace {

using weir::detail::memory::SmallBlock;

// What malloc finds for itself once large blocks have been freed, which it does not see here: blocks of less
// than 32 MB are not mapped one by one, and some free memory is kept.
[[maybe_unused]] const bool is_set_up =
    mallopt(M_MMAP_THRESHOLD, 32 << 20) != 0 && mallopt(M_TRIM_THRESHOLD, 16 << 20) != 0;

// Whether a tool looks at each block by itself, as those of valgrind that know of memory do.
bool is_watched() noexcept {
  const char* const loaded = std::getenv("LD_PRELOAD");
  if (!loaded) return false;
  for (const char* tool : {"vgpreload_memcheck", "vgpreload_drd", "vgpreload_helgrind", "vgpreload_massif",
                           "vgpreload_dhat", "heaptrack"})
    if (std::strstr(loaded, tool)) return true;
  return false;
}

// The small blocks that this thread has freed, by size. malloc has such lists too, of seven blocks each:
// whoever makes a thousand tasks or elements and then lets go of them pays several times as much for each.
// What is too much for one thread others get, chain by chain.
//
// No destructor of its own, which would be asked for at each use: `End` empties it with its thread.
class Freed {
 public:
  void* take(std::size_t bytes) noexcept {
    const std::size_t c = SmallBlock::class_of(bytes);
    if (c >= SmallBlock::classes) return nullptr;
    List& list = lists_[c];
    if (!list.first && !refill(list, c)) return nullptr;
    --list.count;
    return std::exchange(list.first, list.first->next);
  }
  bool keep(void* block) noexcept {
    const std::size_t c = (malloc_usable_size(block) + SmallBlock::header) / SmallBlock::grain;
    if (c < SmallBlock::least_class || c >= SmallBlock::classes) return false;  // other mallocs have less
    List& list = lists_[c];
    if (list.count >= most_ && !make_room(list, c)) return false;
    list.first = new (block) SmallBlock{list.first};
    ++list.count;
    return true;
  }

 private:
  /// Two chains: the second is whole.
  struct List {
    SmallBlock* first = nullptr;
    std::size_t count = 0;
    SmallBlock* second = nullptr;
  };

  static bool refill(List& list, std::size_t c) noexcept {
    list.first = list.second ? std::exchange(list.second, nullptr) : weir::detail::memory::take_chain(c);
    if (list.first) list.count = SmallBlock::chain_length;
    return list.first != nullptr;
  }
  bool make_room(List& list, std::size_t c) noexcept {
    if (!most_) return begin();
    if (list.second && !weir::detail::memory::keep_chain(c, list.second)) free_all(list.second);
    list.second = std::exchange(list.first, nullptr);
    list.count = 0;
    return true;
  }
  bool begin() noexcept {
    struct End {
      Freed* of = nullptr;
      ~End() {
        if (of) of->end();
      }
    };
    thread_local End end;
    if (is_watched()) has_ended_ = true;
    if (has_ended_) return false;
    end.of = this;
    most_ = SmallBlock::chain_length;
    return true;
  }
  void end() noexcept {
    has_ended_ = true;  // other ends may come after this one
    most_ = 0;
    for (List& list : lists_) {
      free_all(list.first);
      free_all(list.second);
      list = {};
    }
  }
  static void free_all(SmallBlock* first) noexcept {
    while (first) std::free(std::exchange(first, first->next));
  }

  List lists_[SmallBlock::classes];
  std::size_t most_ = 0;  // blocks of a chain; 0: its thread has not begun, or has ended
  bool has_ended_ = false;
};
constinit thread_local Freed freed;

}  // namespace

void* operator new(std::size_t bytes) {
  if (void* block = freed.take(bytes)) return block;
  for (;;) {
    if (void* block = bytes < weir::detail::memory::large_bytes ? std::malloc(bytes ? bytes : 1)
                                                                : weir::detail::memory::take_large(bytes))
      return block;
    const std::new_handler handler = std::get_new_handler();
    if (!handler) throw std::bad_alloc();
    handler();
  }
}
void operator delete(void* block) noexcept {
  using weir::detail::memory::page_bytes;
  if (!block) return;
  const bool may_be_large = reinterpret_cast<std::uintptr_t>(block) % page_bytes == 0;
  if (may_be_large && weir::detail::memory::give_back(block)) return;
  if (!freed.keep(block)) std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

#endif
