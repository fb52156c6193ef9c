// Host identity, process watches, black boxes.
#include "node/host.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

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

// The number in this file; the largest there is where it says "max" or cannot be read.
std::uint64_t limit_in(const std::string& file) {
  std::uint64_t bytes = 0;
  return std::ifstream(file) >> bytes ? bytes : UINT64_MAX;
}

}  // namespace

std::uint64_t host_memory() {
  auto least =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream groups(
      "/proc/self/cgroup");  // lines such as "0::/path" (version 2) and "4:cpu,memory:/path" (version 1)
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const bool unified = second == first + 1;
    if (!unified && line.substr(first, second - first).find("memory") == std::string::npos) continue;
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      least = std::min(least, limit_in((unified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory") + path +
                                       (unified ? "/memory.max" : "/memory.limit_in_bytes")));
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
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

bool ProcessWatch::stopped() const {
  if (descriptor_ < 0) return false;
  std::string text;
  std::getline(std::ifstream("/proc/" + std::to_string(pid_) + "/stat") >> std::ws, text);
  const std::size_t name_end = text.rfind(") ");
  return name_end != std::string::npos && (text[name_end + 2] == 'T' || text[name_end + 2] == 't');
}

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
