// weir hold PROGRAM ARGS...: becomes the program, which does not hear SIGTERM; mpirun starts its helpers on
// other nodes so.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "tool/command.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

int hold(int argc, char** argv) {
  if (argc < 2)
    throw Error(ErrorKind::invalid_argument, "is started by `weir run`, with a program (got none)");
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  execvp(argv[1], argv + 1);
  throw Error(ErrorKind::not_found,
              std::string("cannot start ") + argv[1] + " (" + std::strerror(errno) + ")");
}

}  // namespace weir::detail::tool
