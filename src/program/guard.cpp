// A shell that reads groups from a socket until its end.
#include "program/guard.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>

#include "core/exec.hpp"
#include "weir/error.hpp"

namespace weir::detail::program {

Guard& Guard::own() {
  static std::mutex mutex;
  static Guard* guard = nullptr;  // never closed by us: the end of the process is the message
  static pid_t owner = 0;
  const std::lock_guard hold(mutex);
  if (owner != getpid()) guard = new Guard;  // the child of a fork has one of its own
  owner = getpid();
  return *guard;
}

Guard::Guard() {
  int ends[2];  // sockets, since writing to a pipe that nobody reads is a signal
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw Error(ErrorKind::io,
                std::string("program: no socket could be made (") + std::strerror(errno) + ")");
  // Group by group as it hears of them; at the end of the lines it ends those that are left.
  // A launcher of MPI ends its ranks when it is asked to, not when it is killed.
  const std::string script =
      "all=' '; while read -r what group; do "
      "if [ \"$what\" = + ]; then all=\"$all$group \"; else all=\"${all%% $group *} ${all#* $group }\"; fi; "
      "done; [ \"$all\" != ' ' ] || exit 0; for group in $all; do kill -TERM -$group; kill -CONT -$group; "
      "done; "
      "sleep 2; for group in $all; do kill -9 -$group; done";
  pid_t child = 0;
  const int problem =
      start_apart({"/bin/sh", "-c", script, "weir-guard"}, ends[0], child, {"PATH=/usr/bin:/bin"});
  close(ends[0]);
  if (problem != 0) {
    close(ends[1]);
    throw Error(ErrorKind::io, std::string("program: /bin/sh could not be started (") +
                                   std::strerror(problem) + "); it ends programs whose worker dies");
  }
  socket_ = ends[1];
}

void Guard::remove(pid_t group) {
  const std::string line = "- " + std::to_string(group) + "\n";
  while (send(socket_, line.data(), line.size(), MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

}  // namespace weir::detail::program
