// Small blocks, which malloc has: what it keeps of them beyond what the process may have.
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "memory/pool.hpp"
#include "weir/detail/task/recycled.hpp"

namespace weir::detail::memory {

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
  task::Recycled::drop_kept();
  malloc_trim(0);
  left.store(resident());
}

}  // namespace weir::detail::memory
