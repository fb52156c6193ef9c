// Births of processes, from /proc.
#include "core/process.hpp"

#include <fstream>
#include <sstream>
#include <string>

namespace weir::detail {

std::uint64_t birth_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);  // "12 (the name) S 1 ...", and the name may be anything
  const std::size_t name_ends = line.rfind(')');
  if (name_ends == std::string::npos) return 0;
  std::istringstream rest(line.substr(name_ends + 1));
  std::string word;
  rest >> word;
  if (word == "Z" || word == "X") return 0;
  constexpr int birth_field = 22;
  for (int field = 4; field < birth_field; ++field) rest >> word;
  std::uint64_t birth = 0;
  rest >> birth;
  return birth;
}

}  // namespace weir::detail
