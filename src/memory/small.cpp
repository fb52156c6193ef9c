// Small blocks, which malloc has: what it keeps of them beyond what the process may have.
#include <malloc.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

#include "memory/pool.hpp"

namespace weir::detail::memory {

namespace {

// Without what is shared: of files, and of other processes.
std::uint64_t own_resident() noexcept {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (!file) return 0;
  unsigned long long size = 0, resident = 0, shared = 0;
  const bool is_read = std::fscanf(file, "%llu %llu %llu", &size, &resident, &shared) == 3;
  std::fclose(file);
  return is_read && resident > shared
             ? (resident - shared) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))
             : 0;
}

}  // namespace

void trim_small(std::uint64_t bytes) noexcept {
  static std::atomic<std::uint64_t> left{0};  // after the last time
  const std::uint64_t resident = own_resident(), before = left.load();
  if (resident <= bytes) left.store(0);
  if (resident <= bytes || resident <= before + before / 16) return;
  malloc_trim(0);
  left.store(own_resident());
}

}  // namespace weir::detail::memory
