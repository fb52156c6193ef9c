// Locks between writers, part files and their removal.
#include "array/hdf5/output.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "core/log.hpp"
#include "core/process.hpp"
#include "weir/duration.hpp"

namespace weir::detail::array {

namespace {

namespace fs = std::filesystem;

// Then its locks would exclude ours.
bool library_locks() {
  const char* said = std::getenv("HDF5_USE_FILE_LOCKING");
  return said && (std::strcmp(said, "TRUE") == 0 || std::strcmp(said, "1") == 0 ||
                  std::strcmp(said, "BEST_EFFORT") == 0);
}

int try_lock(int file) {
  int problem = 0;
  do problem = flock(file, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
  while (problem == EINTR);
  return problem;
}

}  // namespace

class WriteLock {
 public:
  explicit WriteLock(Descriptor file) : file_(std::move(file)) {}

 private:
  Descriptor file_;  // locked
};

namespace {

struct WriteLocks {
  std::mutex mutex;
  std::map<FileIdentity, std::weak_ptr<WriteLock>> held;
};
WriteLocks& write_locks() {
  static WriteLocks& all = *new WriteLocks;
  return all;
}

// Once: null, with `problem`, if another program has it.
std::shared_ptr<WriteLock> try_lock_once(const std::string& function, const std::string& path, int& problem) {
  WriteLocks& all = write_locks();
  const std::lock_guard hold(all.mutex);
  Descriptor file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || fstat(file.get(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      fail(ErrorKind::not_found, function + ": the file must exist (got " + in_quotes(path) + ")");
    fail(ErrorKind::io,
         function + ": cannot open " + in_quotes(path) + " for writing (" + std::strerror(errno) + ")");
  }
  if (!S_ISREG(status.st_mode))
    fail(ErrorKind::invalid_argument, function + ": " + in_quotes(path) + " must be a file (got a " +
                                          (S_ISDIR(status.st_mode) ? "folder" : "device or pipe") + ")");
  std::weak_ptr<WriteLock>& known = all.held[identity_of(status)];
  if (std::shared_ptr<WriteLock> mine = known.lock()) return mine;
  problem = try_lock(file.get());
  if (problem) return {};
  struct stat named {};  // another may have taken the name meanwhile
  if (stat(path.c_str(), &named) != 0 || identity_of(named) != identity_of(status)) {
    problem = EWOULDBLOCK;
    return {};
  }
  auto write_lock = std::make_shared<WriteLock>(std::move(file));
  known = write_lock;
  return write_lock;
}

}  // namespace

std::shared_ptr<WriteLock> lock_for_writing(const std::string& function, const std::string& path,
                                            std::chrono::nanoseconds wait) {
  if (library_locks()) return {};
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  auto pause = std::chrono::milliseconds(5);
  for (;;) {
    int problem = 0;
    if (std::shared_ptr<WriteLock> write_lock = try_lock_once(function, path, problem)) return write_lock;
    if (problem != EWOULDBLOCK) {
      static std::atomic_flag warned;
      if (!warned.test_and_set())
        log::warn(
            "{}: {} lies where files cannot be locked ({}); two programs that write it at the same time "
            "destroy it",
            function, path, std::strerror(problem));
      return {};
    }
    if (Clock::now() - begun > wait)
      fail(ErrorKind::timeout,
           function + ": " + in_quotes(path) + " is being written by another program (waited " +
               weir::to_string(std::chrono::nanoseconds(wait)) + "; .wait says how long)");
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, std::chrono::milliseconds(200));
  }
}

// --- names of what is incomplete

namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// This boot of this machine, as far as its processes know each other by number.
const std::string& place() {
  static const std::string text = [] {
    std::error_code ignored;
    const std::size_t hash =
        std::hash<std::string>()(first_line("/proc/sys/kernel/random/boot_id") +
                                 fs::read_symlink("/proc/self/ns/pid", ignored).string());
    char hex[9];
    std::snprintf(hex, sizeof hex, "%08x", static_cast<unsigned>(hash ^ hash >> 32));
    return std::string(hex);
  }();
  return text;
}

struct PartWords {
  std::string of, place, pid, start;
};
bool split_part(const std::string& name, PartWords& words) {
  constexpr std::string_view sign = ".part-";
  const std::size_t at = name.rfind(sign);
  if (at == std::string::npos || at == 0) return false;
  words.of = name.substr(0, at);
  std::istringstream rest(name.substr(at + sign.size()));
  std::getline(rest, words.place, '-');
  std::getline(rest, words.pid, '-');
  std::getline(rest, words.start, '-');
  const auto are = [](const std::string& text, const char* of) {
    return !text.empty() && text.find_first_not_of(of) == std::string::npos;
  };
  return are(words.place, "0123456789abcdef") && words.place.size() == 8 && are(words.pid, "0123456789") &&
         are(words.start, "0123456789");
}

}  // namespace

std::string part_name(const std::string& name) {
  return name + ".part-" + place() + "-" + std::to_string(getpid()) + "-" +
         std::to_string(birth_of(getpid()));
}

bool is_part_name(const std::string& name, std::string* of) {
  PartWords words;
  if (!split_part(name, words)) return false;
  if (of) *of = words.of;
  return true;
}

namespace {

/// Nothing for a part of another machine, whose processes are not known here.
std::optional<PartWords> part_from_here(const std::string& part) {
  PartWords words;
  if (!split_part(part, words) || words.place != place()) return std::nullopt;
  return words;
}

}  // namespace

bool is_left_over(const std::string& part) {
  const auto words = part_from_here(part);
  return words && std::to_string(birth_of(std::atoi(words->pid.c_str()))) != words->start;
}

std::vector<std::string> left_over_files(const std::string& path) {
  std::vector<std::string> found;
  std::error_code ignored;
  const fs::path target(path), folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  for (fs::directory_iterator at(folder, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::string of;
    const std::string name = at->path().filename().string();
    if (!is_part_name(name, &of) || of != target.filename().string()) continue;
    bool is_old = is_left_over(name);
    if (!part_from_here(name) && !library_locks()) {  // its writer holds the lock, on whatever machine it is
      const Descriptor file(open(at->path().c_str(), O_RDWR | O_CLOEXEC));
      is_old = file.get() >= 0 && try_lock(file.get()) == 0;
    }
    if (is_old) found.push_back((target.parent_path() / name).string());
  }
  return found;
}

std::string replaced_file(const std::string& function, const std::string& path) {
  fs::path target(path);
  std::error_code error;
  // A link may lead to what is not there yet.
  for (int depth = 0; fs::is_symlink(target, error) && depth < 40; ++depth) {
    const fs::path next = fs::read_symlink(target, error);
    target = next.is_absolute() ? next : target.parent_path() / next;
  }
  if (fs::is_symlink(target, error))
    fail(ErrorKind::invalid_argument,
         function + ": " + in_quotes(path) + " must lead to a file (got links that lead to each other)");
  struct stat status {};
  if (stat(target.c_str(), &status) != 0) {
    const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
    if (target != fs::path(path) && !fs::is_directory(folder, error))
      fail(ErrorKind::io, function + ": " + in_quotes(path) +
                              " must lead into a folder that exists (got a link to " +
                              in_quotes(target.string()) + ")");
    return target.string();
  }
  if (!S_ISREG(status.st_mode))
    fail(ErrorKind::invalid_argument, function + ": " + in_quotes(path) + " must be a file (got a " +
                                          (S_ISDIR(status.st_mode) ? "folder" : "device or pipe") + ")");
  if (status.st_nlink > 1)
    fail(ErrorKind::invalid_argument,
         function + ": " + in_quotes(path) + " must have one name (got " + std::to_string(status.st_nlink) +
             " hard links, of which only one would become the new file); remove it before");
  return target.string();
}

// --- part files and signals

namespace {

constexpr int slots = 64;
char part_paths[slots][PATH_MAX];
std::atomic<int> slot_use[slots];  // 0 free, 1 taken, 2 to be removed
constexpr int deadly[] = {SIGINT, SIGTERM, SIGHUP};

void remove_parts(int signal) {
  for (int i = 0; i < slots; ++i)
    if (slot_use[i].load() == 2) unlink(part_paths[i]);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  sigaction(signal, &usual, nullptr);
  raise(signal);
}

// Only where nobody else wants to know of the signal.
void watch_signals() {
  for (const int signal : deadly) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) || now.sa_handler != SIG_DFL)
      continue;
    now.sa_handler = &remove_parts;
    sigaction(signal, &now, nullptr);
  }
}
void leave_signals() {
  for (const std::atomic<int>& use : slot_use)
    if (use.load() != 0) return;
  for (const int signal : deadly) {
    struct sigaction now {};
    if (sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_SIGINFO) ||
        now.sa_handler != &remove_parts)
      continue;
    now.sa_handler = SIG_DFL;
    sigaction(signal, &now, nullptr);
  }
}

