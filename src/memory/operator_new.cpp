// The program's operator new: large blocks come from `memory`. Alone in its file, so that a program that
// brings its own keeps that.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <malloc.h>

#include <cstdlib>
#include <new>

#include "memory/pool.hpp"

namespace {

// What malloc finds for itself once large blocks have been freed, which it does not see here: blocks of less
// than 32 MB are not mapped one by one, and some free memory is kept.
[[maybe_unused]] const bool is_set_up =
    mallopt(M_MMAP_THRESHOLD, 32 << 20) != 0 && mallopt(M_TRIM_THRESHOLD, 128 << 20) != 0;

}  // namespace

void* operator new(std::size_t bytes) {
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
  if (!weir::detail::memory::give_back(block)) std::free(block);
}
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }

#endif
