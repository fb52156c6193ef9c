// prctl's subreaper and the kernel's list of children.
#include "tool/descendants.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "core/process.hpp"

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

std::string text_of(pid_t pid) { return name_of(pid) + " (process " + std::to_string(pid) + ")"; }

bool has_ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

}  // namespace

bool catches(pid_t pid, int signal) {
  const std::string key = "SigCgt:";
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key))
      return std::strtoull(line.c_str() + key.size(), nullptr, 16) >> (signal - 1) & 1;
  return false;
}

Descendants::Descendants() : others_(children()) { prctl(PR_SET_CHILD_SUBREAPER, 1); }

void Descendants::end_within(std::chrono::nanoseconds patience) {
  kill_at_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience);
  give_up_at_ = kill_at_ + unkillable_after;
}

std::vector<std::string> Descendants::left(pid_t known) const {
  std::vector<std::string> names;
  for (const pid_t child : children())
    if (child != known && !others_.contains(child) && !has_ended(child)) names.push_back(text_of(child));
  return names;
}

bool Descendants::end_some() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  const auto now = Clock::now();
  bool is_any = false;
  for (const pid_t child : children()) {
    if (others_.contains(child)) continue;
    is_any = true;
    if (now >= kill_at_) {
      if (killed_.insert(child).second) killed_names_.push_back(text_of(child));
      kill(child, SIGKILL);
    } else if (told_.insert(child).second) {
      kill(child, SIGTERM);
      kill(child, SIGCONT);  // a stopped one would never hear of it
    }
  }
  return is_any && now < give_up_at_;
}

}  // namespace weir::detail::tool
