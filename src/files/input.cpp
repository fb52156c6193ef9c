#include "weir/detail/files/input.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/wording.hpp"
#include "files/raw.hpp"
#include "files/stretch.hpp"
#include "weir/error.hpp"

namespace weir::detail::files {

Raw::Raw(const char* who, const Portion& portion)
    : who_(who),
      path_(portion.path),
      file_(::open(portion.path.c_str(), O_RDONLY | O_CLOEXEC)),
      offset_(portion.begin) {
  if (file_.get() < 0)
    throw Error(errno == ENOENT ? ErrorKind::not_found : ErrorKind::io,
                fmt::format("{}: a file must be there and readable on every worker (got '{}': {})", who_,
                            printable(path_), std::strerror(errno)));
}

std::size_t Raw::read(void* to, std::size_t room) {
  for (;;) {
    const ssize_t count = pread(file_.get(), to, room, static_cast<off_t>(offset_));
    if (count >= 0) {
      offset_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    if (errno != EINTR)
      throw Error(ErrorKind::io, fmt::format("{}: '{}' could not be read at byte {}: {}", who_,
                                             printable(path_), offset_, std::strerror(errno)));
  }
}

std::span<const unsigned char> Raw::next() {
  buffer_.resize(256 * 1024);
  return {buffer_.data(), read(buffer_.data(), buffer_.size())};
}

void Raw::broken(std::uint64_t at, std::string_view how) const {
  throw Error(ErrorKind::serialization,
              fmt::format("{}: '{}' is broken at byte {}: {}", who_, printable(path_), at, how));
}

namespace {

class PlainInput final : public Input {
 public:
  explicit PlainInput(Raw raw) : raw_(std::move(raw)) {}
  std::size_t read(char* to, std::size_t room) override { return raw_.read(to, room); }

 private:
  Raw raw_;
};

}  // namespace

void check_length(const char* who, const Portion& portion) {
  struct stat status {};
  if (portion.compression != Compression::none || ::stat(portion.path.c_str(), &status) != 0) return;
  const auto bytes = static_cast<std::uint64_t>(status.st_size);
  if (bytes < portion.end)
    throw Error(ErrorKind::io, fmt::format("{}: a file must not become shorter while it is read (got '{}' of "
                                           "{} bytes, which had {} at least)",
                                           who, printable(portion.path), bytes, portion.end));
}

std::string stretch(const char* who, const Portion& portion, std::uint64_t bytes) {
  const auto input = open(who, portion);
  std::string text(bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes) {
    const std::size_t got = input->read(text.data() + filled, bytes - filled);
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  return text;
}

std::unique_ptr<Input> open(const char* who, const Portion& portion) {
  Raw raw(who, portion);
  switch (portion.compression) {
    case Compression::gzip:
      return open_gzip(std::move(raw));
    case Compression::bzip2:
      return open_bzip2(std::move(raw));
    case Compression::xz:
      return open_xz(std::move(raw));
    case Compression::zstd:
      return open_zstd(std::move(raw));
    default:
      return std::make_unique<PlainInput>(std::move(raw));
  }
}

}  // namespace weir::detail::files
