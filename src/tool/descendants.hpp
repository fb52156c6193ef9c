// The processes that a job leaves behind.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::detail::tool {

/// Whether a process of this host has a handler for `signal`.
[[nodiscard]] bool catches(pid_t pid, int signal);

/// What is still there when mpirun has ended: ranks of an mpirun that was killed, processes that went on
/// their own, whatever they did to be forgotten.
///
/// From its construction on, orphans among the descendants of this process become its children. Children it
/// has already are left alone.
/// **Source.** The subreaper of prctl(2).
class Descendants {
 public:
  Descendants();
  /// Begins to end them: each gets SIGTERM, and after `patience` all that are left SIGKILL.
  void end_within(std::chrono::nanoseconds patience);
  /// Signals those that are due; false when none is left that can be ended. To be called again and again.
  [[nodiscard]] bool end_some();
  /// Those that are alive, but `known`: `sleep (process 7)`.
  [[nodiscard]] std::vector<std::string> left(pid_t known) const;
  /// Those that had to be killed since it was asked last.
  [[nodiscard]] std::vector<std::string> killed() { return std::exchange(killed_names_, {}); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  std::set<pid_t> others_;
  std::set<pid_t> told_, killed_;
  std::vector<std::string> killed_names_;
  Time kill_at_;
  Time give_up_at_;
};

}  // namespace weir::detail::tool
