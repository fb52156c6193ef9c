// What is free: the least of what the kernel, the control groups and the limits of the process say.
#include "array/graph/room.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "array/graph/node.hpp"
#include "weir/bytes.hpp"

namespace weir::detail::array {

namespace {

constexpr std::uint64_t unlimited = UINT64_MAX;

std::uint64_t number_in(const std::string& file) {
  std::uint64_t bytes = 0;
  return std::ifstream(file) >> bytes ? bytes : unlimited;
}
std::uint64_t less(std::uint64_t limit, std::uint64_t used) {
  return limit == unlimited || used == unlimited ? unlimited : limit - std::min(limit, used);
}

std::uint64_t free_on_host() {
  std::ifstream facts("/proc/meminfo");
  std::string name, unit;
  std::uint64_t kilobytes = 0;
  while (facts >> name >> kilobytes && std::getline(facts, unit))
    if (name == "MemAvailable:") return kilobytes * 1024;
  return unlimited;
}

// Lines such as "0::/path" (version 2) and "4:cpu,memory:/path" (version 1); every folder above counts too.
std::uint64_t free_in_groups() {
  std::uint64_t least = unlimited;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const bool unified = second == first + 1;
    if (!unified && line.substr(first, second - first).find("memory") == std::string::npos) continue;
    const std::string top = unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory",
                      most = unified ? "/memory.max" : "/memory.limit_in_bytes",
                      used = unified ? "/memory.current" : "/memory.usage_in_bytes";
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      least = std::min(least, less(number_in(top + path + most), number_in(top + path + used)));
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

std::uint64_t free_under_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return unlimited;
  const std::uint64_t pages = number_in("/proc/self/statm");
  return pages == unlimited ? unlimited
                            : less(limit.rlim_cur, pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
}

}  // namespace

double check_room(const Shape& shape, std::size_t element_bytes) {
  std::uint64_t bytes = element_bytes;
  for (const std::int64_t extent : shape) bytes *= static_cast<std::uint64_t>(extent);
  if (bytes < (std::uint64_t{64} << 20)) return 0;
  constexpr std::uint64_t on_their_way = 512 << 20;  // chunks that are beside it
  const std::uint64_t there = std::min({free_on_host(), free_in_groups(), free_under_limit()}),
                      needed = bytes + std::min(bytes / 2, on_their_way);
  if (needed > there)
    refuse("compute",
           "the array must have room here (it needs " + weir::to_text(needed) + ", and " +
               weir::to_text(there) +
               " are free); compute() a part or a reduction of it, persist() it on the workers, or "
               "write it with to_hdf5()");
  return static_cast<double>(bytes) / static_cast<double>(there);
}

}  // namespace weir::detail::array
