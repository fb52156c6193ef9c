// Jobs as seen from outside: how they are started, which processes they had.
#pragma once

#include <algorithm>
#include <regex>

#include "support/process.hpp"

namespace weir::test {

/// What stands before a program on the command line.
struct Launcher {
  std::vector<std::string> before;
  std::string name;
  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& program) const {
    std::vector<std::string> all = before;
    all.insert(all.end(), program.begin(), program.end());
    return all;
  }
};

/// The process ids that a job has printed as "pid=...".
[[nodiscard]] inline std::vector<pid_t> pids_in(const std::string& text) {
  std::vector<pid_t> pids;
  const std::regex pattern("pid=(\\d+)");
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it)
    pids.push_back(std::stoi((*it)[1]));
  return pids;
}

[[nodiscard]] inline bool all_gone(const std::vector<pid_t>& pids,
                                   std::chrono::milliseconds deadline = std::chrono::seconds(10)) {
  return eventually([&] { return std::none_of(pids.begin(), pids.end(), is_running); }, deadline);
}

}  // namespace weir::test
