// Gate: keeps tasks from ending until the test lets them.
#pragma once

#include <unistd.h>

#include <string>

#include "support/process.hpp"

namespace weir::test {

/// A file that all processes see; its removal opens the gate.
class Gate {
 public:
  Gate() : path_("/tmp/weir-gate-" + std::to_string(getpid()) + "-" + std::to_string(++count)) {
    write_file(path_, "closed");
  }
  Gate(const Gate&) = delete;
  ~Gate() { open(); }
  void open() const { unlink(path_.c_str()); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
  inline static int count = 0;
};

[[nodiscard]] inline bool is_closed(const std::string& gate) { return access(gate.c_str(), F_OK) == 0; }

/// A task that ends when the gate is open.
inline int behind_gate(std::string gate) {
  while (is_closed(gate)) weir::test::pause();
  return 1;
}

}  // namespace weir::test
