// Small blocks, which malloc has: those that wait for another thread, and what is kept beyond what the
// process may have.
#include "memory/small.hpp"

#include <malloc.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "memory/pool.hpp"

namespace weir::detail::memory {

namespace {

// Held for nanoseconds. Who does not get it in time asks malloc: nobody waits here, least of all in what runs
// around a fork, whose child may find it taken by a thread that it does not have.
class Depot {
 public:
  SmallBlock* take(std::size_t c) noexcept {
    if (!first_[c].load(std::memory_order_relaxed)) return nullptr;
    if (!lock()) return nullptr;
    SmallBlock* const chain = first_[c].load(std::memory_order_relaxed);
    if (chain) {
      first_[c].store(chain->next_chain, std::memory_order_relaxed);
      bytes_ -= chain_bytes(c);
    }
    unlock();
    return chain;
  }
  bool keep(std::size_t c, SmallBlock* chain) noexcept {
    if (!lock()) return false;
    const bool has_room = bytes_ + chain_bytes(c) <= most_bytes;
    if (has_room) {
      chain->next_chain = first_[c].load(std::memory_order_relaxed);
      first_[c].store(chain, std::memory_order_relaxed);
      bytes_ += chain_bytes(c);
    }
    unlock();
    return has_room;
  }
  void empty() noexcept {
    for (std::size_t c = 0; c < SmallBlock::classes; ++c)
      while (SmallBlock* block = take(c))
        while (block) std::free(std::exchange(block, block->next));
  }
  /// In the child of a fork.
  void begin_again() noexcept {
    if (!is_taken_.load(std::memory_order_relaxed)) return;
    for (auto& first : first_) first.store(nullptr, std::memory_order_relaxed);  // it may have been in change
    bytes_ = 0;
    unlock();
  }
  static Depot& depot() noexcept {
    static constinit Depot one;
    return one;
  }

 private:
  static constexpr std::size_t most_bytes = 32 << 20;
  static std::size_t chain_bytes(std::size_t c) noexcept {
    return c * SmallBlock::grain * SmallBlock::chain_length;
  }
  [[nodiscard]] bool lock() noexcept {
    for (int tries = 0; is_taken_.exchange(true, std::memory_order_acquire); ++tries) {
      if (tries == 256) return false;
      if (tries % 64 == 63) std::this_thread::yield();
    }
    return true;
  }
  void unlock() noexcept { is_taken_.store(false, std::memory_order_release); }

  std::atomic<bool> is_taken_{false};
  std::array<std::atomic<SmallBlock*>, SmallBlock::classes> first_{};
  std::size_t bytes_ = 0;
};

[[maybe_unused]] const int watched = pthread_atfork(nullptr, nullptr, [] { Depot::depot().begin_again(); });

}  // namespace

SmallBlock* take_chain(std::size_t size_class) noexcept { return Depot::depot().take(size_class); }
bool keep_chain(std::size_t size_class, SmallBlock* chain) noexcept {
  return Depot::depot().keep(size_class, chain);
}

std::uint64_t resident() noexcept {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long size = 0, all = 0, shared = 0;
  const bool is_read = std::fscanf(file, "%llu %llu %llu", &size, &all, &shared) == 3;
  std::fclose(file);
  return is_read && all > shared ? (all - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

std::uint64_t resident_with_shared() noexcept {
  std::FILE* file = std::fopen("/proc/self/status", "re");
  if (!file) return resident();
  unsigned long long kilobytes = 0, own = 0, shared = 0;
  char line[256];
  while (std::fgets(line, sizeof line, file)) {
    if (std::sscanf(line, "RssAnon: %llu", &kilobytes) == 1) own = kilobytes;
    if (std::sscanf(line, "RssShmem: %llu", &kilobytes) == 1) shared = kilobytes;
  }
  std::fclose(file);
  return own ? (own + shared) * 1024 : resident();
}

void trim_small(std::uint64_t bytes) noexcept {
  static std::atomic<std::uint64_t> left{0};  // after the last time
  const std::uint64_t now = resident(), before = left.load();
  if (now <= bytes) left.store(0);
  if (now <= bytes || now <= before + before / 16) return;
  Depot::depot().empty();
  malloc_trim(0);
  left.store(resident());
}

}  // namespace weir::detail::memory
