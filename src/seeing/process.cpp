// getrusage and /proc.
#include "seeing/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

namespace weir::detail::seeing {

namespace {

std::uint32_t open_descriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  if (!folder) return 0;
  std::uint32_t count = 0;
  while (readdir(folder)) ++count;
  closedir(folder);
  return count > 3 ? count - 3 : 0;  // itself, . and ..
}

}  // namespace

OwnProcess own_process() {
  OwnProcess own;
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0)
    own.cpu_s = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                1e-6 * static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
  if (std::FILE* const file = std::fopen("/proc/self/statm", "re")) {
    unsigned long long size = 0, resident = 0;
    if (std::fscanf(file, "%llu %llu", &size, &resident) == 2)
      own.resident_bytes = resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    std::fclose(file);
  }
  own.descriptors = open_descriptors();
  return own;
}

}  // namespace weir::detail::seeing
