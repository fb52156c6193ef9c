// Programs first on PATH that answer as a test wants.
#pragma once

#include <cstdlib>

#include "support/process.hpp"

namespace weir::test {

/// Programs first on PATH, gone at the end.
class FakePrograms {
 public:
  FakePrograms() : path_(std::getenv("PATH")) {
    setenv("PATH", (directory_.path() + ":" + path_).c_str(), 1);
  }
  FakePrograms(const FakePrograms&) = delete;
  ~FakePrograms() { setenv("PATH", path_.c_str(), 1); }
  /// A shell script.
  void add(const std::string& name, const std::string& body) const {
    write_file(directory_.path() + "/" + name, "#!/bin/sh\n" + body + "\n", 0755);
  }
  [[nodiscard]] const std::string& directory() const { return directory_.path(); }

 private:
  TemporaryFolder directory_;
  std::string path_;
};

}  // namespace weir::test
