// Reading with the system's own reasons, sorting with std::sort.
#include "letters/count.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace letters {
namespace {

/// An open file that can be read and is not empty.
class Input {
 public:
  explicit Input(const std::string& path)
      : path_(path), descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) refuse("must be readable", std::string(": ") + std::strerror(errno));
    struct stat status {};
    if (fstat(descriptor_, &status) != 0)
      refuse("must be readable", std::string(": ") + std::strerror(errno));
    if (S_ISDIR(status.st_mode)) refuse("must not be a directory");
    size_ = static_cast<std::size_t>(status.st_size);
  }
  ~Input() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  /// The size the system tells; 0 for what has none, such as a pipe.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Fills `piece` from its beginning; 0 at the end of the file.
  std::size_t read(char* piece, std::size_t size) {
    const ssize_t count = ::read(descriptor_, piece, size);
    if (count < 0) refuse("must be readable", std::string(": ") + std::strerror(errno));
    bytes_ += static_cast<std::size_t>(count);
    if (count == 0 && bytes_ == 0) refuse("must not be empty");
    return static_cast<std::size_t>(count);
  }

 private:
  [[noreturn]] void refuse(const std::string& rule, const std::string& reason = {}) {
    if (descriptor_ >= 0) close(std::exchange(descriptor_, -1));
    throw std::runtime_error("a file " + rule + " (got " + path_ + reason + ")");
  }

  std::string path_;
  int descriptor_;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

constexpr std::size_t piece_bytes = 1 << 20;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
char lower(char c) { return static_cast<char>(c | 0x20); }

}  // namespace

Counts operator+(Counts left, const Counts& right) {
  for (std::size_t i = 0; i < left.of.size(); ++i) left.of[i] += right.of[i];
  left.bytes += right.bytes;
  return left;
}

Counts count_file(const std::string& path) {
  Input input(path);
  Counts counts;
  std::vector<char> piece(piece_bytes);
  std::vector<char> text;
  text.reserve(input.size());
  while (const std::size_t size = input.read(piece.data(), piece.size())) {
    counts.bytes += size;
    for (std::size_t i = 0; i < size; ++i) {
      if (is_letter(piece[i])) text.push_back(lower(piece[i]));
    }
  }
  std::sort(text.begin(), text.end());
  for (auto first = text.cbegin(); first != text.cend();) {
    const auto last = std::upper_bound(first, text.cend(), *first);
    counts.of[static_cast<std::size_t>(*first - 'a')] = static_cast<std::uint64_t>(last - first);
    first = last;
  }
  return counts;
}

void check_file(const std::string& path) {
  Input input(path);
  std::vector<char> piece(piece_bytes);
  while (input.read(piece.data(), piece.size()) > 0) {
  }
}

}  // namespace letters
