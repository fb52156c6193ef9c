// `weir hdf5`: becomes the program beside this one that knows HDF5, which the others need not load.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "tool/command.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {

int hdf5(int, char** argv) {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  const std::string here(self, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string program = here.substr(0, here.rfind('/') + 1) + "weir-hdf5";
  execv(program.c_str(), argv);
  throw Error(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io,
              "the program weir-hdf5 must lie beside weir (" + program + ": " + std::strerror(errno) + ")");
}

}  // namespace weir::detail::tool
