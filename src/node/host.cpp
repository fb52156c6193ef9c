// Host identity, process watches, black boxes.
#include "node/host.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

#include "core/process.hpp"

namespace weir::detail::node {

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

std::string host_id() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  char space[128] = "";
  [[maybe_unused]] const auto length = readlink("/proc/self/ns/pid", space, sizeof space - 1);
  return boot + " " + space;
}

namespace {

/// Calls `look` with the folder of each group of this process that has `controller`, from the innermost
/// outwards, and with whether it is one of version 2.
template <class F>
void each_group(const std::string& groups, const std::string& root, const std::string& controller, F&& look) {
  std::ifstream file(groups);  // lines such as "0::/path" (version 2) and "4:cpu,memory:/path" (version 1)
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const bool unified = second == first + 1;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (!unified && controllers.find("," + controller + ",") == std::string::npos) continue;
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      look((unified ? root : root + "/" + controller) + path, unified);
      if (path.find('/') == std::string::npos) break;
    }
  }
}

template <class T>
void lower(std::optional<T>& least, T value) {
  least = std::min(least.value_or(value), value);
}

}  // namespace

std::optional<std::uint64_t> group_memory(const std::string& groups, const std::string& root) {
  std::optional<std::uint64_t> least;
  each_group(groups, root, "memory", [&](const std::string& folder, bool unified) {
    std::uint64_t bytes = 0;  // "max" is no number
    if (std::ifstream(folder + (unified ? "/memory.max" : "/memory.limit_in_bytes")) >> bytes)
      lower(least, bytes);
  });
  return least;
}

std::optional<double> group_cores(const std::string& groups, const std::string& root) {
  std::optional<double> least;
  each_group(groups, root, "cpu", [&](const std::string& folder, bool unified) {
    double quota = 0, period = 0;  // "max 100000", and -1 in version 1: no limit
    if (unified) std::ifstream(folder + "/cpu.max") >> quota >> period;
    else {
      std::ifstream(folder + "/cpu.cfs_quota_us") >> quota;
      std::ifstream(folder + "/cpu.cfs_period_us") >> period;
    }
    if (quota > 0 && period > 0) lower(least, quota / period);
  });
  return least;
}

std::uint64_t host_memory() {
  const auto all =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::min(all, group_memory("/proc/self/cgroup", "/sys/fs/cgroup").value_or(all));
}

int host_cores() {
  cpu_set_t set;
  int cores = sched_getaffinity(0, sizeof set, &set) == 0
                  ? CPU_COUNT(&set)
                  : static_cast<int>(std::thread::hardware_concurrency());
  if (const auto quota = group_cores("/proc/self/cgroup", "/sys/fs/cgroup"))
    cores = std::min(cores, static_cast<int>(std::ceil(*quota)));
  return std::max(cores, 1);
}

ProcessWatch::ProcessWatch(pid_t pid)
    : descriptor_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))), pid_(pid) {}

ProcessWatch::~ProcessWatch() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool ProcessWatch::ended() const {
  if (descriptor_ < 0) return false;
  pollfd watched{descriptor_, POLLIN, 0};
  return poll(&watched, 1, 0) == 1 && (watched.revents & POLLIN);
}

bool ProcessWatch::stopped() const { return descriptor_ >= 0 && is_stopped(pid_); }

void ProcessWatch::kill() const {
  if (descriptor_ >= 0) syscall(SYS_pidfd_send_signal, descriptor_, SIGKILL, nullptr, 0);
}

BlackBox::BlackBox() {
  descriptor_ = memfd_create("weir black box", MFD_CLOEXEC);
  void* memory = MAP_FAILED;
  if (descriptor_ >= 0 && ftruncate(descriptor_, slots * sizeof(Slot)) == 0)
    memory = mmap(nullptr, slots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0);
  if (memory != MAP_FAILED)
    address_ = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(descriptor_);
  else
    memory = mmap(nullptr, slots * sizeof(Slot), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memory_ = static_cast<Slot*>(memory);
}

BlackBox::BlackBox(const std::string& address) {
  const int descriptor = open(address.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  void* memory = mmap(nullptr, slots * sizeof(Slot), PROT_READ, MAP_SHARED, descriptor, 0);
  close(descriptor);
  if (memory != MAP_FAILED) memory_ = static_cast<Slot*>(memory);
}

BlackBox::~BlackBox() {
  if (memory_) munmap(memory_, slots * sizeof(Slot));
  if (descriptor_ >= 0) close(descriptor_);
}

std::vector<TaskId> BlackBox::executing() const {
  std::vector<TaskId> tasks;
  for (std::size_t i = 0; memory_ && i < slots; ++i)
    if (const TaskId task = memory_[i].load(std::memory_order_relaxed)) tasks.push_back(task);
  return tasks;
}

}  // namespace weir::detail::node
