// Magazines of free blocks, two for each thread and size, and the depot of those that threads have too many
// of.
#include "weir/detail/task/recycled.hpp"

#include <atomic>
#include <cstdint>

namespace weir::detail::task {

namespace {

struct FreeBlock {
  FreeBlock* next = nullptr;
  FreeBlock* next_magazine = nullptr;  // of the first of one that is in the depot
};

constexpr std::size_t full = 64;  // blocks of a magazine
constexpr auto size_of = Recycled::size_of, bytes_of = Recycled::room_of;
constexpr std::size_t sizes = size_of(Recycled::most_bytes) + 1;
static_assert(bytes_of(sizes - 1) == Recycled::most_bytes);
static_assert(bytes_of(0) >= sizeof(FreeBlock));

struct Magazine {
  FreeBlock* first = nullptr;
  std::size_t count = 0;

  void put(FreeBlock* block) noexcept {
    block->next = first;
    first = block;
    ++count;
  }
  FreeBlock* pop() noexcept {
    FreeBlock* const block = first;
    first = block->next;
    --count;
    return block;
  }
  // Which is used next.
  void fetch_first(std::size_t size) const noexcept {
    const char* const begin = reinterpret_cast<const char*>(first);
    for (std::size_t line = 0; line < bytes_of(size); line += 64) __builtin_prefetch(begin + line, 1);
  }
  void free_all() noexcept {
    while (count) ::operator delete(pop());
  }
};

// Nobody waits for it, also not for a thread that was there before a fork and is gone: who does not get it
// goes to malloc.
class Depot {
 public:
  [[nodiscard]] bool put(std::size_t size, Magazine& magazine) noexcept {
    const std::size_t bytes = full * bytes_of(size);
    if (kept_bytes_.load(std::memory_order_relaxed) + bytes > Recycled::most_kept_bytes || !try_lock())
      return false;
    magazine.first->next_magazine = magazines_[size];
    magazines_[size] = magazine.first;
    kept_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    unlock();
    magazine = {};
    return true;
  }
  [[nodiscard]] Magazine take(std::size_t size) noexcept {
    if (!kept_bytes_.load(std::memory_order_relaxed) || !try_lock()) return {};
    FreeBlock* const first = magazines_[size];
    if (first) {
      magazines_[size] = first->next_magazine;
      kept_bytes_.fetch_sub(full * bytes_of(size), std::memory_order_relaxed);
    }
    unlock();
    return {first, first ? full : 0};
  }
  [[nodiscard]] std::size_t kept_bytes() const noexcept {
    return kept_bytes_.load(std::memory_order_relaxed);
  }

 private:
  bool try_lock() noexcept { return !is_taken_.exchange(true, std::memory_order_acquire); }
  void unlock() noexcept { is_taken_.store(false, std::memory_order_release); }

  std::atomic<bool> is_taken_{false};
  std::atomic<std::size_t> kept_bytes_{0};
  FreeBlock* magazines_[sizes] = {};
};

constinit Depot depot;

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// So that these see each object's life.
void* Recycled::take(std::size_t bytes) { return ::operator new(bytes); }
void Recycled::give(void* block, std::size_t) noexcept { ::operator delete(block); }
#else
namespace {

struct Own {
  Magazine now, other;  // of `other` all or nothing is there
};
struct OfThread {
  Own own[sizes];
  bool is_watched = false, has_ended = false;
};
constinit thread_local OfThread of_thread;

void give_away(std::size_t size, Magazine& magazine) noexcept {
  if (magazine.count < full || !depot.put(size, magazine)) magazine.free_all();
}

// Gives back what a thread has when it ends; objects of static life go later, one by one.
struct AtEnd {
  AtEnd() noexcept { of_thread.is_watched = true; }
  AtEnd(const AtEnd&) = delete;
  ~AtEnd() {
    of_thread.has_ended = true;
    for (std::size_t size = 0; size < sizes; ++size) {
      give_away(size, of_thread.own[size].now);
      give_away(size, of_thread.own[size].other);
    }
  }
};

void watch() noexcept {
  if (of_thread.is_watched) return;
  thread_local const AtEnd at_end;
  (void)at_end;
}

[[gnu::noinline]] void* take_more(std::size_t size, Own& own) {
  if (own.other.count) std::swap(own.now, own.other);
  else own.now = of_thread.has_ended ? Magazine{} : depot.take(size);
  return own.now.count ? own.now.pop() : ::operator new(bytes_of(size));
}

[[gnu::noinline]] void give_more(std::size_t size, Own& own, FreeBlock* block) noexcept {
  if (of_thread.has_ended) return ::operator delete(block);
  watch();
  if (own.now.count == full) {
    if (own.other.count) give_away(size, own.other);
    std::swap(own.now, own.other);
  }
  own.now.put(block);
}

}  // namespace

void* Recycled::take(std::size_t bytes) {
  const std::size_t size = size_of(bytes);
  Own& own = of_thread.own[size];
  if (!own.now.count) return take_more(size, own);
  void* const block = own.now.pop();
  own.now.fetch_first(size);
  return block;
}
void Recycled::give(void* block, std::size_t bytes) noexcept {
  const std::size_t size = size_of(bytes);
  Own& own = of_thread.own[size];
  auto* const free = ::new (block) FreeBlock;
  if (own.now.count - 1 < full - 1) own.now.put(free);
  else give_more(size, own, free);
}
#endif

void Recycled::drop_kept() noexcept {
  for (std::size_t size = 0; size < sizes; ++size)
    for (Magazine magazine = depot.take(size); magazine.count; magazine = depot.take(size))
      magazine.free_all();
}

std::size_t Recycled::kept_bytes() noexcept { return depot.kept_bytes(); }

}  // namespace weir::detail::task
