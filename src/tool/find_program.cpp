// Looks programs up as execvp does, but says why when it finds none.
#include "tool/find_program.hpp"

#include <unistd.h>

#include <filesystem>

#include "batch/program.hpp"
#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

namespace fs = std::filesystem;

bool is_executable(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string find_program(const std::string& name) {
  std::string path = name;
  if (name.find('/') == std::string::npos) {
    if (const auto found = batch::find_in_path(name)) return *found;
    path = "./" + name;
  }
  std::error_code reason;
  const fs::file_status status = fs::status(path, reason);
  if (!fs::exists(status) || name.empty()) {
    const std::string places = path == name ? "" : " in PATH or in the working folder";
    const std::string why =
        reason && reason != std::errc::no_such_file_or_directory ? " (" + reason.message() + ")" : "";
    throw Error(ErrorKind::not_found, "the program must exist" + places + why + " (got " + name +
                                          "); give its path, for example ./build/app");
  }
  if (fs::is_directory(status))
    throw Error(ErrorKind::invalid_argument, "the program must be a file (got the directory " + name + ")");
  if (!is_executable(path))
    throw Error(ErrorKind::invalid_argument, "the program must be an executable file (got " + name +
                                                 "); chmod +x makes a script or program executable");
  return path;
}

}  // namespace weir::detail::tool
