// What a process knows about its host and about other processes on it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/options.hpp"

namespace weir::detail::node {

[[nodiscard]] std::string host_name();
/// Equal for two processes exactly when one can see the other by its process id.
[[nodiscard]] std::string host_id();

/// Memory this process and its neighbours may use: the node's, or less if a control group (of a batch job or
/// a container) says so. **Units.** Bytes.
[[nodiscard]] std::uint64_t host_memory();

/// Cores this process may use: those of its affinity mask, or fewer if the quota of a control group says so.
[[nodiscard]] int host_cores();

/// What a control group of a process, whose `/proc/PID/cgroup` is the file `groups`, may use of the groups'
/// file system at `root`; nothing if there is no limit.
[[nodiscard]] std::optional<std::uint64_t> group_memory(const std::string& groups, const std::string& root);
/// **Units.** Cores; 0.5 is half of one's time.
[[nodiscard]] std::optional<double> group_cores(const std::string& groups, const std::string& root);

/// Watches a process of this host: knows of its death at once, also while nobody has waited for it.
class ProcessWatch {
 public:
  ProcessWatch() = default;
  explicit ProcessWatch(pid_t pid);
  ProcessWatch(ProcessWatch&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), pid_(other.pid_) {}
  ProcessWatch& operator=(ProcessWatch&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(pid_, other.pid_);
    return *this;
  }
  ~ProcessWatch();
  [[nodiscard]] bool watching() const noexcept { return descriptor_ >= 0; }
  /// Whether it has ended; false when nothing is watched.
  [[nodiscard]] bool ended() const;
  /// Whether somebody has stopped it (SIGSTOP, a debugger); false when nothing is watched.
  [[nodiscard]] bool stopped() const;
  /// Ends it, if it is watched.
  void kill() const;

 private:
  int descriptor_ = -1;
  pid_t pid_ = 0;
};

/// The ids of the tasks that a worker is executing, in memory that survives it: how a death is blamed on the
/// right tasks.
class BlackBox {
 public:
  static constexpr std::size_t slots = 256;
  using Slot = std::atomic<TaskId>;

  /// A new one, of this process; `address` tells others on the host where it is. Without shared memory it
  /// works all the same and `address` is empty.
  BlackBox();
  /// Another process's, to be read after its death; empty if it cannot be opened.
  explicit BlackBox(const std::string& address);
  BlackBox(const BlackBox&) = delete;
  ~BlackBox();

  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] bool readable() const noexcept { return memory_ != nullptr; }
  /// Tasks marked as executing.
  [[nodiscard]] std::vector<TaskId> executing() const;
  Slot& slot(std::size_t i) noexcept { return memory_[i % slots]; }

 private:
  Slot* memory_ = nullptr;
  int descriptor_ = -1;
  std::string address_;
};

}  // namespace weir::detail::node
