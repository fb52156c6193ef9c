// `weir hdf5` and `weir map`: become the programs beside this one that know HDF5 and MPI, which the other
// commands need not load.
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>

#include "tool/command.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

[[noreturn]] void become(const std::string& name, char** argv) {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  const std::string here(self, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::string program = here.substr(0, here.rfind('/') + 1) + name;
  execv(program.c_str(), argv);
  throw Error(
      errno == ENOENT ? ErrorKind::not_found : ErrorKind::io,
      "the program " + name + " must lie beside weir (" + program + ": " + std::strerror(errno) + ")");
}

}  // namespace

int hdf5(int, char** argv) { become("weir-hdf5", argv); }

int map(int, char** argv) { become("weir-map", argv); }

}  // namespace weir::detail::tool
