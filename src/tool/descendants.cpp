// prctl's subreaper and the kernel's list of children.
#include "tool/descendants.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

namespace weir::detail::tool {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto unkillable_after = std::chrono::seconds(5);  // one that hangs in the kernel is left behind

/// Of the main thread, which starts all of them and adopts the others; empty if the kernel keeps no list.
std::set<pid_t> children() {
  std::set<pid_t> all;
  if (std::FILE* file = std::fopen("/proc/thread-self/children", "re")) {
    for (int child = 0; std::fscanf(file, "%d", &child) == 1;) all.insert(child);
    std::fclose(file);
  }
  return all;
}

}  // namespace

Descendants::Descendants() : others_(children()) { prctl(PR_SET_CHILD_SUBREAPER, 1); }

void Descendants::end_within(std::chrono::nanoseconds patience) {
  kill_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
  give_up_at_ = kill_at_ + unkillable_after;
}

bool Descendants::end_some() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  const auto now = Clock::now();
  bool is_any = false;
  for (const pid_t child : children()) {
    if (others_.contains(child)) continue;
    is_any = true;
    if (now >= kill_at_) kill(child, SIGKILL);
    else if (told_.insert(child).second) {
      kill(child, SIGTERM);
      kill(child, SIGCONT);  // a stopped one would never hear of it
    }
  }
  return is_any && now < give_up_at_;
}

}  // namespace weir::detail::tool
