// Births and states of processes, from /proc.
#include "core/process.hpp"

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace weir::detail {

namespace {

/// What stands in the process's line behind its name, which may be anything: "S 1 ..."; nothing if it is
/// gone.
std::istringstream facts_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const std::size_t name_ends = text.rfind(')');
  return std::istringstream(name_ends == std::string::npos ? "" : text.substr(name_ends + 1));
}

}  // namespace

std::uint64_t birth_of(pid_t pid) {
  std::istringstream facts = facts_of(pid);
  std::string word;
  facts >> word;
  if (word == "Z" || word == "X") return 0;
  constexpr int birth_field = 22;
  for (int field = 4; field < birth_field; ++field) facts >> word;
  std::uint64_t birth = 0;
  facts >> birth;
  return birth;
}

bool is_stopped(pid_t pid) {
  std::string state;
  facts_of(pid) >> state;
  return state == "T" || state == "t";
}

}  // namespace weir::detail