int take_slot(const std::string& path) {
  if (path.size() >= PATH_MAX) return -1;
  for (int i = 0; i < slots; ++i) {
    int free = 0;
    if (!slot_use[i].compare_exchange_strong(free, 1)) continue;
    std::memcpy(part_paths[i], path.c_str(), path.size() + 1);
    slot_use[i].store(2);
    return i;
  }
  return -1;
}

}  // namespace

namespace {

[[noreturn]] void cannot(const std::string& function, const std::string& what, const std::string& target) {
  fail(ErrorKind::io, function + ": cannot " + what + " " + in_quotes(target) + " for writing (" +
                          std::strerror(errno) + ")");
}

}  // namespace

void take_name(const std::string& function, const Descriptor& file, const std::string& path,
               const std::string& target) {
  struct stat before {};
  if (stat(target.c_str(), &before) == 0) {
    [[maybe_unused]] const int kept = fchown(file.get(), before.st_uid, before.st_gid);
    if (fchmod(file.get(), before.st_mode & 07777) != 0) cannot(function, "keep the mode of", target);
  }
  if (std::rename(path.c_str(), target.c_str()) != 0) cannot(function, "replace", target);
}

PartFile::PartFile(const std::string& function, std::string target)
    : function_(function), target_(std::move(target)) {
  for (const std::string& old : left_over_files(target_)) unlink(old.c_str());
  // Several threads of a process may make the same file.
  static std::atomic<unsigned> count;
  path_ = part_name(target_);
  for (;;) {
    lock_ = Descriptor(open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (lock_.get() >= 0) break;
    if (errno != EEXIST) cannot(function_, "create", target_);
    path_ = part_name(target_) + "-" + std::to_string(++count);
  }
  slot_ = take_slot(path_);
  watch_signals();
  if (!library_locks()) (void)try_lock(lock_.get());
}

PartFile::~PartFile() {
  if (!path_.empty()) unlink(path_.c_str());
  if (slot_ >= 0) slot_use[slot_].store(0);
  leave_signals();
}

void PartFile::publish() {
  take_name(function_, lock_, path_, target_);
  if (slot_ >= 0) slot_use[slot_].store(1);
  path_.clear();
}

bool PartFile::publish_if_new() {
  if (link(path_.c_str(), target_.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  // No links here.
  if (access(target_.c_str(), F_OK) == 0) return false;
  publish();
  return true;
}

}  // namespace weir::detail::array
