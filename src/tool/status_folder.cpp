// A temporary folder with a link and a pipe.
#include "tool/status_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_folder(const std::string& folder, int reason) {
  throw Error(ErrorKind::io, "the folder for temporary files must be writable (got " + folder + ": " +
                                 std::strerror(reason) + "); TMPDIR names another");
}

}  // namespace

StatusFolder::StatusFolder() {
  const char* base = std::getenv("TMPDIR");
  path_ = std::string(base && *base ? base : "/tmp") + "/weir-run-XXXXXX";
  if (!mkdtemp(path_.data())) refuse_folder(fs::path(path_).parent_path().string(), errno);
  file_ = path_ + "/status";
  const std::string pipe = note_pipe(file_);
  if (mkfifo(pipe.c_str(), 0600) == 0)
    notes_ = Descriptor(open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (notes_.get() >= 0) return;
  const int reason = errno;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  refuse_folder(path_, reason);
}

StatusFolder::~StatusFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::optional<int> StatusFolder::program_status() const {
  std::array<char, 16> target{};
  int number = 0;
  const ssize_t length = readlink(file_.c_str(), target.data(), target.size());
  if (length > 0 && std::from_chars(target.data(), target.data() + length, number).ec == std::errc())
    return number;
  std::ifstream in(file_);
  return in >> number ? std::optional<int>(number) : std::nullopt;
}

std::string StatusFolder::add(const std::string& name, const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream out(path);
  out << text;
  if (!out.flush())
    throw Error(ErrorKind::io,
                "the folder for temporary files must have room (got " + path + "); TMPDIR names another");
  return path;
}

std::string note_pipe(const std::string& status_file) { return status_file + ".process"; }

std::string note_mark(const std::string& status_file) { return "[" + status_file + " "; }

}  // namespace weir::detail::tool
