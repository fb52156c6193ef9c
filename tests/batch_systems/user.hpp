// Somebody with an empty home who works with `weir` in a directory of their own.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "support/process.hpp"

namespace weir::test {

inline std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// A user with an empty home, who works in a directory of their own.
class User {
 public:
  ProcessOptions options() const {
    ProcessOptions result;
    result.environment = {{"HOME", folder_.path()},        {"WEIR_STATE_DIR", ""},
                          {"XDG_STATE_HOME", ""},          {"WEIR_CONFIG", ""},
                          {"OMPI_ALLOW_RUN_AS_ROOT", "1"}, {"OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1"}};
    result.folder = folder_.path();
    return result;
  }
  Finished weir(const std::vector<std::string>& words) const {
    std::vector<std::string> command{WEIR_TOOL};
    command.insert(command.end(), words.begin(), words.end());
    return run(command, options());
  }
  Finished shell(const std::string& line) const { return run({"sh", "-c", line}, options()); }
  std::string state(const std::string& id) const { return shell("squeue -h -t all -j " + id + " -o %T").out; }
  const std::string& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace weir::test
