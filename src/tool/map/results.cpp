// Rows are appended with one write each; a file that was cut is cut back to its last whole row.
#include "tool/map/results.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "weir/error.hpp"

namespace weir::detail::tool::mapping {
namespace {

std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char letter : text) quoted += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return quoted + "\"";
}

constexpr std::size_t columns = 9;

/// The fields of the row at the beginning of `text`, and its length; nothing if it is not whole.
struct Fields {
  std::array<std::string, columns> texts;
  std::size_t bytes = 0;
};
std::optional<Fields> row_at(std::string_view text) {
  Fields row;
  std::size_t at = 0;
  for (std::size_t column = 0; column < columns; ++column) {
    std::string& out = row.texts[column];
    if (at < text.size() && text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) return {};
        if (text[at] != '"') out += text[at];
        else if (at + 1 < text.size() && text[at + 1] == '"') out += text[at++];
        else break;
      }
      ++at;
    } else {
      const std::size_t end = text.find_first_of(",\n\"", at);
      if (end == std::string_view::npos) return {};
      out = text.substr(at, end - at);
      at = end;
    }
    if (at >= text.size() || text[at] != (column + 1 == columns ? '\n' : ',')) return {};
    ++at;
  }
  row.bytes = at;
  return row;
}

bool is_zero(const std::string& text) { return text == "0"; }

}  // namespace

std::string csv_of(const Row& row) {
  return fmt::format("{},{},{:.6f},{},{},{},{},{},{}\n", row.number, row.status, row.seconds, row.attempts,
                     field(row.host), field(row.command), field(row.output), field(row.errors),
                     row.left_out_bytes);
}

Kept kept_in(std::string_view text) {
  Kept kept;
  // The header itself may have been cut.
  if (text.size() < results_header.size() && results_header.starts_with(text)) return kept;
  if (!text.starts_with(results_header))
    throw Error(ErrorKind::invalid_argument,
                "it must be a file that `weir map --results` has written (got another first line)");
  kept.whole_bytes = results_header.size();
  while (const auto row = row_at(text.substr(kept.whole_bytes))) {
    kept.whole_bytes += row->bytes;
    ++kept.rows;
    if (is_zero(row->texts[1])) ++kept.worked[row->texts[5]];
  }
  return kept;
}

Results::Results(std::string file, bool resume) : file_(std::move(file)) {
  descriptor_ = Descriptor(::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (descriptor_.get() < 0)
    throw Error(ErrorKind::io, "--results " + file_ + ": it cannot be opened (" + std::strerror(errno) + ")");
  struct stat about {};
  if (fstat(descriptor_.get(), &about) != 0 || !S_ISREG(about.st_mode))
    throw Error(
        ErrorKind::invalid_argument,
        "--results " + file_ + ": it must be a file, which can be read again (got a device or a pipe)");
  if (flock(descriptor_.get(), LOCK_EX | LOCK_NB) != 0)
    throw Error(ErrorKind::unsupported, "--results " + file_ + ": another weir map writes there");
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t got = ::read(descriptor_.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      throw Error(ErrorKind::io, "--results " + file_ + ": it cannot be read (" + std::strerror(errno) + ")");
    if (got == 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  try {
    kept_ = kept_in(text);
  } catch (const Error& error) {
    throw Error(error.kind(), "--results " + file_ + ": " + error.what());
  }
  if (kept_.rows > 0 && !resume)
    throw Error(ErrorKind::invalid_argument,
                "--results " + file_ + ": it holds " + std::to_string(kept_.rows) +
                    " results already; --resume runs what is missing, or name another file");
  bytes_ = kept_.whole_bytes;
  if (ftruncate(descriptor_.get(), static_cast<off_t>(bytes_)) != 0 ||
      lseek(descriptor_.get(), 0, SEEK_END) < 0)
    throw Error(ErrorKind::io,
                "--results " + file_ + ": it cannot be written (" + std::strerror(errno) + ")");
  if (bytes_ == 0) write(results_header);
}

void Results::add(const Row& row) { write(csv_of(row)); }

void Results::write(std::string_view text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(descriptor_.get(), text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const int reason = errno;
      static_cast<void>(ftruncate(descriptor_.get(), static_cast<off_t>(bytes_)));  // no half a row
      throw Error(ErrorKind::io,
                  "--results " + file_ + ": it cannot be written (" + std::strerror(reason) + ")");
    }
    done += static_cast<std::size_t>(wrote);
  }
  bytes_ += text.size();
}

void Results::settle() { fdatasync(descriptor_.get()); }

}  // namespace weir::detail::tool::mapping
