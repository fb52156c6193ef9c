// Ends what was started when this process dies.
#pragma once

#include <sys/types.h>

namespace weir::detail::program {

/// A process that ends the groups it has been told of when this one dies, however it dies (SIGTERM, and
/// SIGKILL 2 s later): the kernel itself tells only the first process of a group.
class Guard {
 public:
  /// The one of this process.
  static Guard& own();
  /// Where the first process of a group writes `+ GROUP` and a newline.
  [[nodiscard]] int socket() const noexcept { return socket_; }
  /// To be called while the group's first process has not been waited for.
  void remove(pid_t group);

 private:
  Guard();
  int socket_ = -1;
};

}  // namespace weir::detail::program
