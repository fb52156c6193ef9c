// A temporary folder with two tiny files.
#include "tool/status_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

namespace fs = std::filesystem;

/// The number in `path`; nothing while there is none.
std::optional<int> number_in(const std::string& path) {
  std::ifstream in(path);
  int number = 0;
  if (in >> number) return number;
  return std::nullopt;
}

}  // namespace

StatusFolder::StatusFolder() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base && *base ? base : "/tmp") + "/weir-run-XXXXXX";
  if (!mkdtemp(path_.data()))
    throw Error(ErrorKind::io, "the folder for temporary files must be writable (got " +
                                   fs::path(path_).parent_path().string() + ": " + std::strerror(errno) +
                                   "); TMPDIR names another");
  file_ = path_ + "/status-XXXXXX";
  const int descriptor = mkostemp(file_.data(), O_CLOEXEC);
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) {
    close(descriptor);
    return;
  }
  fs::remove(path_);
  throw Error(ErrorKind::io, "the folder for temporary files must be writable (got " + path_ + ": " + reason +
                                 "); TMPDIR names another");
}

StatusFolder::~StatusFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Outcome StatusFolder::read() const { return {number_in(file_), number_in(process_file(file_))}; }

std::string StatusFolder::add(const std::string& name, const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream out(path);
  out << text;
  if (!out.flush())
    throw Error(ErrorKind::io,
                "the folder for temporary files must have room (got " + path + "); TMPDIR names another");
  return path;
}

std::string process_file(const std::string& status_file) { return status_file + ".process"; }

}  // namespace weir::detail::tool
