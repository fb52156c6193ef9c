// TextFile: blocks of lines to a file descriptor.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/log.hpp"
#include "weir/stream/sinks.hpp"

namespace weir::detail::stream {

namespace {
constexpr std::size_t block_bytes = 64 * 1024;
}

TextFile::TextFile(std::filesystem::path path, bool append)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666)) {
  if (file_ < 0)
    throw Error(ErrorKind::io,
                "sink_to_textfile: cannot open '" + path_.string() + "': " + std::strerror(errno));
}

TextFile::~TextFile() {
  try {
    flush();
  } catch (const Error& error) {
    log::warn("{}", error.what());
  }
  ::close(file_);
}

void TextFile::write(std::string_view text, std::string_view end) {
  block_.append(text).append(end);
  if (block_.size() >= block_bytes) flush();
}

void TextFile::flush() {
  const std::string block = std::exchange(block_, {});
  for (std::size_t done = 0; done < block.size();) {
    const ssize_t count = ::write(file_, block.data() + done, block.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      throw Error(ErrorKind::io,
                  "sink_to_textfile: cannot write to '" + path_.string() + "': " + std::strerror(errno));
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace weir::detail::stream
