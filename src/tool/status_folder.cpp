// A temporary folder with a link and a pipe.
#include "tool/status_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "weir/error.hpp"

namespace weir::detail::tool {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse_folder(const std::string& folder, int reason) {
  throw Error(ErrorKind::io, "the folder for temporary files must be writable (got " + folder + ": " +
                                 std::strerror(reason) + "); TMPDIR names another");
}

/// How the names of this host's folders begin: a temporary folder may be shared, locks of its files not.
std::string name_on_this_host() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return "weir-run-" + std::string(host.data()) + "-";
}

/// The folder, locked for as long as it is open; nothing if another process has it, or it cannot be locked.
Descriptor locked(const std::string& folder) {
  Descriptor open_folder(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (flock(open_folder.get(), LOCK_EX | LOCK_NB) != 0) open_folder.reset();
  return open_folder;
}

/// Removes what was left by those that could not: they were killed, and their locks with them. One that has
/// just been made, and is not locked yet, is younger than a minute.
void remove_abandoned(const fs::path& base, const std::string& name) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(base, ignored)) {
    struct stat status {};
    if (!entry.path().filename().string().starts_with(name) || lstat(entry.path().c_str(), &status) != 0 ||
        status.st_uid != geteuid() || status.st_mtim.tv_sec > time(nullptr) - 60)
      continue;
    if (const Descriptor lock = locked(entry.path()); lock.get() >= 0) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

StatusFolder::StatusFolder() {
  const char* base = std::getenv("TMPDIR");
  const fs::path folder = base && *base ? base : "/tmp";
  remove_abandoned(folder, name_on_this_host());
  path_ = (folder / (name_on_this_host() + "XXXXXX")).string();
  if (!mkdtemp(path_.data())) refuse_folder(folder.string(), errno);
  lock_ = locked(path_);
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

std::string StatusFolder::target(const std::string& beside) const {
  std::array<char, 32> text{};
  const ssize_t length = readlink((file_ + beside).c_str(), text.data(), text.size());
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(length, 0))};
}

bool StatusFolder::has_left() const { return target().ends_with(" left"); }

std::optional<int> StatusFolder::program_status() const {
  int number = 0;
  const std::string text = target();
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc()) return number;
  std::ifstream in(file_);
  return in >> number ? std::optional<int>(number) : std::nullopt;
}

std::optional<StatusFolder::WorkerEnd> StatusFolder::worker_end() const {
  std::istringstream text(target(".worker"));
  WorkerEnd end{};
  return text >> end.status >> end.rank ? std::optional(end) : std::nullopt;
}

void StatusFolder::note_end(std::int64_t at_ns) const {
  static_cast<void>(symlink(std::to_string(at_ns).c_str(), (file_ + ".end").c_str()));
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
