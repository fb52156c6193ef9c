// Births and states of processes, from /proc.
#include "core/process.hpp"

#include <filesystem>
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

pid_t parent_of(pid_t pid) {
  std::string state;
  pid_t parent = 0;
  facts_of(pid) >> state >> parent;
  return parent;
}

std::string name_of(pid_t pid) {
  std::string name;
  std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/comm"), name);
  return name;
}

bool is_stopped(pid_t pid) {
  std::string state;
  facts_of(pid) >> state;
  return state == "T" || state == "t";
}

}  // namespace weir::detail
