// getrusage and files of /proc, which say zeros where they are not.
#include "seeing/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

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

/// "read_bytes: 123" and the like of /proc/self/io.
void read_disk(OwnProcess& own) {
  std::FILE* const file = std::fopen("/proc/self/io", "re");
  if (!file) return;
  char name[32];
  unsigned long long value = 0;
  while (std::fscanf(file, "%31s %llu", name, &value) == 2) {
    if (std::strcmp(name, "read_bytes:") == 0) own.read_bytes = value;
    if (std::strcmp(name, "write_bytes:") == 0) own.written_bytes = value;
  }
  std::fclose(file);
}

}  // namespace

void read_networks(OwnProcess& own) {
  std::FILE* const file = std::fopen("/proc/net/dev", "re");
  if (!file) return;
  char line[512], name[32];
  unsigned long long received = 0, sent = 0;
  while (std::fgets(line, sizeof line, file)) {
    // " eth0: bytes packets errs drop fifo frame compressed multicast bytes ..."
    if (std::sscanf(line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &received, &sent) != 3 ||
        std::strcmp(name, "lo") == 0)
      continue;
    own.host_received_bytes += received;
    own.host_sent_bytes += sent;
  }
  std::fclose(file);
}

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
  read_disk(own);
  return own;
}

}  // namespace weir::detail::seeing
