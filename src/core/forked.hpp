// What a process that was forked must not do in its parent's place.
#pragma once

#include <sysexits.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace weir::detail {

/// The process that made it.
class OwnProcess {
 public:
  /// Whether this is another: one that was forked and has left it.
  [[nodiscard]] bool is_left() const { return getpid() != process_; }

 private:
  pid_t process_ = getpid();
};

/// Ends this process, which `who` has forked and which has left its function: what follows there is its
/// parent's work.
[[noreturn]] inline void end_child_of(const std::string& who) {
  // No log: another thread may have held its lock when this one was forked.
  dprintf(
      STDERR_FILENO,
      "weir: a process that %s has forked left its function, and ends here with status %d; let it end with "
      "_exit, or become a program with exec\n",
      who.c_str(), EX_SOFTWARE);
  _exit(EX_SOFTWARE);
}

}  // namespace weir::detail
