#include "core/target.hpp"

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <thread>

namespace weir::detail {

std::string target_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::weakly_canonical(path, error);
  return error ? path : target.string();
}

bool is_special_file(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_other(path, error) && !error;
}

std::string draft_of(const std::string& target, const std::string& ending) {
  return is_special_file(target) ? target : target + ending;
}

int take_name(const std::string& draft, const std::string& target) {
  return draft == target || std::rename(draft.c_str(), target.c_str()) == 0 ? 0 : errno;
}

void drop(const std::string& draft, const std::string& target) {
  if (draft != target) std::remove(draft.c_str());
}

int open_for_writing(const std::string& path, int flags) {
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 2s;
  for (;;) {
    const int file = ::open(path.c_str(), flags | O_WRONLY | O_CLOEXEC | O_NONBLOCK, 0666);
    if (file >= 0) fcntl(file, F_SETFL, 0);  // writing waits
    if (file >= 0 || errno != ENXIO || std::chrono::steady_clock::now() > end) return file;
    std::this_thread::sleep_for(10ms);
  }
}

}  // namespace weir::detail
