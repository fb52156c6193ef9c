// prctl's subreaper and the kernel's list of children.
#include "tool/descendants.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

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

std::string name_of(pid_t pid) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return name + " (process " + std::to_string(pid) + ")";
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

}  // namespace

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> all;
  std::error_code ignored;
  for (const auto& thread :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task", ignored)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t child = 0; file >> child;) all.push_back(child);
  }
  return all;
}

std::string variable_in(pid_t pid, const std::string& name) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/environ");
  for (std::string text; std::getline(file, text, '\0');)
    if (text.starts_with(name + "=")) return text.substr(name.size() + 1);
  return "";
}

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
    if (child != known && !others_.contains(child) && !has_ended(child)) names.push_back(name_of(child));
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
      if (killed_.insert(child).second) killed_names_.push_back(name_of(child));
      kill(child, SIGKILL);
    } else if (told_.insert(child).second) {
      kill(child, SIGTERM);
      kill(child, SIGCONT);  // a stopped one would never hear of it
    }
  }
  return is_any && now < give_up_at_;
}

}  // namespace weir::detail::tool
