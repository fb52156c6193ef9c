// Names and locks.
#include "journal/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include "weir/error.hpp"

namespace weir::detail::journal {

std::string with_reason(const std::string& sentence) { return sentence + ": " + std::strerror(errno); }

void make_folder(const std::string& folder) {
  for (std::size_t end = folder.find('/', 1);; end = folder.find('/', end + 1)) {
    const bool made = mkdir(folder.substr(0, end).c_str(), 0700) == 0 || errno == EEXIST;
    const int why = made ? 0 : errno;
    // One on the way may be there and not be ours to make.
    const bool is_there = made || access(folder.substr(0, end).c_str(), F_OK) == 0;
    errno = why;
    if (!is_there)
      throw Error(ErrorKind::io,
                  with_reason("journal: the folder " + folder.substr(0, end) + " cannot be made"));
    if (end == std::string::npos) return;
  }
}

void sync_folder(const std::string& folder) {
  const int open = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (open < 0) return;
  fsync(open);
  close(open);
}

std::vector<std::string> segments_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* open = opendir(folder.c_str());
  if (!open) throw Error(ErrorKind::io, with_reason("journal: " + folder + " cannot be read"));
  while (const dirent* entry = readdir(open)) {
    const std::string name = entry->d_name;
    if (name.size() == 12 && name.starts_with("log.") &&
        std::all_of(name.begin() + 4, name.end(), [](char c) { return c >= '0' && c <= '9'; }))
      names.push_back(name);
  }
  closedir(open);
  std::sort(names.begin(), names.end());
  return names;
}

std::string next_segment(const std::vector<std::string>& names) {
  const std::string digits = std::to_string(names.empty() ? 1 : std::stoull(names.back().substr(4)) + 1);
  return "log." + std::string(digits.size() < 8 ? 8 - digits.size() : 0, '0') + digits;
}

bool locked_within(int file, std::chrono::milliseconds most) {
  const auto end = std::chrono::steady_clock::now() + most;
  while (flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace weir::detail::journal
